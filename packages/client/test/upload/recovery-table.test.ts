import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

const here = new URL(".", import.meta.url);
const guide = await readFile(new URL("../../../../docs/guides/uploading-from-code.md", here), "utf8");
const tests = (await readdir(here)).filter((name) => name.endsWith(".test.ts"));
const sources = await Promise.all(tests.map((name) => readFile(new URL(name, here), "utf8")));

/** The last column of the recovery table. */
const named = [...guide.matchAll(/^\|[^|]+\|[^|]+\| `([^`]+)` \|$/gm)].map((match) => match[1] ?? "");

/** The titles of all tests that run, each after the title of its group. */
const titles = new Set(sources.flatMap(fullTitles));

function fullTitles(source: string): string[] {
  let group = "";
  const found: string[] = [];
  for (const [, kind, modifiers = "", title = ""] of source.matchAll(
    /\b(describe|it)((?:\.\w+(?:\([^)]*\))?)*)\(\s*"((?:[^"\\]|\\.)*)"/g,
  )) {
    if (kind === "describe") group = title;
    else if (!/\.(skip|todo)\b/.test(modifiers)) found.push(`${group} ${title}`);
  }
  return found;
}

describe("the recovery table in the guide", () => {
  it("has a row for each kind of failure", () => {
    expect(named.length).toBeGreaterThan(20);
  });

  it.each(named)("names a test: %s", (name) => {
    expect(titles.has(name)).toBe(true);
  });
});
