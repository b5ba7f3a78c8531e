import { randomBytes } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ProcessResult, runTypeScript, sharedFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { bytes, missingBar } from "../demo/bar.js";

const folder = sharedFolder();

/** Runs the demo in a separate process, with `folder` for its temporary files. */
function demo(...args: string[]): Promise<ProcessResult> {
  const env = { ...process.env, TMPDIR: folder, TEMP: folder, INIT_CWD: folder };
  return runTypeScript("scripts/demo/main.ts", args, { env });
}

describe("the demo", () => {
  it.each([
    ["a file of several chunks", 3_000_001],
    ["a tiny file", 17],
  ])("uploads %s, stops half-way, resumes, compares, and leaves no files behind", async (_, size) => {
    writeFileSync(join(folder, "50% input.bin"), randomBytes(size));
    const { code, stdout } = await demo("50% input.bin");
    expect(stdout).toMatch(/cut off after .* were confirmed\n/);
    expect(stdout).toMatch(/Resume {4}.* sent, .* not sent again; committed and listed\n/);
    expect(stdout).toMatch(/Compare {3}.* in the store match the file/);
    expect(code).toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith("sf-image-store"))).toEqual([]);
  });

  it.each([
    ["absent.bin", "absent.bin: it does not exist (ENOENT)"],
    [".", "is not a file of at least two bytes"],
    ["--help", "Usage: npm start [-- FILE]"],
  ])("explains what is wrong with %s", async (input, message) => {
    const { code, stderr } = await demo(input);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });
});

const session = { storeRelativePath: "a", sessionId: "", fileSize: 1000, modifiedDate: new Date(0) };

describe("the bar", () => {
  it("shows received, partly received and missing cells", () => {
    const expectedRanges = [
      { startPosition: 250, endPosition: 499 },
      { startPosition: 900, endPosition: 999 },
    ];
    expect(missingBar({ ...session, expectedRanges }, 10)).toBe(
      "[██▒··████·] 65 %, 650 B of 1000 B received",
    );
  });

  it("shows 100 % only after the last byte arrived", () => {
    const expectedRanges = [{ startPosition: 999, endPosition: 999 }];
    expect(missingBar({ ...session, expectedRanges }, 10)).toBe(
      "[█████████▒] 99 %, 999 B of 1000 B received",
    );
  });

  it("shows a file with fewer bytes than cells", () => {
    const expectedRanges = [{ startPosition: 2, endPosition: 2 }];
    expect(missingBar({ ...session, fileSize: 3, expectedRanges }, 6)).toBe(
      "[████··] 66 %, 2 B of 3 B received",
    );
  });
});

describe("sizes", () => {
  it("are formatted in binary units", () => {
    expect([1, 1024, 1536, 9 * 1024 * 1024].map(bytes)).toEqual(["1 B", "1 KiB", "1.50 KiB", "9 MiB"]);
  });
});
