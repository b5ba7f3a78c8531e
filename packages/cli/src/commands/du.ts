import type { Command } from "@commander-js/extra-typings";
import { isFabricError } from "@sf-image-store/client/node";
import pLimit from "p-limit";
import { examples, type Perform } from "../command-line/command.js";
import { parseDepth, parseFolder } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { sizeText } from "../output/units.js";
import { isUnknownOperation } from "../store/sessions.js";
import { readTree, type TreeFolder, totalsOf } from "../store/tree.js";

export function declare(command: Command, perform: Perform): void {
  command
    .argument("[store-path]", "folder or file (default: the root)", parseFolder)
    .option("--depth <levels>", "number of folder levels below it to show, 0 or more", parseDepth, 1)
    .option("-a, --all", "include the folder with upload receipts")
    .addHelpText("after", examples("du", "du MyApp --depth 0", "du --json --depth 2"))
    .action((path = "", { depth, all = false }, self) =>
      perform(self, (cli) => tell(cli, path, { depth, all })),
    );
}

async function tell(cli: Cli, storePath: string, which: SizeOptions): Promise<void> {
  await using store = await openStore(cli);
  const { method, sizes } = await readFolderSizes(store, storePath, which, cli.signal);
  const { table } = await import("../output/table.js");
  const rows = sizes.map(({ storePath: path, size }) => [sizeText(size), path === "" ? "/" : path]);
  cli.output.detail(
    method === "told"
      ? "The cluster reported these sizes."
      : "These sizes are sums of file sizes, because this cluster does not report the sizes of folders.",
  );
  cli.output.result({ storePath, method, sizes }, table(rows, ["right", "left"]));
}

/** Sizes that are asked for at a time. */
const concurrency = 8;

export interface FolderSize {
  readonly storePath: string;
  /** In bytes. */
  readonly size: number;
}

export interface FolderSizes {
  /** Whether the cluster told the sizes, or files were listed and their sizes added. */
  readonly method: "told" | "added";
  /** Those below before those above, the folder that was asked for last. */
  readonly sizes: readonly FolderSize[];
}

export interface SizeOptions {
  /** How many levels of folders below it to tell. */
  readonly depth: number;
  /** With the folder of receipts. */
  readonly all: boolean;
}

/** The sizes of a folder and of those below it, down to a depth; of a file its own. Throws NotFoundError. */
export async function readFolderSizes(
  store: ImageStore,
  storePath: string,
  { depth, all }: SizeOptions,
  abortSignal: AbortSignal,
): Promise<FolderSizes> {
  const tree = await readTree(store, storePath, { depth: Math.max(depth - 1, 0), all, abortSignal });
  if (tree.kind === "file") {
    return { method: "told", sizes: [{ storePath: tree.storePath, size: tree.fileSize }] };
  }
  const told = await askSizes(store, foldersOf(tree, depth), abortSignal);
  if (told !== undefined) return { method: "told", sizes: told };
  const whole = await readTree(store, storePath, { all, abortSignal });
  const folders = whole.kind === "file" ? [] : foldersOf(whole, depth);
  const sizes = folders.map((folder) => ({ storePath: folder.storePath, size: totalsOf(folder).size }));
  return { method: "added", sizes };
}

/** Undefined for a cluster that is too old to know. */
async function askSizes(
  store: ImageStore,
  folders: readonly TreeFolder[],
  abortSignal: AbortSignal,
): Promise<readonly FolderSize[] | undefined> {
  const limit = pLimit(concurrency);
  const ask = async ({ storePath }: TreeFolder): Promise<FolderSize> => {
    const where = storePath === "" ? {} : { storePath };
    const { folderSize } = await limit(() => store.getFolderSize({ ...where, abortSignal }));
    return { storePath, size: folderSize };
  };
  const [whole, ...others] = folders.toReversed();
  if (whole === undefined) return [];
  try {
    // The first answer tells whether the others are worth asking for.
    const last = await ask(whole);
    const below = await Promise.all(others.map((folder) => ask(folder).catch(vanished)));
    return [...below.filter((size) => size !== undefined).toReversed(), last];
  } catch (error) {
    if (isUnknownOperation(error)) return undefined;
    throw error;
  }
}

function vanished(error: unknown): undefined {
  if (!(isFabricError(error) && error.status === 404)) throw error;
}

function foldersOf(tree: TreeFolder, depth: number): TreeFolder[] {
  const below = depth === 0 ? [] : tree.folders.flatMap((folder) => foldersOf(folder, depth - 1));
  return [...below, tree];
}
