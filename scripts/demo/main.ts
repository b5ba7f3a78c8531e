// The main job on real input: a file goes to the image store in chunks, the connection is lost half-way, the server is
// asked what it has, and only the rest is sent. `npm start` uploads the TypeScript compiler, the largest file at hand;
// `npm start -- FILE` any other.
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createImageStoreClient, isAbortError } from "@sf-image-store/client";
import { startEmulator } from "@sf-image-store/emulator";
import { bytes, missingBar } from "./bar.js";
import { sizeOf, splitRange, sumOf } from "./ranges.js";
import { openFile, sameFile } from "./source-file.js";
import { uploadChunks } from "./upload.js";

const chunkSize = 256 * 1024;
const connections = 4;

async function main(interrupted: AbortSignal): Promise<void> {
  const input = process.argv[2] ?? fileURLToPath(import.meta.resolve("typescript"));
  await using file = await openFile(resolve(input));
  await using emulator = await startEmulator();
  const client = createImageStoreClient({ endpoint: emulator.endpoint });
  const storePath = `DemoApp/CodePkg/${basename(input)}`;
  const upload = { client, file, storePath, sessionId: crypto.randomUUID(), connections };
  const { sessionId } = upload;
  say("Emulator", `${emulator.endpoint}, its files in ${emulator.location}`);
  say("File", `${basename(input)}, ${bytes(file.size)}`);

  // Each connection takes a quarter of the file, so that the break leaves several holes.
  const quarters = splitRange(
    { startPosition: 0, endPosition: file.size - 1 },
    Math.ceil(file.size / connections),
  );
  const all = quarters.map((quarter) => splitRange(quarter, chunkSize));
  const breakAt = Math.ceil(all.flat().length / 2);
  const cut = new AbortController();
  const sentBefore = await uploadChunks(upload, all, AbortSignal.any([cut.signal, interrupted]), (count) => {
    if (count === breakAt) cut.abort(new Error("the demo pulled the plug"));
  });
  interrupted.throwIfAborted();
  say(
    "Upload",
    `${connections} connections, chunks of ${bytes(chunkSize)}; cut off after ${bytes(sumOf(sentBefore))}`,
  );

  const session = await client.getUploadSession({ sessionId, abortSignal: interrupted });
  if (session === undefined) throw new Error("the emulator has lost the session");
  const missing = session.expectedRanges;
  say("Session", `${sessionId}`);
  say("", missingBar(session, 60));
  for (const range of missing) {
    say(
      "",
      `missing ${bytes(sizeOf(range)).padStart(10)}  bytes ${range.startPosition}-${range.endPosition}`,
    );
  }

  const rest = missing.map((range) => splitRange(range, chunkSize));
  const sentAfter = await uploadChunks(upload, rest, interrupted);
  interrupted.throwIfAborted();
  say("Resume", `${bytes(sumOf(sentAfter))} sent, ${bytes(file.size - sumOf(sentAfter))} not sent again`);
  await client.commitUploadSession({ sessionId, abortSignal: interrupted });
  const after = await client.getUploadSession({ sessionId, abortSignal: interrupted });
  if (after === undefined || after.expectedRanges.length > 0) throw new Error("the session is not complete");
  say("Commit", missingBar(after, 60));

  const digest = await sameFile(resolve(input), emulator.contentPath(storePath));
  say(
    "Compare",
    `${bytes(file.size)} in the store are the bytes of the file, SHA-256 ${digest.slice(0, 16)}…`,
  );
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
