import { setTimeout } from "node:timers/promises";
import type { Command } from "@commander-js/extra-typings";
import { type UploadSession, walkDirectory } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import { parseDuration, parseSessionId, parseStorePath } from "../command-line/values.js";
import { type Cli, loadSettings } from "../connection/cli.js";
import { type Connection, openClient } from "../connection/open-client.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { NotFoundError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { countText, sizeText } from "../output/units.js";
import { confirm } from "../store/delete-content.js";
import {
  arrivedText,
  committedFile,
  findSession,
  missingBytes,
  missingSessionError,
  requireSession,
  sessionDocument,
  sessionsOfFiles,
  sessionsUnsupportedError,
  storePathOf,
} from "../store/sessions.js";
import { filesBelow, readTree } from "../store/tree.js";

export function declare(command: Command, perform: Perform): void {
  declareList(command.command("list"), perform);
  declareShow(command.command("show"), perform);
  declareWatch(command.command("watch"), perform);
  declareCommit(command.command("commit"), perform);
  declareDelete(command.command("delete"), perform);
}

export function declareList(command: Command, perform: Perform): void {
  command
    .description("list the upload sessions of a file, or of the files in a folder")
    .argument("<store-path>", "path of the file or folder, in the same case as in the upload", parseStorePath)
    .option(
      "--source <dir>",
      "directory of the package that is uploaded to <store-path>; finds files that are not in the image store yet",
    )
    .addHelpText(
      "after",
      `
The cluster finds sessions only by the path of a file, so this asks for each file that the folder or the directory contains.
${examples("session list MyApp/Code.zip", "session list MyApp --source ./MyApp", "session list --json MyApp/Code.zip")}`,
    )
    .action((path, { source }, self) => perform(self, (cli) => list(cli, path, source)));
}

async function list(cli: Cli, storePath: string, source: string | undefined): Promise<void> {
  await using store = await openStore(cli);
  const paths = await filesToAsk(cli, store, storePath, source);
  const sessions = await sessionsOfFiles(store, paths, cli.signal);
  if (sessions === undefined) throw sessionsUnsupportedError();
  if (sessions.length === 0) cli.output.note(noSessionText(storePath, paths, source));
  const { table } = await import("../output/table.js");
  const isFile = paths.length === 1 && paths[0] === storePath;
  const lines = sessions.map((session) => [...row(session), ...(isFile ? [] : [storePathOf(session)])]);
  cli.output.result(
    { storePath, sessions: sessions.map(sessionDocument) },
    sessions.length === 0 ? "" : table(lines, ["left", "left", "left", "left"]),
    "sessions",
  );
}

/** The path itself, unless it is a folder or `source` is given. */
async function filesToAsk(
  { signal }: Cli,
  store: ImageStore,
  storePath: string,
  source: string | undefined,
): Promise<readonly string[]> {
  const { files } = source === undefined ? { files: [] } : await walkDirectory(source);
  const local = files.map(({ relativePath }) => `${storePath}/${relativePath}`);
  const found = await readTree(store, storePath, { abortSignal: signal }).catch((error: unknown) => {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  });
  if (found === undefined) return source === undefined ? [storePath] : local;
  if (found.kind === "file") return [storePath];
  return [...new Set([...local, ...filesBelow(found).map((file) => file.storePath)])];
}

function noSessionText(storePath: string, paths: readonly string[], source: string | undefined): string {
  const text = `No upload session for ${oneLine(storePath)}`;
  if (paths.length === 1 && paths[0] === storePath) {
    return `${text}. Specify the path in the same case as in the upload.`;
  }
  const asked = `${text} or the ${countText(paths.length, "file")} in it.`;
  const hint =
    "To find sessions of files that are not in the image store yet, pass --source with the directory of the package.";
  return source === undefined ? `${asked} ${hint}` : asked;
}

