// The baselines: node:http on this machine with the same requests and nothing else.
import { randomUUID } from "node:crypto";
import { open, readdir, readFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { join, relative } from "node:path";
import { text } from "node:stream/consumers";
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
