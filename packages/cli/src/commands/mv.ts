import type { Command } from "@commander-js/extra-typings";
import type { StoreFile } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import type { Cli } from "../connection/cli.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { NotFoundError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { deleteSequentially, rejectReservedPath, unregisterHint } from "../store/delete-content.js";
import { filesBelow, isMark, readTree } from "../store/tree.js";
import { findStoreObject } from "../upload/destination.js";
import {
  addCopyOptions,
  copiedExtent,
  copyContent,
  copyDocument,
  findDestination,
  sameContentNote,
} from "./cp.js";

export function declare(command: Command, perform: Perform): void {
  addCopyOptions(command)
    .addHelpText(
      "after",
      `${examples("mv MyApp MyApp_1.0", "mv MyApp/data.zip MyApp/DataPkg/", "mv New MyApp --replace")}
The API cannot move content, so this copies in the cluster, verifies the copy, and only then deletes the source.
After an interruption, run the same command again. ${sameContentNote}
`,
    )
    .action((from, to, options, self) => perform(self, (cli) => move(cli, from, to, options)));
}

interface MoveOptions {
  readonly replace?: boolean | undefined;
  readonly timeout?: number | undefined;
}

type Target = Parameters<typeof findDestination>[4];

async function move(cli: Cli, source: string, target: Target, options: MoveOptions): Promise<void> {
  rejectReservedPath(source, unregisterHint);
  await using store = await openStore(cli);
  const destination = await findDestination(cli, store, "mv", source, target);
  const before = await readSource(cli, store, source, destination);
  const copied = await copyContent(cli, store, source, destination, options);
  await requireUnchanged(cli, store, source, before);
  await deleteMarks(cli, store, source, before);
  await deleteSequentially(cli, store, [source]);
  const {
    copyFlag: _copyFlag,
    skippedNames: _skippedNames,
    skipped: _skipped,
    ...document
  } = copyDocument(source, destination, options, copied);
  const what = copied.alreadyThere ? "its content was already there" : copiedExtent(copied);
  cli.output.result(document, `Moved ${oneLine(source)} to ${oneLine(destination)}: ${what}.`);
}

/** All files of the source. Throws NotFoundError, which tells a repeated move apart. */
async function readSource(
  { signal }: Cli,
  store: ImageStore,
  source: string,
  destination: string,
): Promise<readonly StoreFile[]> {
  try {
    return await filesOf(store, source, signal);
  } catch (error) {
    const isThere =
      error instanceof NotFoundError && (await findStoreObject(store, destination, signal)) !== undefined;
    if (!isThere) throw error;
    throw new NotFoundError(
      `${source} does not exist in the image store, but ${destination} does. If an earlier move was interrupted, it is done.`,
      { cause: error },
    );
  }
}

async function filesOf(
  store: ImageStore,
  source: string,
  abortSignal: AbortSignal,
): Promise<readonly StoreFile[]> {
  const found = await readTree(store, source, { all: true, abortSignal });
  return found.kind === "file" ? [found] : filesBelow(found);
}

/** Throws if the source was written during the copy, because the copy may lack what was written. */
async function requireUnchanged(
  { signal }: Cli,
  store: ImageStore,
  source: string,
  before: readonly StoreFile[],
): Promise<void> {
  const now = await filesOf(store, source, signal);
  if (versionsOf(now) === versionsOf(before)) return;
  throw new Error(
    `${source} changed while it was copied, so it was not deleted. To copy it again, run the same command with --replace.`,
  );
}

function versionsOf(files: readonly StoreFile[]): string {
  return files
    .map(({ storePath, fileVersion }) => [storePath, ...Object.values(fileVersion).map(String)].join("\n"))
    .sort()
    .join("\n");
}

/** Without its mark file, a source that is only partly deleted can never be copied over the complete destination. */
async function deleteMarks(
  { signal }: Cli,
  store: ImageStore,
  source: string,
  before: readonly StoreFile[],
): Promise<void> {
  const mark = before.find((file) => isMark(file) && file.storePath.length === `${source}/_.dir`.length);
  if (mark !== undefined) await store.deleteContent({ storePath: mark.storePath, abortSignal: signal });
}