function row(session: UploadSession): readonly string[] {
  return [session.sessionId, session.modifiedDate.toISOString(), arrivedText(session)];
}

/** Maximum number of ranges to print as text. */
const shownRanges = 20;

export function declareShow(command: Command, perform: Perform): void {
  command
    .description("show which bytes of an upload are missing")
    .argument("<id>", "ID of the session", parseSessionId)
    .addHelpText("after", examples("session show 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60"))
    .action((id, _, self) => perform(self, (cli) => show(cli, id)));
}

async function show(cli: Cli, sessionId: string): Promise<void> {
  await using client = await openClient(cli, await loadSettings(cli));
  const session = await requireSession(client, sessionId, cli.signal);
  const { table } = await import("../output/table.js");
  cli.output.result(sessionDocument(session), table(rows(session), ["left", "left"]));
}

function rows(session: UploadSession): readonly (readonly string[])[] {
  const { sessionId, storeRelativePath, modifiedDate, expectedRanges } = session;
  const ranges = expectedRanges.map(
    ({ startPosition, endPosition }) => `bytes ${startPosition}-${endPosition}`,
  );
  const more = ranges.length - shownRanges;
  return [
    ["session", sessionId],
    ["path", storeRelativePath],
    ["arrived", arrivedText(session)],
    ["last chunk", modifiedDate.toISOString()],
    ...ranges.slice(0, shownRanges).map((range) => ["missing", range]),
    ...(more > 0 ? [["missing", `and ${more} more ranges`]] : []),
  ];
}

/** Width of the bar, so that the whole line fits in 80 columns. */
const width = 30;

export function declareWatch(command: Command, perform: Perform): void {
  command
    .description("show the progress of an upload until all bytes have arrived")
    .argument("<id>", "ID of the session", parseSessionId)
    .option("--interval <time>", "time between two requests, 1s or more (default: 2s)", parseDuration)
    .addHelpText(
      "after",
      examples(
        "session watch 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60",
        "session watch 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60 --interval 10s --json",
      ),
    )
    .action((id, { interval = 2000 }, self) => perform(self, (cli) => watch(cli, id, interval)));
}

async function watch(cli: Cli, sessionId: string, intervalMs: number): Promise<void> {
  await using client = await openClient(cli, await loadSettings(cli));
  const view = createView(cli);
  let session = await requireSession(client, sessionId, cli.signal);
  cli.output.note(`Upload of ${oneLine(session.storeRelativePath)}`);
  try {
    view.show(session);
    while (missingBytes(session) > 0) {
      await setTimeout(intervalMs, undefined, { signal: cli.signal });
      const next = await findSession(client, sessionId, cli.signal);
      if (next === undefined) return reportMissingSession(cli, client, session);
      session = next;
      view.show(session);
    }
  } finally {
    view.end();
  }
  cli.output.result(
    { state: "complete", ...sessionDocument(session) },
    `All bytes of ${oneLine(session.storeRelativePath)} have arrived. The upload is not committed yet.`,
  );
}

async function reportMissingSession(
  { output, signal }: Cli,
  client: Connection,
  last: UploadSession,
): Promise<void> {
  const file = await committedFile(client, last, signal);
  if (file === undefined) throw missingSessionError(last);
  output.result(
    { state: "committed", ...sessionDocument({ ...last, expectedRanges: [] }) },
    `Committed ${oneLine(storePathOf(last))}, ${sizeText(file.fileSize)}. The session no longer exists.`,
  );
}

/** A bar on a terminal, otherwise a line per change. */
function createView({ output }: Cli): { show(session: UploadSession): void; end(): void } {
  if (!output.canDraw) return { show: linesOf(output), end: () => {} };
  return {
    show: (session) => output.redraw(`${rangeBar(session, width)} ${stateText(session)}`),
    end: () => output.endLine(),
  };
}

