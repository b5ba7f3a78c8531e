// The smallest honest program that uploads a folder, for comparison with the command line as a whole process. It reads the
// folder, sends each file in one request, 16 at a time, and checks only the status. It does not retry, resume, or verify.
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import http from "node:http";
import { join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";

const [, , endpoint = "", folder = "", destination = ""] = process.argv;
const connections = 16;
/** Larger files are streamed. Smaller ones are faster to read at once. */
const maxInMemory = 1024 * 1024;

const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
const entries = await readdir(folder, { recursive: true, withFileTypes: true });
const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
await Promise.all(Array.from({ length: connections }, sendFiles));
agent.destroy();

async function sendFiles(): Promise<void> {
  for (let file = files.pop(); file !== undefined; file = files.pop()) await sendFile(file);
}

async function sendFile(file: string): Promise<void> {
  const { size } = await stat(file);
  const path = relative(folder, file).split(sep).join("/");
  const content = size > maxInMemory ? undefined : await readFile(file);
  const request = http.request(`${endpoint}/ImageStore/${destination}/${path}?api-version=6.0`, {
    agent,
    method: "PUT",
    headers: { "Content-Length": content?.length ?? size },
  });
  const answered = new Promise<void>((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      response.resume();
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`The server answered PUT ${path} with ${response.statusCode}.`));
      });
    });
  });
  if (content !== undefined) request.end(content);
  else await pipeline(createReadStream(file, { highWaterMark: maxInMemory }), request);
  await answered;
}
