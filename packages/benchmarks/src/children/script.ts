// The smallest honest program that uploads a folder, for comparison with the command line as a whole process. It reads the
// folder, sends the files over 16 connections, large ones in chunks, and checks only the status. It does not retry, resume, or
// verify. Usage: node script.js ENDPOINT FOLDER DESTINATION [CHUNK_SIZE]
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import http, { type OutgoingHttpHeaders } from "node:http";
import { join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";

const [, , endpoint = "", folder = "", destination = "", chunkArgument = ""] = process.argv;
const connections = 16;
/** The default of the command line. With 0, every file is sent in one request. */
const chunkSize = Number(chunkArgument || 4 * 1024 * 1024);

const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
const entries = await readdir(folder, { recursive: true, withFileTypes: true });
const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
await forAll(files, sendFile);
agent.destroy();

async function forAll<Item>(items: Item[], send: (item: Item) => Promise<void>): Promise<void> {
  const worker = async () => {
    for (let item = items.shift(); item !== undefined; item = items.shift()) await send(item);
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

async function sendFile(file: string): Promise<void> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const path = `${destination}/${relative(folder, file).split(sep).join("/")}`;
  if (chunkSize === 0) await send("PUT", path, { "Content-Length": size }, file);
  else if (size > chunkSize) await sendChunks(handle, size, path);
  else await send("PUT", path, {}, await handle.readFile());
}

async function sendChunks(handle: FileHandle, size: number, path: string): Promise<void> {
  const session = `session-id=${randomUUID()}`;
  const starts = Array.from({ length: Math.ceil(size / chunkSize) }, (_, index) => index * chunkSize);
  await forAll(starts, async (start) => {
    const chunk = Buffer.allocUnsafe(Math.min(chunkSize, size - start));
    await handle.read(chunk, 0, chunk.length, start);
    const range = { "Content-Range": `bytes ${start}-${start + chunk.length - 1}/${size}` };
    await send("PUT", `${path}/$/UploadChunk?${session}`, range, chunk);
  });
  await send("POST", `$/CommitUploadSession?${session}`, {}, Buffer.alloc(0));
}

/** @param body The bytes, or the path of a file. */
async function send(
  method: string,
  path: string,
  headers: OutgoingHttpHeaders,
  body: Buffer | string,
): Promise<void> {
  const url = `${endpoint}/ImageStore/${path}${path.includes("?") ? "&" : "?"}api-version=6.0`;
  const request = http.request(url, { agent, method, headers });
  const answered = new Promise<void>((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      response.resume();
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`The server answered ${method} ${path} with ${response.statusCode}.`));
      });
    });
  });
  if (typeof body === "string") await pipeline(createReadStream(body), request);
  else request.end(body);
  await answered;
}
