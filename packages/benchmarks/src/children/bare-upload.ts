// The yardstick: what node:http does on this machine with the same requests and nothing around them.
import { randomUUID } from "node:crypto";
import { open } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import { peakMemory } from "./peak-memory.js";
import { serveParent } from "./serve-parent.js";
import type { UploadInput } from "./upload-input.js";

await serveParent(async ({ endpoint, ca, file, chunkSize, concurrency }: UploadInput) => {
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
          else reject(new Error(`${method} ${path} was answered with ${statusCode}`));
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
        if (bytesRead !== length) throw new Error(`${file} became shorter`);
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
    async run() {
      const start = performance.now();
      await upload();
      return { seconds: (performance.now() - start) / 1000, ...peakMemory() };
    },
    async close() {
      agent.destroy();
      await handle.close();
    },
  };
});
