import type { Command } from "@commander-js/extra-typings";
import {
  isFabricError,
  isReceiptPath,
  type StoreEntry,
  type StoreFile,
  type StoreFolder,
} from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import { parseFolder } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { NotFoundError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { countText, sizeText } from "../output/units.js";
import { isComplete, isMark, readTree, type TreeFolder, totalsOf } from "../store/tree.js";

interface ListOptions {
  readonly long?: boolean | undefined;
  readonly all?: boolean | undefined;
}

export function declare(command: Command, perform: Perform): void {
  command
    .argument("[store-path]", "folder or file (default: the root)", parseFolder)
    .option("-l, --long", "show sizes and dates, and what folders contain, which reads all folders below")
    .option("-a, --all", "include mark files (_.dir) and the folder with upload receipts")
    .addHelpText("after", examples("ls", "ls -l MyApp/MyServicePkg", "ls --json MyApp"))
    .action((path = "", options, self) => perform(self, (cli) => list(cli, path, options)));
}

/** An entry, with the content of a folder if it was read. */
type Listed = StoreFile | TreeFolder | StoreFolder;

async function list(cli: Cli, storePath: string, { long = false, all = false }: ListOptions): Promise<void> {
  await using store = await openStore(cli);
  const found: StoreEntry[] = [];
  const where = storePath === "" ? {} : { storePath };
  for await (const entry of entriesOf(store.listContent({ ...where, abortSignal: cli.signal }), storePath)) {
    const isHidden = entry.storePath !== storePath && (isMark(entry) || isReceiptPath(entry.storePath));
    if (all || !isHidden || isReceiptPath(storePath)) found.push(entry);
  }
  const read = (entry: StoreEntry): Promise<Listed> | Listed =>
    entry.kind === "folder" ? readFolder(store, entry, cli.signal) : entry;
  const entries = long ? await Promise.all(found.map(read)) : found;
  cli.output.result({ storePath, entries: entries.map(document) }, await text(entries, long), "entries");
}

/** Throws NotFoundError if the path does not exist. */
async function* entriesOf(listed: AsyncIterable<StoreEntry>, storePath: string): AsyncGenerator<StoreEntry> {
  try {
    yield* listed;
  } catch (cause) {
    if (!(isFabricError(cause) && cause.status === 404 && storePath !== "")) throw cause;
    throw new NotFoundError(`${storePath} does not exist in the image store.`, { cause });
  }
}

/** A folder that was deleted since is listed without its content. */
async function readFolder(store: ImageStore, folder: StoreFolder, abortSignal: AbortSignal): Promise<Listed> {
  try {
    return await readTree(store, folder.storePath, { abortSignal });
  } catch (error) {
    if (error instanceof NotFoundError) return folder;
    throw error;
  }
}

async function text(entries: readonly Listed[], isLong: boolean): Promise<string> {
  if (!isLong) return entries.map(displayPath).join("\n");
  const { table } = await import("../output/table.js");
  return table(entries.map(row), ["right", "left", "left"]);
}

function row(entry: Listed): readonly string[] {
  if (entry.kind === "file") {
    return [sizeText(entry.fileSize), entry.modifiedDate.toISOString(), displayPath(entry)];
  }
  if (!("files" in entry)) return ["", "", displayPath(entry)];
  const { size, newest, fileCount } = totalsOf(entry);
  return [
    sizeText(size),
    newest?.toISOString() ?? "",
    `${displayPath(entry)}  (${countText(fileCount, "file")})`,
  ];
}

function displayPath({ kind, storePath }: Listed): string {
  return oneLine(kind === "folder" ? `${storePath}/` : storePath);
}

/** The number of files that the server reports is left out, because it includes mark files. */
function document(entry: Listed): object {
  const { kind, storePath } = entry;
  if (entry.kind === "file") {
    return { kind, storePath, fileSize: entry.fileSize, modifiedDate: entry.modifiedDate.toISOString() };
  }
  if (!("files" in entry)) return { kind, storePath };
  const { fileCount, size, newest } = totalsOf(entry);
  const newestDate = newest?.toISOString() ?? null;
  return { kind, storePath, fileCount, size, newestDate, isComplete: isComplete(entry) };
}
