import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";

/** The sections of the protocol that the emulator implements. Each has a test whose title starts with it, after a `§`. */
const sectionsInScope = [
  ...["1", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6"],
  ...["2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9"],
  "3",
  ...["4.1", "4.2"],
  ...["5.1", "5.2", "5.3"],
];

it("the titles of tests mention every section of the protocol", async () => {
  const folder = new URL(".", import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith(".test.ts"));
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), "utf8")));
  // A title is the first argument of a call, perhaps on a line of its own.
  const named = texts.flatMap((text) => [...text.matchAll(/\(\s*["`]§([0-9]+(?:\.[0-9]+)?)/g)]);
  const sections = new Set(named.map(([, section]) => section));
  expect(sectionsInScope.filter((section) => !sections.has(section))).toEqual([]);
});
