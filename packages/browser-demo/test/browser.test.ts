import { readFile, writeFile } from "node:fs/promises";
import { createImageStoreClient } from "@sf-image-store/client";
import type { Browser } from "playwright-core";
import { afterAll, describe, expect, it } from "vitest";
import { servePage } from "../src/page-server.js";
import { startBrowser, untrustedHost } from "./browser.js";
import { recordingOf } from "./recording.js";
import {
  beginUpload,
  bytesOf,
  chunkSize,
  chunksOf,
  fileForTest,
  fileSize,
  openPage,
  screenshot,
  sessionsOf,
  stopHalfWay,
  storedBytes,
  storePath,
  type UploadPage,
  untilDone,
  untilHalf,
} from "./upload-page.js";

const started = await startBrowser();
const missing = typeof started === "string" ? started : undefined;
if (missing !== undefined) console.warn(`The tests in a browser are skipped. ${missing}`);
const server = await servePage();
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  if (typeof started !== "string") await started.close();
}, 30_000);

function testBrowser(): Browser {
  if (typeof started === "string") throw new Error(started);
  return started.browser;
}

function openTrustedPage(): Promise<UploadPage> {
  return openPage(testBrowser(), `http://localhost:${server.port}`);
}

const half = 8 * chunkSize;
const networkFailure = /^Failed to load resource: net::ERR_/;

function expectRising(values: readonly number[]): void {
  expect(values).toEqual([...values].sort((a, b) => a - b));
}

