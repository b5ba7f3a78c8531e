import { readFile } from "node:fs/promises";
import { Agent, type ClientRequest, request } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { banner, runCommand } from "./command-process.js";
import { version } from "./exchange.js";

const uploads = 1000;
const chunkBytes = 768 * 1024;
/** An idle emulator takes about 100 MiB under tsx; the chunks together are 750 MiB. */
const mostBytes = 550 * 1024 * 1024;

/** Peak memory of a process; Linux alone tells it from outside. */
async function peakBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

interface Upload {
  readonly outgoing: ClientRequest;
  readonly status: Promise<number | undefined>;
}

describe("1,000 concurrent chunk uploads", () => {
  // The reason for a skip: other systems do not tell the peak memory of another process.
  it.skipIf(process.platform !== "linux")("are held open at once in bounded memory", async () => {
    const command = runCommand("--port", "0", "--quiet");
    const { endpoint } = await banner(command);
    const { hostname, port } = new URL(endpoint);
    const agent = new Agent({ maxSockets: uploads });
    onTestFinished(() => agent.destroy());
    const half = Buffer.alloc(chunkBytes / 2, "x");
    const id = (index: number) => `00000000-0000-0000-0000-${String(index + 1).padStart(12, "0")}`;
    const start = (index: number): Upload => {
      const path = `/ImageStore/App/${index}/$/UploadChunk?${version}&session-id=${id(index)}`;
      const headers = {
        "Content-Range": `bytes 0-${chunkBytes - 1}/${chunkBytes}`,
        "Content-Length": chunkBytes,
      };
      const outgoing = request({ hostname, port, method: "PUT", path, headers, agent });
      const status = new Promise<number | undefined>((resolve, reject) => {
        outgoing.on("error", reject);
        outgoing.on("response", (incoming) => {
          incoming.resume();
          resolve(incoming.statusCode);
        });
      });
      return { outgoing, status };
    };
    const all = Array.from({ length: uploads }, (_, index) => start(index));
    // Every one is half done before any is finished.
    await Promise.all(
      all.map(({ outgoing }) => new Promise<void>((resolve) => outgoing.write(half, () => resolve()))),
    );
    for (const { outgoing } of all) outgoing.end(half);
    const statuses = await Promise.all(all.map(({ status }) => status));
    expect(new Set(statuses)).toEqual(new Set([200]));
    const peak = await peakBytes(command.child.pid ?? 0);
    if (process.env["SHOW_FIGURES"] !== undefined) console.log(`peak ${Math.round(peak / 2 ** 20)} MiB`);
    expect(peak).toBeLessThan(mostBytes);
  });
});
