import type { Command } from "@commander-js/extra-typings";
import { isReceiptPath, type StoreEntry } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import { parseFolder } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { openStore } from "../connection/open-store.js";
import { oneLine } from "../output/escape.js";
import { sizeText } from "../output/units.js";

interface ListOptions {
  readonly long?: boolean | undefined;
  readonly all?: boolean | undefined;
}

export function declare(command: Command, perform: Perform): void {
  command
    .argument("[store-path]", "folder or file (default: the root)", parseFolder)
    .option("-l, --long", "show sizes and dates")
    .option("-a, --all", "include the folder with upload receipts")
    .addHelpText("after", examples("ls", "ls -l MyApp/MyServicePkg", "ls --json MyApp"))
    .action((path = "", options, self) => perform(self, (cli) => list(cli, path, options)));
}

async function list(cli: Cli, storePath: string, { long = false, all = false }: ListOptions): Promise<void> {
  await using store = await openStore(cli);
  const entries: StoreEntry[] = [];
  const where = storePath === "" ? {} : { storePath };
  for await (const entry of store.listContent({ ...where, abortSignal: cli.signal })) {
    if (all || storePath !== "" || !isReceiptPath(entry.storePath)) entries.push(entry);
  }
  cli.output.result({ storePath, entries: entries.map(document) }, await text(entries, long), "entries");
}

async function text(entries: readonly StoreEntry[], isLong: boolean): Promise<string> {
  if (!isLong) return entries.map(displayPath).join("\n");
  const { table } = await import("../output/table.js");
  return table(entries.map(row), ["right", "left", "left"]);
}

function row(entry: StoreEntry): readonly string[] {
  if (entry.kind === "folder") return [`${entry.fileCount} files`, "", displayPath(entry)];
  return [sizeText(entry.fileSize), entry.modifiedDate.toISOString(), displayPath(entry)];
}

function displayPath({ kind, storePath }: StoreEntry): string {
  return oneLine(kind === "folder" ? `${storePath}/` : storePath);
}

function document(entry: StoreEntry): object {
  const { kind, storePath } = entry;
  if (kind === "folder") return { kind, storePath, fileCount: entry.fileCount };
  return { kind, storePath, fileSize: entry.fileSize, modifiedDate: entry.modifiedDate.toISOString() };
}