function linesOf(output: Cli["output"]): (session: UploadSession) => void {
  let shownState = "";
  return (session) => {
    const text = stateText(session);
    const state = JSON.stringify(session.expectedRanges);
    if (state !== shownState) output.note(text, { event: "session", ...sessionDocument(session) });
    shownState = state;
  };
}

function stateText(session: UploadSession): string {
  return `${arrivedText(session)}, ${countText(session.expectedRanges.length, "gap")}`;
}

export function declareCommit(command: Command, perform: Perform): void {
  command
    .description("commit an upload whose bytes have all arrived")
    .argument("<id>", "ID of the session", parseSessionId)
    .addHelpText("after", examples("session commit 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60"))
    .action((id, _, self) => perform(self, (cli) => commit(cli, id)));
}

async function commit(cli: Cli, sessionId: string): Promise<void> {
  await using client = await openClient(cli, await loadSettings(cli));
  // Checked first, because the server gives the same error for an unknown and an incomplete session (protocol §2.5).
  const session = await requireSession(client, sessionId, cli.signal);
  const path = oneLine(session.storeRelativePath);
  const missing = missingBytes(session);
  if (missing > 0) {
    throw new Error(
      `Cannot commit the upload of ${path}: ${sizeText(missing)} are missing. Run the upload again. It sends only the missing bytes.`,
    );
  }
  try {
    await client.commitUploadSession({ sessionId, abortSignal: cli.signal });
  } catch (error) {
    // The uploading client may have committed it in the meantime. If the session still exists, the commit failed.
    if (await findSession(client, sessionId, cli.signal)) throw error;
    if ((await committedFile(client, session, cli.signal)) === undefined) throw missingSessionError(session);
  }
  cli.output.result(sessionDocument(session), `Committed ${path}, ${sizeText(session.fileSize)}.`);
}

export function declareDelete(command: Command, perform: Perform): void {
  command
    .description("delete an upload session and its bytes; ask for confirmation on a terminal")
    .argument("<id>", "ID of the session", parseSessionId)
    .option("-y, --yes", "skip the confirmation; required without a terminal")
    .addHelpText("after", examples("session delete 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60 --yes"))
    .action((id, { yes }, self) => perform(self, (cli) => deleteSession(cli, id, yes === true)));
}

async function deleteSession(cli: Cli, sessionId: string, skipConfirmation: boolean): Promise<void> {
  await using client = await openClient(cli, await loadSettings(cli));
  const session = await requireSession(client, sessionId, cli.signal);
  const path = oneLine(session.storeRelativePath);
  if (!skipConfirmation) await confirm(cli, `Upload of ${path}, ${arrivedText(session)}\nDelete?`);
  try {
    await client.deleteUploadSession({ sessionId, abortSignal: cli.signal });
  } catch (error) {
    if (await findSession(client, sessionId, cli.signal)) throw error;
    const file = await committedFile(client, session, cli.signal);
    if (file === undefined) throw missingSessionError(session);
    throw new NotFoundError(
      `Session ${sessionId} no longer exists: the upload was committed, and ${path} is in the image store. To delete the file, use rm.`,
      { cause: error },
    );
  }
  cli.output.result(sessionDocument(session), `Deleted the upload session of ${path}.`);
}

/** Draws which bytes have arrived. A cell is full if all its bytes have arrived, empty if none, otherwise half full. */
function rangeBar({ fileSize, expectedRanges }: UploadSession, width: number): string {
  const cells = Array.from({ length: width }, (_, cell) => {
    const first = Math.floor((cell * fileSize) / width);
    const last = Math.max(first, Math.floor(((cell + 1) * fileSize) / width) - 1);
    const missing = expectedRanges.reduce(
      (sum, { startPosition, endPosition }) =>
        sum + Math.max(0, Math.min(endPosition, last) - Math.max(startPosition, first) + 1),
      0,
    );
    if (missing === 0) return "█";
    return missing === last - first + 1 ? "·" : "▒";
  });
  return `[${cells.join("")}]`;
}
