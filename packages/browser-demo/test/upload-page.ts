import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Emulator, type RequestLogEntry, startEmulator } from "@sf-image-store/emulator";
import type { Browser, ConsoleMessage, Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { startRecording } from "./recording.js";

export const chunkSize = 512 * 1024;
/** 16 chunks, the last one not full, so that 8 of them are just over half. */
export const fileSize = 16 * chunkSize - 4321;
export const storePath = "Browser/Code.zip";

/** The page in a browser, with its own emulator that accepts its requests. */
export interface UploadPage {
  readonly page: Page;
  readonly emulator: Emulator;
  /** The responses of the emulator, in order. */
  readonly requests: readonly RequestLogEntry[];
  /** The problems of the page: uncaught errors, unhandled rejections, and errors on its console. */
  readonly complaints: readonly string[];
}

/** @param origin The origin of the page, the only one that the emulator accepts. */
export async function openPage(browser: Browser, origin: string): Promise<UploadPage> {
  const requests: RequestLogEntry[] = [];
  const emulator = await startEmulator({ corsOrigins: [origin], onRequest: (entry) => requests.push(entry) });
  onTestFinished(() => emulator.close());
  const context = await browser.newContext({ viewport: { width: 720, height: 640 } });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    const isComplaint = message.type() === "error" || message.type() === "warning";
    if (isComplaint && !isListingOfNothing(message)) complaints.push(message.text());
  });
  await startRecording(page);
  await page.goto(`${origin}/?endpoint=${encodeURIComponent(emulator.endpoint)}`);
  return { page, emulator, requests, complaints };
}

/** Browsers print every 404 on the console. With this one, the client checks that the file does not exist yet. */
function isListingOfNothing(message: ConsoleMessage): boolean {
  const { pathname } = new URL(message.location().url);
  return pathname === `/ImageStore/${storePath}` && / 404 /.test(message.text());
}

/** A file of random content on disk, and its bytes. */
export async function fileForTest(): Promise<{ path: string; bytes: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), "sf-image-store-file-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "Code.zip");
  const bytes = randomBytes(fileSize);
  await writeFile(path, bytes);
  return { path, bytes };
}

/** Chooses the file and clicks the button, like a user. */
export async function beginUpload(page: Page, path: string): Promise<void> {
  await page.getByLabel("File").setInputFiles(path);
  await page.getByRole("button", { name: "Upload" }).click();
}

/** Blocks all requests from the ninth chunk on, until this is undone. */
export function stopHalfWay(emulator: Emulator): () => void {
  return emulator.addFault({
    operation: "UploadFileChunk",
    nth: 9,
    times: 1000,
    do: "delay",
    ms: 60_000,
  });
}

export async function untilHalf(page: Page): Promise<void> {
  await page.getByText("50 %", { exact: true }).waitFor({ timeout: 30_000 });
}

export async function untilDone(page: Page): Promise<void> {
  await page.getByText("Done: the file is in the store.").waitFor({ timeout: 30_000 });
}

/** The requests for chunks that got a response. */
export function chunksOf(requests: readonly RequestLogEntry[]): readonly RequestLogEntry[] {
  return requests.filter(
    ({ operationId, status }) => operationId === "UploadFileChunk" && status !== undefined,
  );
}

/** The session ids of chunks. */
export function sessionsOf(chunks: readonly RequestLogEntry[]): ReadonlySet<string | null> {
  return new Set(chunks.map(({ url }) => new URL(url, "http://localhost").searchParams.get("session-id")));
}

/** The total size of chunks, from their Content-Range. */
export function bytesOf(chunks: readonly RequestLogEntry[]): number {
  return chunks.reduce((sum, { contentRange = "" }) => {
    const [, start, end] = /^bytes (\d+)-(\d+)\//.exec(contentRange) ?? [];
    return sum + Number(end) - Number(start) + 1;
  }, 0);
}

export function storedBytes(emulator: Emulator): Promise<Buffer> {
  return readFile(emulator.contentPath(storePath));
}

/** Saves a screenshot in the folder of the environment variable, if it is set. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env["SF_IMAGE_STORE_SCREENSHOTS"];
  if (folder === undefined) return;
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path });
  console.log(`Screenshot: ${path}`);
}
