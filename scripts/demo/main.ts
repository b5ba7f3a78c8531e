// Uploads a file, cuts the upload off half-way, asks the server what is missing, and starts the same upload again, which sends
// only the rest. `npm start` uploads the TypeScript compiler, the largest file at hand; `npm start -- FILE` uploads any file.
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createImageStoreClient,
  isAbortError,
  isUploadError,
  type NodeImageStoreClient,
  type UploadFileOptions,
} from "@sf-image-store/client/node";
import { startEmulator } from "@sf-image-store/emulator";
import { bytes, missingBar } from "./bar.js";

const maxChunkSize = 256 * 1024;
const concurrency = 4;
const storePath = "DemoApp/CodePkg/Code.bin";

async function main(interrupted: AbortSignal): Promise<void> {
  const input = inputFile(process.argv.slice(2));
  const size = requireSize(input);
  await using emulator = await startEmulator();
  const client = createImageStoreClient({ endpoint: emulator.endpoint });
  const chunkSize = Math.min(maxChunkSize, Math.ceil(size / (2 * concurrency)));
  const options = { chunkSize, concurrency, maxSingleShotSize: 0, abortSignal: interrupted };
  say("Emulator", `${emulator.endpoint}, its files in ${emulator.location}`);
  say("File", `${basename(input)}, ${bytes(size)}`);

  const { sessionId, committedBytes } = await uploadHalf(client, input, options);
  const confirmed = bytes(committedBytes);
  say(
    "Upload",
    `${concurrency} chunks at a time, of ${bytes(chunkSize)}; cut off after ${confirmed} were confirmed`,
  );
  const session = await client.getUploadSession({ sessionId, abortSignal: interrupted });
  if (session === undefined) throw new Error("The emulator lost the session.");
  say("Session", sessionId);
  say("", missingBar(session, 60));
  for (const { startPosition, endPosition } of session.expectedRanges) {
    const missing = bytes(endPosition - startPosition + 1).padStart(10);
    say("", `missing ${missing}  bytes ${startPosition}-${endPosition}`);
  }

  const { sentBytes, resumedBytes } = await client.uploadFile(storePath, input, options);
  say("Resume", `${bytes(sentBytes)} sent, ${bytes(resumedBytes)} not sent again; committed and listed`);
  const digest = await sameFile(input, emulator.contentPath(storePath));
  say("Compare", `${bytes(size)} in the store match the file, SHA-256 ${digest.slice(0, 16)}…`);
}

/** Uploads until half of the file is confirmed, then aborts. Returns what the upload's error reports. */
async function uploadHalf(
  client: NodeImageStoreClient,
  input: string,
  options: UploadFileOptions & { readonly abortSignal: AbortSignal },
): Promise<{ sessionId: string; committedBytes: number }> {
  const cut = new AbortController();
  const abortSignal = AbortSignal.any([cut.signal, options.abortSignal]);
  try {
    await client.uploadFile(storePath, input, {
      ...options,
      abortSignal,
      onProgress: ({ committedBytes, totalBytes }) => void (committedBytes >= totalBytes / 2 && cut.abort()),
    });
    throw new Error("The upload finished before it could be cut off.");
  } catch (error) {
    options.abortSignal.throwIfAborted();
    if (!isUploadError(error) || !isAbortError(error) || error.sessionId === undefined) throw error;
    return { sessionId: error.sessionId, committedBytes: error.committedBytes };
  }
}

/** npm runs scripts in the root of the project; INIT_CWD is the folder in which the user called it. */
function inputFile([file, ...others]: readonly string[]): string {
  if (others.length > 0 || file?.startsWith("-")) throw new Error("Usage: npm start [-- FILE]");
  if (file === undefined) return fileURLToPath(import.meta.resolve("typescript"));
  return resolve(process.env["INIT_CWD"] ?? "", file);
}

function requireSize(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error(`Cannot read ${path}: it does not exist (ENOENT).`);
  if (!stats.isFile() || stats.size < 2) {
    throw new Error(`${path} is not a file of at least two bytes. Use a larger file.`);
  }
  return stats.size;
}

/** Compares the bytes of two files. Returns their SHA-256. */
async function sameFile(one: string, other: string): Promise<string> {
  const [a, b] = await Promise.all([digestOf(one), digestOf(other)]);
  if (a !== b) throw new Error(`${other} differs from ${one}`);
  return a;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

function say(what: string, text: string): void {
  console.log(`${what.padEnd(10)}${text}`);
}

const interruption = new AbortController();
process.once("SIGINT", () => interruption.abort());
try {
  await main(interruption.signal);
  console.log("\nDone. The emulator stopped and removed its files.");
} catch (error) {
  if (interruption.signal.aborted || isAbortError(error))
    console.error("\nStopped. The emulator removed its files.");
  else console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = interruption.signal.aborted ? 130 : 1;
}
