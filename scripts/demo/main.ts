// The main job on real input: a file is uploaded, the upload is cut off half-way, the server is asked what it has, and the
// same upload, started again, sends only the rest. `npm start` uploads the TypeScript compiler, the largest file at hand;
// `npm start -- FILE` any other.
import { statSync } from "node:fs";
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
import { sameFile } from "./same-file.js";

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
    `${concurrency} at a time, chunks of ${bytes(chunkSize)}; cut off when ${confirmed} were confirmed`,
  );
  const session = await client.getUploadSession({ sessionId, abortSignal: interrupted });
  if (session === undefined) throw new Error("the emulator has lost the session");
  say("Session", sessionId);
  say("", missingBar(session, 60));
  for (const { startPosition, endPosition } of session.expectedRanges) {
    const missing = bytes(endPosition - startPosition + 1).padStart(10);
    say("", `missing ${missing}  bytes ${startPosition}-${endPosition}`);
  }

  const { sentBytes, resumedBytes } = await client.uploadFile(storePath, input, options);
  say("Resume", `${bytes(sentBytes)} sent, ${bytes(resumedBytes)} not sent again; committed and listed`);
  const digest = await sameFile(input, emulator.contentPath(storePath));
  say("Compare", `${bytes(size)} in the store are the bytes of the file, SHA-256 ${digest.slice(0, 16)}…`);
}

/** Uploads until half is confirmed, and stops there. Returns what the upload's error says of it. */
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
    throw new Error("the upload was done before it could be cut off");
  } catch (error) {
    options.abortSignal.throwIfAborted();
    if (!isUploadError(error) || !isAbortError(error) || error.sessionId === undefined) throw error;
    return { sessionId: error.sessionId, committedBytes: error.committedBytes };
  }
}

/** npm runs scripts in the root of the project; INIT_CWD is where the person stood. */
function inputFile([file, ...others]: readonly string[]): string {
  if (others.length > 0 || file?.startsWith("-")) throw new Error("usage: npm start [-- FILE]");
  if (file === undefined) return fileURLToPath(import.meta.resolve("typescript"));
  return resolve(process.env["INIT_CWD"] ?? "", file);
}

function requireSize(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error(`${path} cannot be read (ENOENT)`);
  if (!stats.isFile() || stats.size < 2) {
    throw new Error(`${path} is not a file of at least two bytes, to be cut between`);
  }
  return stats.size;
}

function say(what: string, text: string): void {
  console.log(`${what.padEnd(10)}${text}`);
}

const interruption = new AbortController();
process.once("SIGINT", () => interruption.abort());
try {
  await main(interruption.signal);
  console.log("\nDone. The emulator has stopped and its files are removed.");
} catch (error) {
  if (interruption.signal.aborted || isAbortError(error)) console.error("\nStopped. Nothing is left behind.");
  else console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = interruption.signal.aborted ? 130 : 1;
}
