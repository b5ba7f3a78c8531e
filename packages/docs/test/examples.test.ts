import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { startEmulator } from "@sf-image-store/emulator";
import { writeTree } from "@sf-image-store/testing";
import { exampleFiles } from "@sf-image-store/testing/example-files";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type CodeBlock, readAllCodeBlocks } from "../src/code-blocks/code-blocks.js";

const root = resolve(import.meta.dirname, "../../..");
const examples = readAllCodeBlocks(root).filter(
  ({ language, unchecked }) => language === "ts" && unchecked === undefined,
);
const isTestFile = ({ code }: CodeBlock) => code.includes('from "vitest"');
/** A block that only declares a value cannot run, so it is only compiled. */
const isComplete = ({ code }: CodeBlock) => !/^declare /m.test(code);

/** Inside the workspace, so that packages are found. */
const home = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(home, ".examples-"));
const before = process.cwd();
beforeAll(() => {
  writeFiles();
  process.chdir(folder);
  // Their output is for readers.
  vi.spyOn(console, "log").mockReturnValue(undefined);
});
afterAll(() => {
  vi.restoreAllMocks();
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

/** The files that examples read. */
function writeFiles(): void {
  writeTree(folder, exampleFiles());
}

/** Runs a block with the endpoint of the emulator instead of the cluster. */
async function run(block: CodeBlock, index: number, endpoint: string): Promise<void> {
  const file = join(folder, `example-${index}.ts`);
  writeFileSync(file, block.code.replaceAll("http://localhost:19080", endpoint));
  await import(pathToFileURL(file).href);
}

const places = examples.map((block, index) => ({ block, index, place: `${block.file}:${block.line}` }));

describe("the example", () => {
  it.each(places.filter(({ block }) => isComplete(block) && !isTestFile(block)))(
    "at $place runs",
    async ({ block, index }) => {
      const emulator = await startEmulator();
      await fetch(`${emulator.endpoint}/ImageStore/MyApp/a.txt?api-version=6.0`, {
        method: "PUT",
        body: "a",
      });
      try {
        await run(block, index, emulator.endpoint);
      } finally {
        await emulator.close();
      }
    },
  );

  it("is rarely incomplete", () => {
    expect(examples.filter((block) => !isComplete(block)).length).toBeLessThanOrEqual(2);
  });
});

for (const { block, index, place } of places.filter(({ block }) => isTestFile(block))) {
  describe(`the test at ${place}`, async () => {
    await run(block, index, "");
  });
}
