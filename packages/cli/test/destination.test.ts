import { posix, win32 } from "node:path";
import { describe, expect, it } from "vitest";
import { destinationOf } from "../src/upload/destination.js";

describe("the destination", () => {
  it.each([
    ["MyApp", "MyApp"],
    ["./build/MyApp/", "MyApp"],
    ["/srv/pkg/..//MyApp", "MyApp"],
  ])("of %s is its own name", (path, name) => {
    expect(destinationOf(path, undefined, "package", posix)).toBe(name);
  });

  it.each([
    "C:\\build\\MyApp",
    "C:\\build\\MyApp\\",
    "C:/build/MyApp/",
    "..\\MyApp",
    "\\\\server\\share\\MyApp",
  ])("of %s on Windows is MyApp", (path) => {
    expect(destinationOf(path, undefined, "package", win32)).toBe("MyApp");
  });

  it.each([
    ["package", "Apps\\MyApp\\", "Apps/MyApp"],
    ["package", "/Apps/MyApp/", "Apps/MyApp"],
    ["file", "Apps/b.bin", "Apps/b.bin"],
    ["file", "Apps/", "Apps/a.bin"],
    ["file", "/", "a.bin"],
  ] as const)("of a %s to %s is %s", (kind, to, destination) => {
    expect(destinationOf("a.bin", to, kind)).toBe(destination);
  });

  it.each([
    ["Store", undefined],
    ["a", "store/MyApp"],
    ["a", "WindowsFabricStore\\a"],
  ])("of %j to %j is rejected, because it is reserved", (path, to) => {
    expect(() => destinationOf(path, to, "package", posix)).toThrow(/is reserved for the cluster.*--to/);
  });

  it.each([
    ["/", undefined],
    ["a", "/"],
    ["a", ""],
  ])("of %j to %j is rejected, because it is the root", (path, to) => {
    expect(() => destinationOf(path, to, "package", posix)).toThrow(/Use --to to specify a path/);
  });
});
