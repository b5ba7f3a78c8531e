import { createImageStoreClient } from "@sf-image-store/client/node";
import { type Emulator, type EmulatorOptions, type Fault, startEmulator } from "@sf-image-store/emulator";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type CliResult, startCli, startCliProcess } from "../cli-process.js";

async function emulate(options: EmulatorOptions = {}): Promise<Emulator> {
  const started = await startEmulator(options);
  onTestFinished(() => started.close());
  return started;
}

/** The least that can be measured. */
const short = ["bench", "--duration", "2s", "--max-bytes", "8MiB"];

function cli({ endpoint }: Emulator, ...args: string[]): Promise<CliResult> {
  return startCli(args, { SF_ENDPOINT: endpoint }).result;
}

/** Paths at the root of the store. */
async function rootOf({ endpoint }: Emulator): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const { storePath } of createImageStoreClient({ endpoint }).listContent()) paths.push(storePath);
  return paths;
}

/** The upload sessions of the first run with chunks. */
function sessionsOf({ endpoint }: Emulator, folder: string) {
  const storePath = `${folder}/chunks-65536-2`;
  return createImageStoreClient({ endpoint }).getUploadSessionsByPath({ storePath });
}

/** A process, so that its CPU time is its own and not also that of the emulator. */
async function measure({ endpoint }: Emulator, ...args: string[]) {
  const { code, stdout } = await startCliProcess(["bench", "--json", ...args], { SF_ENDPOINT: endpoint })
    .result;
  expect(code).toBe(0);
  return JSON.parse(stdout).result;
}

const forever = 1_000_000_000;

