import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createImageStoreClient, createNodeFetch } from "@sf-image-store/client/node";
import { startEmulator } from "@sf-image-store/emulator";
import { checkCommand, proxyCommand, readProjects } from "openapi-contract";
import { afterAll, expect, it } from "vitest";
import { rules } from "../src/rules.js";

const root = resolve(import.meta.dirname, "../../..");
const folder = mkdtempSync(join(tmpdir(), "sf-image-store-proxy-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the command, uses what it listens on, and ends it. */
async function through(args: readonly string[], use: (endpoint: string) => Promise<void>) {
  const lines: string[] = [];
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((done) => {
    stop = done;
  });
  const endpoint = new Promise<string>((done) => {
    const output = {
      log: (line: string) => {
        lines.push(line);
        const found = /^Listening on (\S+),/.exec(line)?.[1];
        if (found !== undefined) done(found);
      },
      error: (what: unknown) => void lines.push(String(what)),
    };
    ended = proxyCommand(
      args,
      () => readProjects(root),
      output,
      () => stopped,
    );
  });
  await use(await endpoint);
  stop();
  return { code: await ended, lines };
}
let ended: Promise<number> = Promise.resolve(0);

/** What sfctl sends: one PUT per file, the path escaped as a whole, no more headers than it must. */
function rawPut(endpoint: string, path: string, body: string): Promise<number | undefined> {
  const { hostname, port } = new URL(endpoint);
  const headers = { "Content-Length": String(body.length), "User-Agent": "sfctl", Accept: "*/*" };
  return new Promise((done, fail) => {
    const sent = request(
      { hostname, port, method: "PUT", path: `${path}?api-version=6.0&timeout=60`, headers },
      (answer) => {
        answer.resume().on("end", () => done(answer.statusCode));
      },
    );
    sent.on("error", fail);
    sent.end(body);
  });
}

it("our client, raw requests and the emulator keep the contract through the proxy, and its recording does", async () => {
  await using emulator = await startEmulator();
  const local = join(folder, "App");
  mkdirSync(join(local, "Code"), { recursive: true });
  writeFileSync(join(local, "ApplicationManifest.xml"), "<ApplicationManifest/>");
  writeFileSync(join(local, "Code/program+1 ä.bin"), Buffer.alloc(300_000, 7));
  const recording = join(folder, "recorded.har");
  const args = ["--to", emulator.endpoint, "--record", recording, "--fail-on", "error"];
  const { code, lines } = await through(args, async (endpoint) => {
    const client = createImageStoreClient({ endpoint, fetch: createNodeFetch() });
    await client.uploadPackage(local, { destination: "App" });
    const session = { sessionId: crypto.randomUUID(), storePath: "App/chunked.bin", fileSize: 200_000 };
    await client.uploadFileChunk({ ...session, startPosition: 0, chunk: new Uint8Array(200_000) });
    await client.getUploadSession(session);
    await client.commitUploadSession(session);
    expect(await rawPut(endpoint, "/ImageStore/App%5CraW/_.dir", "")).toBe(200);
    const listed: string[] = [];
    for await (const entry of client.listContent({ storePath: "App" })) listed.push(entry.storePath);
    expect(listed.length).toBeGreaterThan(2);
    await expect(client.getFolderSize({ storePath: "No" })).rejects.toMatchObject({ status: 404 });
    await client.deleteContent({ storePath: "App" });
  });
  expect(lines.slice(1)).toEqual([
    expect.stringMatching(/^\d+ exchanges of \d+ of 35 operations: 0 errors, 0 warnings$/),
  ]);
  expect(code).toBe(0);

  const checked: string[] = [];
  const output = {
    log: (line: string) => void checked.push(line),
    error: (what: unknown) => void checked.push(String(what)),
  };
  const again = await checkCommand(["--traffic", recording], () => readProjects(root), output, rules);
  expect(checked).toEqual(lines.slice(1));
  expect(again).toBe(0);
  expect(readFileSync(recording).byteLength).toBeLessThan(100_000);
});
