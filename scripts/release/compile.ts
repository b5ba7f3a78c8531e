import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A line that today's types do not accept. */
export interface Failure {
  /** The words of the fact on the line, or the line itself. */
  readonly what: string;
  readonly file: string;
  readonly line: number;
  /** The compiler's sentence. */
  readonly reason: string;
}

/** Compiles files, given by absolute path, against the sources of the types package as they are now. */
export function compileAgainstTypes(root: string, files: readonly string[]): Failure[] {
  const scratch = mkdtempSync(join(tmpdir(), "sf-image-store-types-"));
  try {
    const config = join(scratch, "tsconfig.json");
    writeFileSync(config, JSON.stringify(configOf(root, files)));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { status, stdout, stderr, error } = spawnSync(
      process.execPath,
      [tsc, "-p", config, "--pretty", "false"],
      { cwd: root, encoding: "utf8" },
    );
    if (status === 0) return [];
    const failures = failuresIn(stdout, files);
    // A compiler that fails without naming a line has not judged the types.
    if (failures.length === 0) throw error ?? new Error(`tsc failed: ${stdout}${stderr}`);
    return failures;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function configOf(root: string, files: readonly string[]): object {
  const source = join(root, "packages/types/src");
  return {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      noEmit: true,
      // By its name the package cannot be found from outside, so the name is mapped; and a released file is no unused one.
      module: "esnext",
      moduleResolution: "bundler",
      paths: {
        "@sf-image-store/types": [join(source, "index.ts")],
        "@sf-image-store/types/openapi": [join(source, "generated/openapi.ts")],
      },
      lib: ["es2023", "dom"],
      types: [],
      noUnusedLocals: false,
      declaration: false,
      declarationMap: false,
    },
    files,
  };
}

function failuresIn(output: string, files: readonly string[]): Failure[] {
  const lines = new Map(
    files.map((file) => [file.split(/[\\/]/).at(-1), readFileSync(file, "utf8").split("\n")]),
  );
  return [...output.matchAll(/^(.+)\((\d+),\d+\): error TS\d+: (.*)$/gm)].map(
    ([, path = "", at, reason = ""]) => {
      const file = path.split(/[\\/]/).at(-1) ?? path;
      const text = lines.get(file)?.[Number(at) - 1] ?? "";
      return { what: text.split(" // ")[1] ?? text.trim(), file, line: Number(at), reason };
    },
  );
}
