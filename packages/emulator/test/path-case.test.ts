import { describe, expect, it } from "vitest";
import { parseStorePath } from "../src/store/store-path.js";
import { listContent, listed, putFiles } from "./content-exchange.js";
import { emulatorForTest } from "./exchange.js";

const keyOf = (text: string) => parseStorePath(text).key;

describe("§5.2 names in another case", () => {
  it.each([
    ["ΑΣ", "ασ"],
    ["ΑΣ", "ας"],
    ["ÄÖ", "äö"],
    ["App", "aPP"],
  ])("are equal: %s and %s", (left, right) => {
    expect(keyOf(left)).toBe(keyOf(right));
  });

  it.each([
    ["ß", "ss"],
    ["İ", "i"],
    ["İ", "i\u0307"],
  ])("are different if their lengths differ: %s and %s", (left, right) => {
    expect(keyOf(left)).not.toBe(keyOf(right));
  });

  it.each(["İİ", "ΑΣ", "ß", "ŉ/ǰ", "😀𐐀"])("have keys of the same length: %s", (path) => {
    expect(keyOf(path)).toHaveLength(path.length);
    expect(keyOf(keyOf(path))).toBe(keyOf(path));
  });

  it("list their content", async () => {
    const emulator = await emulatorForTest();
    const names = ["İİ/a/b", "İİ/c", "ΑΣ/x", "ασ/y", "ας/z/w"];
    await putFiles(emulator, ...names.map((name) => encodeURIComponent(name)));
    const list = async (path: string) => listed(await listContent(emulator, encodeURIComponent(path)));
    expect(await list("İİ")).toMatchObject({ files: ["İİ\\c"], folders: ["İİ\\a 1"] });
    expect(await list("ΑΣ")).toMatchObject({ files: ["ΑΣ\\x", "ασ\\y"], folders: ["ας\\z 1"] });
  });
});
