import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Emulator, type RequestLogEntry, startEmulator } from "../src/index.js";
import { commit, emulatorForTest, getSession, send, sendChunk, session1, version } from "./exchange.js";

async function staged({ location }: Emulator): Promise<string[]> {
  const [run = ""] = await readdir(join(location, "staging"));
  return readdir(join(location, "staging", run));
}

/** Opens an upload that declares 1000 bytes and sends only some of them. */
function startUpload({ endpoint }: Emulator, contentRange = "bytes 0-999/1000") {
  const { hostname, port } = new URL(endpoint);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  const line = `PUT /ImageStore/a/$/UploadChunk?${version}&session-id=${session1} HTTP/1.1`;
  socket.write(
    `${line}\r\nHost: 127.0.0.1\r\nContent-Range: ${contentRange}\r\nContent-Length: 1000\r\n\r\n`,
  );
  socket.write("x".repeat(400));
  return socket;
}

describe("§5.1 an upload whose connection breaks", () => {
  it("leaves no session and no staged file", async () => {
    const entries: RequestLogEntry[] = [];
    const emulator = await emulatorForTest({ onRequest: (entry) => entries.push(entry) });
    const socket = startUpload(emulator);
    await expect.poll(() => staged(emulator)).toHaveLength(1);
    socket.destroy();
    await expect.poll(() => entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ method: "PUT", code: "ConnectionBroken" });
    expect(entries[0]).not.toHaveProperty("status");
    expect(await staged(emulator)).toEqual([]);
    expect((await getSession(emulator)).status).toBe(204);
  });
});

describe("an upload whose disk fails", () => {
  it("§4.2 gets 500 with the I/O code, and the connection serves the next request", async () => {
    const emulator = await emulatorForTest();
    await rm(join(emulator.location, "staging"), { recursive: true });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const url = `/ImageStore/a/$/UploadChunk?${version}&session-id=${session1}`;
    for (let time = 0; time < 2; time++) {
      const answer = await send(emulator, "PUT", url, { agent, body: Buffer.alloc(3 * 1024 * 1024) });
      expect(answer).toMatchObject({ status: 500, code: "FABRIC_E_IMAGESTORE_IOERROR" });
    }
  });
});

describe("closing", () => {
  it("removes the temporary location", async () => {
    const emulator = await startEmulator();
    expect(existsSync(emulator.location)).toBe(true);
    await emulator.close();
    expect(existsSync(emulator.location)).toBe(false);
  });

  it("keeps a given location with its files, without the staging folder", async () => {
    const location = scratchFolder();
    const emulator = await startEmulator({ location });
    await sendChunk(emulator, { range: "bytes 0-4/5", body: "01234" });
    await commit(emulator);
    const file = emulator.contentPath("App/a.txt");
    await emulator.close();
    expect(await readdir(location)).toEqual(["content", "index.jsonl"]);
    expect(await readFile(file, "utf8")).toBe("01234");
  });

  it("removes only its own files from the location", async () => {
    const location = scratchFolder();
    const emulator = await startEmulator({ location });
    await writeFile(join(location, "staging", "mine"), "x");
    await emulator.close();
    expect(await readdir(join(location, "staging"))).toEqual(["mine"]);
  });

  it("aborts an upload in progress", async () => {
    const location = scratchFolder();
    const emulator = await startEmulator({ location });
    const socket = startUpload(emulator);
    const dropped = new Promise((resolve) => socket.once("close", resolve));
    await expect.poll(() => staged(emulator)).toHaveLength(1);
    await emulator.close();
    await dropped;
    expect(await readdir(location)).toEqual(["content", "index.jsonl"]);
  });

  it("can be called twice, and frees the port", async () => {
    const emulator = await startEmulator();
    await Promise.all([emulator.close(), emulator.close()]);
    const { port } = new URL(emulator.endpoint);
    const next = await emulatorForTest({ port: Number(port) });
    expect(next.endpoint).toBe(emulator.endpoint);
  });

  it("happens at the end of an await using block", async () => {
    let location = "";
    {
      await using emulator = await startEmulator();
      location = emulator.location;
      expect((await getSession(emulator)).status).toBe(204);
    }
    expect(existsSync(location)).toBe(false);
  });
});

describe("starting", () => {
  it("listens on 127.0.0.1 only", async () => {
    const emulator = await emulatorForTest();
    expect(emulator.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { port } = new URL(emulator.endpoint);
    await expect(fetch(`http://127.0.0.2:${port}/`)).rejects.toThrow();
  });

  it("fails on a port in use and leaves nothing behind", async () => {
    const first = await emulatorForTest();
    const location = scratchFolder();
    const port = Number(new URL(first.endpoint).port);
    await expect(startEmulator({ port, location })).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(await readdir(location)).toEqual(["content", "index.jsonl"]);
  });

  it("fails on a location that is a file", async () => {
    const location = join(scratchFolder(), "file");
    await writeFile(location, "");
    await expect(startEmulator({ location })).rejects.toMatchObject({ syscall: "mkdir" });
  });

  it("§2.9 keeps the files of an earlier run, but not its sessions", async () => {
    const location = scratchFolder();
    const first = await startEmulator({ location });
    await sendChunk(first, { range: "bytes 0-4/5", body: "01234" });
    await commit(first);
    await first.close();
    const second = await emulatorForTest({ location });
    expect(await readFile(second.contentPath("app/A.TXT"), "utf8")).toBe("01234");
    expect((await getSession(second)).status).toBe(204);
    expect(await commit(second)).toMatchObject({ status: 400, code: "E_INVALIDARG" });
  });
});

it("A callback that throws does not stop the emulator or the response", async () => {
  const throwing = () => {
    throw new Error("the log is full");
  };
  await using emulator = await startEmulator({ onRequest: throwing });
  for (const _ of [1, 2]) {
    const answer = await fetch(`${emulator.endpoint}/ImageStore/App?api-version=6.2`);
    expect(answer.status).toBe(404);
  }
});
