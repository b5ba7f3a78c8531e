import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { startEmulator } from "@sf-image-store/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createImageStoreClient } from "../../src/index.js";
import { sumOf } from "../../src/upload/byte-source.js";
import { type Bundle, bundle } from "../bundle.js";
import { useMemoryFolder } from "../memory-folder.js";
import { someContent, startStore, storePath } from "./store.js";

useMemoryFolder();

let uploader: Bundle;
beforeAll(async () => {
  uploader = await bundle(new URL("uploader.ts", import.meta.url));
});
afterAll(() => uploader[Symbol.asyncDispose]());

function startUploader(endpoint: string, size: number): ChildProcess {
  const args = [uploader.path, endpoint, storePath, String(size)];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

/** The output of a process; undefined if it was killed. */
async function printed(child: ChildProcess): Promise<string | undefined> {
  let output = "";
  child.stdout?.on("data", (text) => {
    output += text;
  });
  const code = await new Promise((ended) => child.once("close", ended));
  return code === 0 ? output : undefined;
}

interface Attempt {
  readonly missingBefore: number;
  sentBytes: number;
  acceptedBytes: number;
  /** Bytes sent by a process that was killed before the response. The server may or may not have them. */
  unansweredBytes: number;
}

const newAttempt = (missingBefore: number): Attempt => ({
  missingBefore,
  sentBytes: 0,
  acceptedBytes: 0,
  unansweredBytes: 0,
});

describe("a process that is killed with SIGKILL 20 times", () => {
  it("sends only what is missing after each restart", { timeout: 180_000 }, async () => {
    const size = 10_000_000;
    const underWay = 4 * 64 * 1024;
    const attempts: Attempt[] = [];
    let killAfter = Number.POSITIVE_INFINITY;
    let child: ChildProcess | undefined;
    await using emulator = await startEmulator({
      onRequest({ operationId, contentRange, status }) {
        const attempt = attempts.at(-1);
        if (operationId !== "UploadFileChunk" || attempt === undefined) return;
        const bytes = lengthOf(contentRange);
        attempt.sentBytes += bytes;
        if (status === 200) attempt.acceptedBytes += bytes;
        if (status === undefined) attempt.unansweredBytes += bytes;
        killAfter -= 1;
        if (killAfter === 0) child?.kill("SIGKILL");
      },
    });
    const client = createImageStoreClient({ endpoint: emulator.endpoint });
    const missing = async () => {
      const [session] = await client.getUploadSessionsByPath({ storePath });
      return session === undefined ? size : sumOf(session.expectedRanges);
    };

    for (let kills = 0; kills < 20; kills += 1) {
      attempts.push(newAttempt(await missing()));
      killAfter = 1 + Math.floor(Math.random() * 6);
      child = startUploader(emulator.endpoint, size);
      expect(await printed(child)).toBeUndefined();
    }
    attempts.push(newAttempt(await missing()));
    const result: unknown = JSON.parse((await printed(startUploader(emulator.endpoint, size))) ?? "null");

    const total = (count: "acceptedBytes" | "unansweredBytes") =>
      attempts.reduce((sum, attempt) => sum + attempt[count], 0);
    const accepted = total("acceptedBytes");
    // To see what each attempt has sent: UPLOAD_TABLE=1 pnpm vitest processes
    if (process.env["UPLOAD_TABLE"] !== undefined) console.table(attempts);
    console.log(
      `killed 20 times, ${size} bytes: ${accepted} accepted, each once; last run ${JSON.stringify(result)}`,
    );
    expect(accepted).toBeLessThanOrEqual(size);
    expect(accepted + total("unansweredBytes")).toBeGreaterThanOrEqual(size);
    // Requests of a killed process may arrive and be counted while the next process runs.
    for (const { sentBytes, missingBefore } of attempts) {
      expect(sentBytes).toBeLessThanOrEqual(missingBefore + underWay);
    }
    const stored = await readFile(emulator.contentPath(storePath));
    expect(Buffer.compare(stored, someContent(size))).toBe(0);
  });

  function lengthOf(contentRange = ""): number {
    const [, start, end] = /^bytes (\d+)-(\d+)\//.exec(contentRange) ?? [];
    return Number(end) - Number(start) + 1;
  }
});

describe("two processes that upload the same file at once", () => {
  it("both succeed, and the file is stored", { timeout: 60_000 }, async () => {
    const size = 5_000_000;
    await using store = await startStore();
    const outputs = await Promise.all(
      [1, 2].map(() => printed(startUploader(store.emulator.endpoint, size))),
    );
    const results = outputs.map((output) => JSON.parse(output ?? "null"));
    expect(results).toEqual([
      expect.objectContaining({ storePath, totalBytes: size }),
      expect.objectContaining({ storePath, totalBytes: size }),
    ]);
    expect(await store.holds(someContent(size))).toBe(true);
  });
});
