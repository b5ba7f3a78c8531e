// The baselines: node:http on this machine with the same requests and nothing else.
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { open, readdir, readFile, stat } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
import { type Inputs, peakMemory, type Service, secondsOf } from "../resources.js";

/** Uploads one file, in chunks. */
export async function bareUpload(input: Inputs["bare-upload"]): Promise<Service> {
  const { endpoint, ca, file, chunkSize, concurrency } = input;
  const { Agent, request } = endpoint.startsWith("https:") ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency, ...(ca === undefined ? {} : { ca }) });
  const handle = await open(file);
  const { size } = await handle.stat();
  const buffers = Array.from({ length: concurrency }, () => new Uint8Array(chunkSize));

  const send = (method: string, path: string, headers: http.OutgoingHttpHeaders, body?: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const options = { agent, method, headers: { ...headers, "Content-Length": body?.byteLength ?? 0 } };
      const sent = request(`${endpoint}/ImageStore/${path}&api-version=6.0`, options, (response) => {
        const { statusCode } = response;
        text(response).then(() => {
          if (statusCode === 200) resolve();
          else reject(new Error(`The server answered ${method} ${path} with ${statusCode}.`));
        }, reject);
      });
      sent.on("error", reject);
      sent.end(body);
    });

  const upload = async () => {
    const id = randomUUID();
    let next = 0;
    const worker = async (buffer: Uint8Array) => {
      for (let start = next; start < size; start = next) {
        next += chunkSize;
        const length = Math.min(chunkSize, size - start);
        const { bytesRead } = await handle.read(buffer, 0, length, start);
        if (bytesRead !== length) throw new Error(`${file} shrank during the upload.`);
        const headers = {
          "Content-Type": "application/octet-stream",
          "Content-Range": `bytes ${start}-${start + length - 1}/${size}`,
        };
        await send("PUT", `Bare.bin/$/UploadChunk?session-id=${id}`, headers, buffer.subarray(0, length));
      }
    };
    await Promise.all(buffers.map(worker));
    await send("POST", `$/CommitUploadSession?session-id=${id}`, {});
    await send("DELETE", `$/DeleteUploadSession?session-id=${id}`, {});
  };

  return {
    ready: peakMemory(),
    run: async () => ({ seconds: await secondsOf(upload), ...peakMemory() }),
    async close() {
      agent.destroy();
      await handle.close();
    },
  };
}

/** The blocks that the client hashes. */
const blockSize = 4 * 1024 * 1024;

/** Hashes one file on all cores, in blocks, then uploads it. */
export async function bareHashUpload(input: Inputs["bare-hash-upload"]): Promise<Service> {
  const plain = await bareUpload(input);
  const { size } = await stat(input.file);
  const blocks = Math.ceil(size / blockSize);
  const workers = Array.from({ length: availableParallelism() }, () => new Worker(hashing, { eval: true }));
  const hash = async () => {
    const next = new SharedArrayBuffer(4);
    const digests = new SharedArrayBuffer(32 * blocks);
    await Promise.all(
      workers.map(async (worker) => {
        const done = once(worker, "message");
        worker.postMessage({ file: input.file, blockSize, blocks, next, digests });
        await done;
      }),
    );
    createHash("sha256").update(new Uint8Array(digests)).digest();
  };
  return {
    ...plain,
    async run() {
      const hashSeconds = await secondsOf(hash);
      const { seconds = 0, ...figures } = await plain.run();
      return { ...figures, hashSeconds, seconds: hashSeconds + seconds };
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
      await plain.close();
    },
  };
}

/** The program of a worker. It hashes one block after the other, until none is left. */
const hashing = `
const { createHash } = require("node:crypto");
const { closeSync, openSync, readSync } = require("node:fs");
const { parentPort } = require("node:worker_threads");
parentPort.on("message", ({ file, blockSize, blocks, next, digests }) => {
  const handle = openSync(file);
  const buffer = Buffer.allocUnsafeSlow(blockSize);
  const counter = new Int32Array(next);
  for (let block = Atomics.add(counter, 0, 1); block < blocks; block = Atomics.add(counter, 0, 1)) {
    const length = readSync(handle, buffer, 0, blockSize, block * blockSize);
    const digest = createHash("sha256").update(buffer.subarray(0, length)).digest();
    new Uint8Array(digests).set(digest, 32 * block);
  }
  closeSync(handle);
  parentPort.postMessage("done");
});
`;

/** Uploads many small files: only reads and sends them, `concurrency` at a time. */
export async function barePackageUpload(input: Inputs["bare-package-upload"]): Promise<Service> {
  const { endpoint, directory, concurrency } = input;
  const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });
  let runs = 0;

  const put = (path: string, body: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const options = { agent, method: "PUT", headers: { "Content-Length": body.byteLength } };
      const url = `${endpoint}/ImageStore/${path}?api-version=6.0`;
      const sent = http.request(url, options, (response) => {
        const { statusCode } = response;
        text(response).then(() => {
          if (statusCode === 200) resolve();
          else reject(new Error(`The server answered PUT ${path} with ${statusCode}.`));
        }, reject);
      });
      sent.on("error", reject);
      sent.end(body);
    });

  const upload = async (destination: string) => {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    let next = 0;
    const worker = async () => {
      for (let file = files[next++]; file !== undefined; file = files[next++]) {
        await put(`${destination}/${relative(directory, file).replaceAll("\\", "/")}`, await readFile(file));
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  };

  return {
    ready: {},
    run: async () => ({ seconds: await secondsOf(() => upload(`Bare${runs++}`)) }),
    close: async () => agent.destroy(),
  };
}