describe.skipIf(missing !== undefined)("the client in a browser", { timeout: 60_000 }, () => {
  it("sends slices of the file, never the whole file, and shows progress that never decreases", async () => {
    const { page, emulator, requests, complaints } = await openTrustedPage();
    const { path, bytes } = await fileForTest();
    await beginUpload(page, path);
    await untilDone(page);
    const { progress, bodies, reads } = await recordingOf(page);
    expectRising(progress);
    expect(progress.at(-1)).toBe(1);
    expect(await page.locator("#percent").textContent()).toBe("100 %");
    expect(bodies).toEqual(Array.from({ length: 16 }, () => "Blob"));
    // To hash it, block by block.
    expect(Math.max(...reads)).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(bytesOf(chunksOf(requests))).toBe(fileSize);
    expect((await storedBytes(emulator)).equals(bytes)).toBe(true);
    expect(complaints).toEqual([]);
  });

  it("resumes after a reload: the page asks for the file again and sends only what is missing", async () => {
    const { page, emulator, requests, complaints } = await openTrustedPage();
    const { path, bytes } = await fileForTest();
    const goOn = stopHalfWay(emulator);
    await beginUpload(page, path);
    await untilHalf(page);
    await screenshot(page, "half-way");
    const before = await recordingOf(page);
    const sentBefore = chunksOf(requests).length;
    await page.reload();
    goOn();
    await page.getByText("Choose a file.").waitFor();
    await beginUpload(page, path);
    await untilDone(page);
    await screenshot(page, "done");

    const after = await recordingOf(page);
    const chunks = chunksOf(requests);
    expect(chunks.every(({ status }) => status === 200)).toBe(true);
    expect(bytesOf(chunks.slice(0, sentBefore))).toBe(half);
    expect(bytesOf(chunks.slice(sentBefore))).toBe(fileSize - half);
    expect(after.bodies).toHaveLength(8);
    expect(sessionsOf(chunks).size).toBe(1);
    expect(await page.locator("#details").textContent()).toBe("4.0 MiB sent, 4.0 MiB were already uploaded");
    for (const { progress } of [before, after]) expectRising(progress);
    expect(before.progress.at(-1)).toBe(half / fileSize);
    expect(after.progress.find((share) => share > 0)).toBe(half / fileSize);
    expect(after.progress.at(-1)).toBe(1);
    expect((await storedBytes(emulator)).equals(bytes)).toBe(true);
    expect(complaints).toEqual([]);
  });

  it("resumes automatically after the network was down", async () => {
    const { page, emulator, requests, complaints } = await openTrustedPage();
    const { path, bytes } = await fileForTest();
    emulator.addFault({
      operation: "UploadFileChunk",
      nth: 9,
      times: 4,
      do: "drop-in-body",
      afterBytes: 100_000,
    });
    await beginUpload(page, path);
    await untilDone(page);
    const chunks = chunksOf(requests);
    expect(chunks.every(({ status }) => status === 200)).toBe(true);
    expect(bytesOf(chunks)).toBe(fileSize);
    const { progress } = await recordingOf(page);
    expectRising(progress);
    expect(progress.at(-1)).toBe(1);
    expect((await storedBytes(emulator)).equals(bytes)).toBe(true);
    // The browser itself prints broken connections on its console.
    expect(complaints.filter((complaint) => !networkFailure.test(complaint))).toEqual([]);
  });

  it("handles a lost response, although the browser retries such a request itself", async () => {
    const { page, emulator, requests, complaints } = await openTrustedPage();
    const { path, bytes } = await fileForTest();
    emulator.addFault({ operation: "UploadFileChunk", nth: 9, do: "drop-after" });
    await beginUpload(page, path);
    await untilDone(page);
    const chunks = chunksOf(requests);
    const refused = chunks.filter(({ status }) => status !== 200);
    // The ninth gets no response, and the client does not send it again.
    expect(bytesOf(chunks) - bytesOf(refused)).toBe(fileSize - chunkSize);
    expect(refused.map(({ code }) => code)).toEqual(["FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE"]);
    expect((await recordingOf(page)).bodies).toHaveLength(16);
    expect((await storedBytes(emulator)).equals(bytes)).toBe(true);
    expect(complaints).toEqual([expect.stringContaining("RANGE_NOT_SATISFIABLE")]);
  });

  it("stops and resumes at the user's request", async () => {
    const { page, emulator, requests, complaints } = await openTrustedPage();
    const { path, bytes } = await fileForTest();
    const goOn = stopHalfWay(emulator);
    await beginUpload(page, path);
    await untilHalf(page);
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped. Upload again to continue.").waitFor({ timeout: 10_000 });
    goOn();
    await page.getByRole("button", { name: "Upload" }).click();
    await untilDone(page);
    expect(bytesOf(chunksOf(requests))).toBe(fileSize);
    expect((await storedBytes(emulator)).equals(bytes)).toBe(true);
    expect(complaints).toEqual([]);
  });

  it("takes a file that is dropped anywhere on the page, and refuses several", async () => {
    const { page, emulator, complaints } = await openTrustedPage();
    const drop = (...names: readonly string[]) =>
      page.evaluate(`{
        const dataTransfer = new DataTransfer();
        for (const name of ${JSON.stringify(names)}) dataTransfer.items.add(new File(["dropped"], name));
        for (const type of ["dragover", "drop"])
          document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
      }`);
    await drop("a.zip", "b.zip");
    await page.getByText("Drop a single file.").waitFor();
    await drop("Code.zip");
    await page.getByText("Ready.").waitFor();
    expect(await page.locator("#file-name").textContent()).toBe("Code.zip");
    await page.getByRole("button", { name: "Upload" }).click();
    await untilDone(page);
    expect((await storedBytes(emulator)).toString()).toBe("dropped");
    expect(complaints).toEqual([]);
  });

  it("shows speed and time left as soon as they mean something, and not after the end", async () => {
    const { page, emulator, complaints } = await openTrustedPage();
    const { path } = await fileForTest();
    emulator.addFault({ operation: "UploadFileChunk", times: 1000, do: "throttle", bytesPerSecond: 500_000 });
    await beginUpload(page, path);
    await page.getByText(/^\d+\.\d MiB\/s, about \d+ s left$/).waitFor();
    await screenshot(page, "speed");
    await untilDone(page);
    expect(await page.locator("#speed").textContent()).toBe("");
    expect(complaints).toEqual([]);
  });

  it("starts over for a file with different content, although its name and size are the same", async () => {
    const { page, emulator, requests, complaints } = await openTrustedPage();
    const { path } = await fileForTest();
    const goOn = stopHalfWay(emulator);
    await beginUpload(page, path);
    await untilHalf(page);
    const sentBefore = chunksOf(requests).length;
    await page.reload();
    goOn();
    const changed = await readFile(path);
    changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
    await writeFile(path, changed);
    await beginUpload(page, path);
    await untilDone(page);
    const chunks = chunksOf(requests);
    expect(bytesOf(chunks.slice(sentBefore))).toBe(fileSize);
    expect(sessionsOf(chunks).size).toBe(2);
    expect((await storedBytes(emulator)).equals(changed)).toBe(true);
    expect(complaints).toEqual([]);
  });

  it("reports at once that the file changed while it was sent, and deletes its session", async () => {
    const { page, emulator, complaints } = await openTrustedPage();
    const { path, bytes } = await fileForTest();
    // Both at once, so that no chunk arrives after the session was deleted.
    emulator.addFault({ operation: "UploadFileChunk", nth: 9, times: 4, do: "answer-late", ms: 3000 });
    await beginUpload(page, path);
    await untilHalf(page);
    await writeFile(path, bytes.reverse());
    await page.getByText("Failed (source).").waitFor({ timeout: 10_000 });
    const client = createImageStoreClient({ endpoint: emulator.endpoint });
    expect(await client.getUploadSessionsByPath({ storePath })).toEqual([]);
    expect(complaints.filter((complaint) => !networkFailure.test(complaint))).toEqual([]);
  });
});

describe.skipIf(missing !== undefined)("a plain http page", { timeout: 60_000 }, () => {
  it("cannot derive a session id, reports this before anything is sent, and uploads with a given id", async () => {
    const { page, emulator, requests, complaints } = await openPage(
      testBrowser(),
      `http://${untrustedHost}:${server.port}`,
    );
    const { path, bytes } = await fileForTest();
    await beginUpload(page, path);
    await page.getByText("Failed.").waitFor();
    expect(await page.locator("#details").textContent()).toMatch(/crypto\.subtle.*set sessionId instead/);
    expect(requests).toEqual([]);
    await page.getByText("More").click();
    await page.getByLabel("Session ID").fill("4a2340e8-d8d8-497c-95fe-cdaa1052f33b");
    await page.getByRole("button", { name: "Upload" }).click();
    await untilDone(page);
    expect((await storedBytes(emulator)).equals(bytes)).toBe(true);
    expect(complaints).toEqual([]);
  });
});
