import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { PassThrough, Readable } from "node:stream";
import { sharedFolder } from "@sf-image-store/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { spoolStream } from "../../src/node/temporary-file.js";
import { startStore } from "../package/store.js";
import { rejection } from "../server.js";

const temporary = sharedFolder();
/** The names of temporary files end with one. */
const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
beforeEach(() => void vi.stubEnv(process.platform === "win32" ? "TEMP" : "TMPDIR", temporary));
afterEach(() => void vi.unstubAllEnvs());

it("makes a stream of unknown size uploadable, in a file that never has a name", async () => {
  await using store = await startStore();
  const content = randomBytes(1_000_000);
  const source = await spoolStream(Readable.from([content.subarray(0, 10), content.subarray(10)]));
  expect(source.size).toBe(1_000_000);
  expect(readdirSync(temporary).filter((name) => uuid.test(name))).toEqual([]);
  await store.client.uploadFile("App/a.bin", source, { chunkSize: 300_000 });
  expect((await readFile(store.emulator.contentPath("App/a.bin"))).equals(content)).toBe(true);
  expect(await store.client.verifyFile("App/a.bin", source)).toEqual({ proof: "content" });
  await source.close();
});

it("stops at the limit, and destroys the stream", async () => {
  const stream = Readable.from([new Uint8Array(10), new Uint8Array(1)]);
  const error = await rejection(spoolStream(stream, { maxBytes: 10 }));
  expect(error).toMatchObject({ name: "InvalidInputError", message: expect.stringContaining("10 bytes") });
  expect(stream.destroyed).toBe(true);
  const exact = await spoolStream(Readable.from([new Uint8Array(10)]), { maxBytes: 10 });
  await exact.close();
});

it("stops after an abort, although the stream does not end", async () => {
  const abort = new AbortController();
  const stream = new PassThrough();
  stream.write("text");
  const spooling = rejection(spoolStream(stream, { abortSignal: abort.signal }));
  abort.abort(new Error("enough"));
  expect(await spooling).toMatchObject({ message: "enough" });
  expect(stream.destroyed).toBe(true);
});
