import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pack, publishedPackages } from "@sf-image-store/testing";

/** Two tools look at each package as it would be published: do its entries exist, and do their types fit them? */
const linters = [
  ["publint", "--strict"],
  ["attw", "--profile", "esm-only"],
] as const;

const root = resolve(import.meta.dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "sf-image-store-pack-"));
try {
  const tarballs = publishedPackages(root).map((each) => pack(each, scratch));
  const runs = tarballs.flatMap((tarball) =>
    linters.map(([linter, ...options]) => run(linter, [tarball, ...options])),
  );
  const results = await Promise.all(runs);
  for (const { output } of results) console.log(output);
  process.exitCode = results.length > 0 && results.every(({ succeeded }) => succeeded) ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function run(program: string, args: readonly string[]): Promise<{ succeeded: boolean; output: string }> {
  return new Promise((done) => {
    execFile(program, args, { cwd: root, shell: process.platform === "win32" }, (error, stdout, stderr) => {
      done({ succeeded: error === null, output: `${program} ${args.join(" ")}\n${stdout}${stderr}` });
    });
  });
}
