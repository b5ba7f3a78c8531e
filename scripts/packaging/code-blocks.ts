import { readFileSync } from "node:fs";

/** The TypeScript of a Markdown file, as printed. A block that imports nothing goes on where the one before it ended. */
export function typeScriptBlocks(file: string): string[] {
  const programs: string[] = [];
  for (const [, block = ""] of readFileSync(file, "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
    const before = /^import /m.test(block) ? undefined : programs.pop();
    programs.push(`${before ?? ""}${block}`);
  }
  return programs;
}
