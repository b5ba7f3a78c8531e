import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";

const client = fileURLToPath(new URL("../..", import.meta.url));
const tsc = join(createRequire(import.meta.url).resolve("typescript/package.json"), "..", "bin", "tsc");

/** What the compiler says to a module that stands among the sources, under the rules of a part of the package. */
async function compile(rules: string, source: string): Promise<string> {
  // Inside the package, where imports resolve as they do for its sources; outside `src`, which is being tested meanwhile.
  const folder = await mkdtemp(join(client, "node_modules", ".types-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "module.ts"), source);
  const config = {
    extends: join(client, rules),
    compilerOptions: { noEmit: true, rootDir: client },
    include: ["*.ts"],
    exclude: [],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, "-p", folder], (_, stdout) => resolve(stdout));
  });
}

const usesNode = [
  ["a module of Node", 'import { readFile } from "node:fs/promises";\nexport const read = readFile;\n'],
  ["Buffer", "export const bytes = Buffer.alloc(1);\n"],
  ["process", "export const directory = process.cwd();\n"],
] as const;

describe("the main entry point", () => {
  it.each(usesNode)("cannot use %s", async (_, source) => {
    expect(await compile("tsconfig.build.json", source)).toMatch(/error TS(2307|2580|2591|2304)/);
  });

  it("can use what every platform provides", async () => {
    expect(
      await compile("tsconfig.build.json", "export const answer = fetch(new Request('http://x'));\n"),
    ).toBe("");
  });
});

describe("the entry point for Node.js", () => {
  it.each(usesNode)("can use %s", async (_, source) => {
    expect(await compile("tsconfig.build.node.json", source)).toBe("");
  });
});
