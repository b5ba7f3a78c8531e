// The yardstick for many small files: each is read and sent by node:http, so many at a time, and nothing else.
import { readdir, readFile } from "node:fs/promises";
import http from "node:http";
import { join, relative } from "node:path";
import { text } from "node:stream/consumers";
import type { PackageUploadInput } from "./package-upload.js";
import { serveParent } from "./serve-parent.js";

await serveParent(async ({ endpoint, directory, concurrency }: PackageUploadInput) => {
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
          else reject(new Error(`PUT ${path} was answered with ${statusCode}`));
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
    async run() {
      const start = performance.now();
      await upload(`Bare${runs++}`);
      return { seconds: (performance.now() - start) / 1000 };
    },
    close: async () => agent.destroy(),
  };
});
