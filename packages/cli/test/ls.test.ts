import { createImageStoreClient } from "@sf-image-store/client";
import { type Emulator, startEmulator } from "@sf-image-store/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "./cli-process.js";

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
  const client = createImageStoreClient({ endpoint: emulator.endpoint });
  await client.putFile({ storePath: "App/Pkg/a.txt", content: new Uint8Array(3) });
  await client.putFile({ storePath: "App/Pkg/_.dir", content: new Uint8Array(0) });
  await client.putFile({ storePath: "App/b.txt", content: new Uint8Array(2048) });
});
afterAll(() => emulator.close());

describe("ls", () => {
  it("prints folders and files on standard output, and nothing else", async () => {
    const { code, stdout, stderr } = await runCli("ls", "App/", "--endpoint", emulator.endpoint);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "App/b.txt\nApp/Pkg/\n", stderr: "" });
  });

  it("shows sizes and dates with --long", async () => {
    const { stdout } = await runCli("ls", "-l", "App", "--endpoint", emulator.endpoint);
    expect(stdout).toMatch(/^2\.00 KiB {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z {2}App\/b\.txt$/m);
    expect(stdout).toMatch(/^ *3 B {2}\S+Z {2}App\/Pkg\/ {2}\(1 file\)$/m);
    const { result } = JSON.parse(
      (await runCli("ls", "-l", "App", "--json", "--endpoint", emulator.endpoint)).stdout,
    );
    expect(result.entries[1]).toEqual({
      ...{ kind: "folder", storePath: "App/Pkg", fileCount: 1, size: 3 },
      ...{ newestDate: expect.any(String), isComplete: true },
    });
  });

  it("omits mark files, and shows them with --all", async () => {
    const at = ["--endpoint", emulator.endpoint];
    expect((await runCli("ls", "App/Pkg", ...at)).stdout).toBe("App/Pkg/a.txt\n");
    expect((await runCli("ls", "App/Pkg", "-a", ...at)).stdout).toBe("App/Pkg/_.dir\nApp/Pkg/a.txt\n");
    expect((await runCli("ls", "App/Pkg/_.dir", ...at)).stdout).toBe("App/Pkg/_.dir\n");
  });

  it("prints one JSON document with --json", async () => {
    const { stdout, stderr } = await runCli("ls", "App", "--json", "--endpoint", emulator.endpoint);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      command: "ls",
      result: { storePath: "App", entries: [{ kind: "file", storePath: "App/b.txt", fileSize: 2048 }, {}] },
    });
  });

  it("exits with 4 for a missing path", async () => {
    const { code, stdout, stderr } = await runCli("ls", "Nothing", "--endpoint", emulator.endpoint);
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toMatch(/^Error: Nothing does not exist in the image store\.$/m);
  });
});
