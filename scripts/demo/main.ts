// The main job on real input: a file goes to the image store in chunks, the connection is lost half-way, the server is
// asked what it has, and only the rest is sent. `npm start` uploads the TypeScript compiler, the largest file at hand;
// `npm start -- FILE` any other.
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createImageStoreClient, type ImageStoreClient, isAbortError } from "@sf-image-store/client";
import { startEmulator } from "@sf-image-store/emulator";
import { bytes, missingBar } from "./bar.js";
import { sizeOf, splitRange, sumOf } from "./ranges.js";
import { openFile, sameFile } from "./source-file.js";
import { sendMissing, type Upload, uploadChunks } from "./upload.js";

const maxChunkSize = 256 * 1024;
const connections = 4;

async function main(interrupted: AbortSignal): Promise<void> {
  const input = inputFile(process.argv.slice(2));
  await using file = await openFile(input);
  await using emulator = await startEmulator();
  const client = createImageStoreClient({ endpoint: emulator.endpoint });
  const storePath = "DemoApp/CodePkg/Code.bin";
  const sessionId = crypto.randomUUID();
  const chunkSize = Math.min(maxChunkSize, Math.ceil(file.size / (2 * connections)));
  const upload = { client, file, storePath, sessionId, connections };
  say("Emulator", `${emulator.endpoint}, its files in ${emulator.location}`);
  say("File", `${basename(input)}, ${bytes(file.size)}`);

  const confirmed = bytes(await uploadHalf(upload, chunkSize, interrupted));
  say(
    "Upload",
    `${connections} connections, chunks of ${bytes(chunkSize)}; cut off when ${confirmed} were confirmed`,
  );

  const session = await requireSession(client, sessionId, interrupted);
  say("Session", sessionId);
  say("", missingBar(session, 60));
  for (const range of session.expectedRanges) {
    const { startPosition, endPosition } = range;
    say("", `missing ${bytes(sizeOf(range)).padStart(10)}  bytes ${startPosition}-${endPosition}`);
  }

  const resent = sumOf(await sendMissing(upload, session.expectedRanges, chunkSize, interrupted));
  say("Resume", `${bytes(resent)} sent, ${bytes(file.size - resent)} not sent again`);
  await client.commitUploadSession({ sessionId, abortSignal: interrupted });
  say("Commit", missingBar(await requireSession(client, sessionId, interrupted), 60));

  const digest = await sameFile(input, emulator.contentPath(storePath));
  say(
    "Compare",
    `${bytes(file.size)} in the store are the bytes of the file, SHA-256 ${digest.slice(0, 16)}…`,
  );
}

/** Uploads until half of the chunks are confirmed, then breaks all connections. Returns how many bytes were confirmed. */
async function uploadHalf(upload: Upload, chunkSize: number, interrupted: AbortSignal): Promise<number> {
  // Each connection takes a quarter of the file, so that the break leaves several holes.
  const whole = { startPosition: 0, endPosition: upload.file.size - 1 };
  const quarters = splitRange(whole, Math.ceil(upload.file.size / connections));
  const chunks = quarters.map((quarter) => splitRange(quarter, chunkSize));
  const half = Math.ceil(chunks.flat().length / 2);
  const cut = new AbortController();
  const signal = AbortSignal.any([cut.signal, interrupted]);
  const { accepted, failures } = await uploadChunks(upload, chunks, signal, (count) => {
    if (count === half) cut.abort();
  });
  const unexpected = failures.find((failure) => !isAbortError(failure));
  if (unexpected !== undefined) throw unexpected;
  interrupted.throwIfAborted();
  return sumOf(accepted);
}

/** npm runs scripts in the root of the project; INIT_CWD is where the person stood. */
function inputFile([file, ...others]: readonly string[]): string {
  if (others.length > 0 || file?.startsWith("-")) throw new Error("usage: npm start [-- FILE]");
  if (file === undefined) return fileURLToPath(import.meta.resolve("typescript"));
  return resolve(process.env["INIT_CWD"] ?? "", file);
}

async function requireSession(client: ImageStoreClient, sessionId: string, abortSignal: AbortSignal) {
  const session = await client.getUploadSession({ sessionId, abortSignal });
  if (session === undefined) throw new Error("the emulator has lost the session");
  return session;
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
