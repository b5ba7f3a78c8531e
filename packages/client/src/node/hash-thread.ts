import { hash } from "node:crypto";
import { availableParallelism } from "node:os";
import type { HashThread } from "../upload/byte-source.js";

/** The program of the thread. It gives each buffer back, so that it can be used again. */
const program = `
const { hash } = require("node:crypto");
const { parentPort } = require("node:worker_threads");
parentPort.on("message", (bytes) => {
  const digest = hash("sha256", bytes, "buffer");
  parentPort.postMessage({ digest, bytes }, [bytes.buffer]);
});
`;

type Answer = Awaited<ReturnType<HashThread["hash"]>>;

/** More threads would need more memory. */
let isInUse = false;

/**
 * Starts a thread that hashes, so that two processors share the work. It neither reads nor writes, so it always ends at once.
 * Returns undefined if there is only one processor, or if the thread is hashing another file.
 */
export function startHashThread(): HashThread | undefined {
  if (isInUse || availableParallelism() < 2) return undefined;
  isInUse = true;
  /** The answers come in the order of the requests. */
  const waiting: { resolve(answer: Answer): void; reject(reason: unknown): void }[] = [];
  let failure: unknown;
  const fail = (reason: unknown) => {
    failure ??= reason;
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  // A process may not be allowed to start threads. It then hashes here.
  const starting = startWorker().catch(() => undefined);
  return {
    async hash(bytes) {
      const worker = await starting;
      if (worker === undefined) return { digest: hash("sha256", bytes, "buffer"), bytes };
      return new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        waiting.push({ resolve, reject });
        worker.postMessage(bytes, [bytes.buffer]);
      });
    },
    async close() {
      fail(new Error("The thread that hashes was stopped."));
      await (await starting)?.terminate();
      isInUse = false;
    },
  };

  async function startWorker() {
    const { Worker } = await import("node:worker_threads");
    const worker = new Worker(program, { eval: true, execArgv: [], env: {} });
    worker.on("message", (answer: Answer) => waiting.shift()?.resolve(answer));
    worker.on("error", fail);
    return worker;
  }
}
