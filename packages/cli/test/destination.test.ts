import { posix, win32 } from "node:path";
import { describe, expect, it } from "vitest";
import { destinationOf } from "../src/upload/destination.js";

function directory(path: string) {
  return { path, form: "directory" } as const;
}

describe("the destination", () => {
  it.each([
    ["MyApp", "MyApp"],
    ["./build/MyApp/", "MyApp"],
    ["/srv/pkg/..//MyApp", "MyApp"],
  ])("of %s is its own name", (path, name) => {
    expect(destinationOf(directory(path), undefined, posix)).toBe(name);
  });

  it.each([
    "C:\\build\\MyApp",
    "C:\\build\\MyApp\\",
    "C:/build/MyApp/",
    "..\\MyApp",
    "\\\\server\\share\\MyApp",
  ])("of %s on Windows is MyApp", (path) => {
    expect(destinationOf(directory(path), undefined, win32)).toBe("MyApp");
  });

  it.each([
    ["directory", "Apps\\MyApp", "Apps/MyApp"],
    ["directory", "/Apps/MyApp", "Apps/MyApp"],
    ["directory", "Apps\\", "Apps/a.sfpkg"],
    ["directory", "/Apps/", "Apps/a.sfpkg"],
    ["archive", "Apps/", "Apps/a"],
    ["archive", "Apps/b", "Apps/b"],
    ["archive", undefined, "a"],
    ["file", undefined, "a.sfpkg"],
    ["standard input", "Apps/b.bin", "Apps/b.bin"],
    ["file", "Apps/b.bin", "Apps/b.bin"],
    ["file", "Apps/", "Apps/a.sfpkg"],
    ["file", "/", "a.sfpkg"],
  ] as const)("of a %s to %s is %s", (form, to, destination) => {
    expect(destinationOf({ path: form === "standard input" ? "-" : "a.sfpkg", form }, to)).toBe(destination);
  });

  it.each([undefined, "Apps/", "/"])("of standard input to %j is rejected, because it has no name", (to) => {
    expect(() => destinationOf({ path: "-", form: "standard input" }, to)).toThrow(/has no name.*--to/);
  });

  it.each([
    ["Store", undefined],
    ["a", "store/MyApp"],
    ["a", "WindowsFabricStore\\a"],
  ])("of %j to %j is rejected, because it is reserved", (path, to) => {
    expect(() => destinationOf(directory(path), to, posix)).toThrow(/is reserved for the cluster.*--to/);
  });

  it.each([
    ["/", undefined],
    ["a", ""],
  ])("of %j to %j is rejected, because it is the root", (path, to) => {
    expect(() => destinationOf(directory(path), to, posix)).toThrow(/Use --to to specify a path/);
  });
});
