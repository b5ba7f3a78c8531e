import { join, resolve } from "node:path";
import { parseXml } from "@rgrove/parse-xml";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { type CodeBlock, readAllCodeBlocks, readCodeBlocks } from "../src/code-blocks/code-blocks.js";
import { compileBlocks } from "../src/code-blocks/compile-blocks.js";

const root = resolve(import.meta.dirname, "../../..");
const config = join(import.meta.dirname, "../tsconfig.blocks.json");
const blocks = readAllCodeBlocks(root);
const checked = (language: string) =>
  blocks.filter((block) => block.language === language && block.unchecked === undefined);
const cases = (language: string) =>
  checked(language).map((block) => [`${block.file}:${block.line}`, block.code] as const);

/** Languages that a test checks, here or in `commands.test.ts`. `text` is for output and drawings, which are not checked. */
const languages = ["ts", "sh", "xml", "yaml", "json", "text"];

const wrong: CodeBlock = {
  file: "wrong.md",
  line: 10,
  language: "ts",
  code: '\nimport { createClient } from "@sf-image-store/client";\ncreateClient;\n',
  unchecked: undefined,
};
let compiled: readonly string[] = [];
/** One program for all, which compiles the packages only once. */
beforeAll(() => {
  compiled = compileBlocks([...checked("ts"), wrong], config);
}, 120_000);

describe("the blocks of code in the documentation", () => {
  it("are many", () => {
    expect(blocks.length).toBeGreaterThan(40);
  });

  it("are in languages that are checked, or say why they are not", () => {
    const others = blocks.filter(
      ({ language, unchecked }) => !languages.includes(language) && unchecked === undefined,
    );
    expect(others.map(({ file, line, language }) => `${file}:${line} ${language}`)).toEqual([]);
  });

  it("are nearly all checked", () => {
    expect(blocks.filter(({ unchecked }) => unchecked !== undefined).length).toBeLessThanOrEqual(2);
  });

  it("compile strictly, if they are TypeScript", () => {
    expect(compiled.filter((line) => !line.startsWith(wrong.file))).toEqual([]);
  });

  it.each(cases("json"))("are JSON at %s", (_, code) => {
    expect(() => JSON.parse(code)).not.toThrow();
  });

  it.each(cases("xml"))("are XML at %s", (_, code) => {
    expect(() => parseXml(code)).not.toThrow();
  });

  it.each(cases("yaml"))("are YAML at %s", (_, code) => {
    expect(parseAllDocuments(code).flatMap(({ errors }) => errors.map(String))).toEqual([]);
  });
});

describe("the check of TypeScript blocks", () => {
  it("finds a name that a package does not export, and tells the line of the Markdown file", () => {
    expect(compiled.filter((line) => line.startsWith(wrong.file))).toEqual([
      expect.stringMatching(/^wrong\.md:11: .*has no exported member.*createClient/),
    ]);
  });
});

describe("reading blocks", () => {
  it("gives language, line and code", () => {
    const [found] = readCodeBlocks("a.md", "# A\n\n```ts\nlet a;\n```\n");
    expect(found).toEqual({ file: "a.md", line: 4, language: "ts", code: "let a;\n", unchecked: undefined });
  });

  it("takes a reason only from directly before the block", () => {
    const marker = "<!-- unchecked: pseudo code -->\n\n";
    const [first, second] = readCodeBlocks("a.md", `${marker}\`\`\`ts\nx\n\`\`\`\n\n\`\`\`ts\ny\n\`\`\`\n`);
    expect([first?.unchecked, second?.unchecked]).toEqual(["pseudo code", undefined]);
  });
});
