import { describe, expect, it } from "vitest";
import { compareTrees, expectedTree, type ListedTree } from "../../src/package/tree.js";
import { exactKey, foldedKey } from "../../src/upload/gateway-names.js";
import { packageOf } from "./store.js";

const content = packageOf({ "Code/a.dll": 10, "App.xml": 5 }, ["Data"]);
const all = { marks: true, unexpected: true };
const complete = {
  "App/App.xml": 5,
  "App/Code/a.dll": 10,
  "App/_.dir": 0,
  "App/Code/_.dir": 0,
  "App/Data/_.dir": 0,
};

function listed(sizes: Readonly<Record<string, number>>, folders = ["App/Code", "App/Data"]): ListedTree {
  return { files: Object.entries(sizes).map(([storePath, fileSize]) => ({ storePath, fileSize })), folders };
}

function differences(sizes: Readonly<Record<string, number>>, folders?: string[], comparison = all) {
  return compareTrees(expectedTree(content, "App", foldedKey), listed(sizes, folders), comparison);
}

describe("A package and a listing", () => {
  it("do not differ if all files and mark files exist", () => {
    expect(differences(complete)).toEqual([]);
  });

  it("differ by missing files and files of another size", () => {
    const { "App/App.xml": _, ...rest } = complete;
    expect(differences({ ...rest, "App/Code/a.dll": 9 })).toEqual([
      { storePath: "App/App.xml", kind: "missing", expectedSize: 5 },
      { storePath: "App/Code/a.dll", kind: "wrong-size", expectedSize: 10, actualSize: 9 },
    ]);
  });

  it("differ by unexpected files and folders", () => {
    expect(differences({ ...complete, "App/b": 1 }, ["App/Code", "App/Data", "App/Old"])).toEqual([
      { storePath: "App/Old", kind: "unexpected" },
      { storePath: "App/b", kind: "unexpected", actualSize: 1 },
    ]);
  });

  it("do not differ by unexpected files that are ignored", () => {
    const comparison = { marks: true, unexpected: false };
    expect(differences({ ...complete, "App/b": 1 }, ["App/Old"], comparison)).toEqual([]);
  });

  it("differ by folders without a mark, including the package itself and empty folders", () => {
    expect(differences({ "App/App.xml": 5, "App/Code/a.dll": 10 }, ["App/Code"])).toEqual([
      { storePath: "App", kind: "unmarked" },
      { storePath: "App/Code", kind: "unmarked" },
      { storePath: "App/Data", kind: "unmarked" },
    ]);
  });

  it("do not differ by marks that are ignored", () => {
    const before = { marks: false, unexpected: true };
    expect(differences({ "App/App.xml": 5, "App/Code/a.dll": 10 }, ["App/Code"], before)).toEqual([]);
    expect(differences(complete, undefined, before)).toEqual([]);
  });

  it("differ by a mark of an unexpected folder", () => {
    expect(differences({ ...complete, "App/Old/_.dir": 0 })).toEqual([
      { storePath: "App/Old/_.dir", kind: "unexpected", actualSize: 0 },
    ]);
  });

  it("are compared without case on Windows and exactly on Linux", () => {
    const spelled = Object.fromEntries(
      Object.entries(complete).map(([path, size]) => [path.toUpperCase(), size]),
    );
    const there = listed(spelled, ["APP/CODE", "APP/DATA"]);
    expect(compareTrees(expectedTree(content, "App", foldedKey), there, all)).toEqual([]);
    const onLinux = compareTrees(expectedTree(content, "App", exactKey), there, all);
    expect(onLinux.map(({ kind }) => kind).sort()).toEqual([
      ...["missing", "missing", "unexpected", "unexpected", "unexpected", "unexpected", "unexpected"],
      ...["unexpected", "unexpected", "unmarked", "unmarked", "unmarked"],
    ]);
  });

  it("are compared as Windows does, character by character", () => {
    expect(foldedKey("ΑΣ")).toBe(foldedKey("ας"));
    expect(foldedKey("ß")).not.toBe(foldedKey("ss"));
  });
});
