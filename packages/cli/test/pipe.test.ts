import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { program, startCliProcess } from "./cli-process.js";
import { storeForTest } from "./store-for-test.js";

describe("a reader that exits early", () => {
  it("does not make a command fail", async () => {
    const store = await storeForTest();
    for (let index = 0; index < 50; index++) await store.put(`App/${"long".repeat(40)}${index}`, 1);
    for (const command of ["ls App", "tree", "du", "stat App"]) {
      const { result, child } = startCliProcess(command.split(" "), {
        SF_ENDPOINT: store.emulator.endpoint,
      });
      child.stdout?.destroy();
      expect(await result).toMatchObject({ code: 0, stderr: "" });
    }
  });

  it.skipIf(!existsSync("/dev/full"))(
    "is not confused with a full disk, which loses the result and is an error",
    () => {
      const script = `"${process.execPath}" "${program}" completion bash > /dev/full`;
      const { status, stderr } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringMatching(/^Error: Cannot write the result: ENOSPC.*\n$/),
      });
    },
  );

  it.skipIf(process.platform === "win32")("can be head", async () => {
    const script = `"${process.execPath}" "${program}" completion bash | head -n 1`;
    expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toMatch(/^# Completes .*\n$/);
  });
});