describe("bench", { timeout: 60_000 }, () => {
  it("finds that a slow server is the limit, and removes what it wrote", async () => {
    const slow = ["UploadFile", "UploadFileChunk", "GetImageStoreContent"] as const;
    const emulator = await emulate({
      faults: slow.map((operation): Fault => ({ do: "delay", ms: 500, operation, times: forever })),
    });
    const result = await measure(emulator, "--duration", "8s", "--max-bytes", "8MiB");
    expect(result).toMatchObject({
      largeFiles: { limit: "latency" },
      smallFiles: { limit: "latency" },
      ...{ hasSessions: true, left: [] },
    });
    expect(result.roundTripMs).toBeGreaterThanOrEqual(500);
    expect(await rootOf(emulator)).toEqual([]);
  });

  it("finds that a slow network is the limit", async () => {
    const emulator = await emulate({ bandwidth: 2_000_000 });
    const result = await measure(emulator, "--duration", "4s", "--max-bytes", "16MiB");
    expect(result).toMatchObject({ largeFiles: { limit: "transfer" }, left: [] });
    for (const { bytesPerSecond } of result.chunks) expect(bytesPerSecond).toBeLessThan(2_200_000);
    expect(await rootOf(emulator)).toEqual([]);
  });

  it("prints tables and a verdict, and sends no more than --max-bytes", async () => {
    let sent = 0;
    const emulator = await emulate({
      onRequest: ({ contentRange = "" }) => {
        const [, first, last] = /^bytes (\d+)-(\d+)/.exec(contentRange) ?? [];
        if (first !== undefined) sent += Number(last) + 1 - Number(first);
      },
    });
    const { code, stdout, stderr } = await cli(emulator, ...short);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^Writing to sf-image-store-bench-[0-9a-f]{8}\/ for about 2\.0 s, up to 8\.00 MiB\.$/m,
    );
    expect(stdout).toMatch(/^round trip +\d+\.\d ms$/m);
    expect(stdout).toMatch(/^small files +concurrency +speed +CPU$/m);
    expect(stdout).toMatch(/^4\.00 KiB +4 +\d+ files\/s +\d+ %$/m);
    expect(stdout).toMatch(/^64\.0 KiB +2 +[\d.]+ [KMG]iB\/s +\d+ %$/m);
    expect(stdout).toMatch(/^The limit for large files is (this machine|the [a-z ]+)\. /m);
    expect(stdout).toMatch(/^Recommended: --chunk-size \d+[KM]iB --concurrency (auto|128)$/m);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(await rootOf(emulator)).toEqual([]);
  });

  it("sends whole files to a gateway without sessions", async () => {
    const emulator = await emulate({ platform: "linux" });
    const { code, stdout } = await cli(emulator, ...short);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^large files +concurrency +speed +CPU$/m);
    expect(stdout).toMatch(/^Recommended: --concurrency /m);
    expect(await rootOf(emulator)).toEqual([]);
  });

  it("writes only to a folder that does not exist, in one that does", async () => {
    const changes: string[] = [];
    const emulator = await emulate({ onRequest: ({ method }) => method !== "GET" && changes.push(method) });
    await fetch(`${emulator.endpoint}/ImageStore/Apps/a?api-version=6.0`, { method: "PUT", body: "a" });
    const refused = async (to: string) => {
      const { code, stderr } = await cli(emulator, ...short, "--to", to);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await refused("Apps")).toContain("Apps already exists.");
    expect(await refused("Apps/a")).toContain("Apps/a already exists.");
    expect(await refused("None/bench")).toContain("The folder None does not exist");
    expect(await refused("Store/bench")).toContain("is reserved for the cluster");
    expect(changes).toEqual(["PUT"]);
    expect((await cli(emulator, ...short, "--to", "Apps/bench")).code).toBe(0);
    expect((await cli(emulator, "ls", "Apps", "--json")).stdout).not.toContain("bench");
  });

  it("stops at a level of concurrency that is too much for the server", async () => {
    const busy = { do: "answer", status: 503, code: "E_BUSY", operation: "UploadFileChunk" } as const;
    // The first run sends ten chunks at most.
    const emulator = await emulate({ faults: [{ ...busy, nth: 11, times: forever }] });
    const { code, stderr, stdout } = await cli(emulator, ...short);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^\d+ concurrent requests were too much: /m);
    expect(stdout).toMatch(/^Recommended: --chunk-size 64KiB /m);
    expect(await rootOf(emulator)).toEqual([]);
  });

  it("reports what it cannot remove", async () => {
    const emulator = await emulate({
      faults: [
        {
          do: "answer",
          status: 403,
          code: "E_ACCESSDENIED",
          operation: "DeleteImageStoreContent",
          times: forever,
        },
      ],
    });
    const { code, stderr } = await cli(emulator, ...short, "--to", "Bench");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Warning: Could not remove Bench\/: .*\n?.*To remove it, run: sf-image-store rm --yes Bench$/ms,
    );
    expect(await rootOf(emulator)).toEqual(["Bench"]);
  });

  it("removes what it wrote after a failure", async () => {
    const emulator = await emulate({
      faults: [{ do: "answer", status: 403, code: "E_ACCESSDENIED", operation: "UploadFileChunk", nth: 3 }],
    });
    const { code, stderr } = await cli(emulator, ...short, "--to", "Bench");
    expect(code).toBe(3);
    expect(stderr).toContain("Removing what was written...");
    expect(await rootOf(emulator)).toEqual([]);
    expect(await sessionsOf(emulator, "Bench")).toEqual([]);
  });

  it("removes what it wrote after Ctrl+C", async () => {
    const onFault = vi.fn();
    const emulator = await emulate({
      faults: [{ do: "answer-late", ms: forever, operation: "UploadFileChunk", nth: 3, times: forever }],
      onFault,
    });
    const running = startCliProcess(["bench", "--to", "Bench"], { SF_ENDPOINT: emulator.endpoint });
    await expect.poll(() => onFault.mock.calls.length, { timeout: 50_000 }).toBeGreaterThan(0);
    expect(await rootOf(emulator)).toEqual(["Bench"]);
    expect(await sessionsOf(emulator, "Bench")).toHaveLength(1);
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.result;
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toMatch(/^Error: Stopped\. Everything that was written was removed\.$/m);
    expect(await rootOf(emulator)).toEqual([]);
    expect(await sessionsOf(emulator, "Bench")).toEqual([]);
  });

  it("does not measure a store that is a folder", async () => {
    const emulator = await emulate();
    const { code, stderr } = await cli(emulator, ...short, "--image-store", "file:/none");
    expect(code).toBe(1);
    expect(stderr).toContain("there is no upload over the network to measure");
  });
});
