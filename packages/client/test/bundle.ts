import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export interface Bundle extends AsyncDisposable {
  readonly path: string;
}

/** A program of the tests with all it imports in one file: processes of it start in a fraction of the time. */
export async function bundle(program: URL): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), "sf-bundle-"));
  const path = join(folder, "program.mjs");
  await build({
    entryPoints: [fileURLToPath(program)],
    outfile: path,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@sf-image-store/source"],
    logLevel: "warning",
  });
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
