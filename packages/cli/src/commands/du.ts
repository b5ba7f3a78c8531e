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
    .option("--depth <levels>", "number of folder levels below the path to show, 0 or more", parseDepth, 1)
    .option("-a, --all", "include the folder with upload receipts")
    .addHelpText("after", examples("du", "du MyApp --depth 0", "du --json --depth 2"))
    .action((path = "", { depth, all = false }, self) =>
      perform(self, (cli) => showSizes(cli, path, { depth, all })),
    );
}

async function showSizes(cli: Cli, storePath: string, which: SizeOptions): Promise<void> {
  await using store = await openStore(cli);
  const { method, sizes } = await readFolderSizes(store, storePath, which, cli.signal);
  const { table } = await import("../output/table.js");
  const rows = sizes.map(({ storePath: path, size }) => [sizeText(size), path === "" ? "/" : path]);
  cli.output.detail(
    method === "reported"
      ? "The cluster reported these sizes."
      : "These sizes are sums of file sizes, because this cluster does not report the sizes of folders.",
  );
  cli.output.result({ storePath, method, sizes }, table(rows, ["right", "left"]), "sizes");
}

/** Maximum number of parallel requests. */
const concurrency = 8;

export interface FolderSize {
  readonly storePath: string;
  /** In bytes. */
  readonly size: number;
}

export interface FolderSizes {
  /** Whether the cluster reported the sizes, or the sizes of listed files were added up. */
  readonly method: "reported" | "summed";
  /** Subfolders come before their parents, so the requested folder is last. */
  readonly sizes: readonly FolderSize[];
}

export interface SizeOptions {
  /** Number of folder levels below the folder to include. */
  readonly depth: number;
  /** Whether to include the folder with receipts. */
  readonly all: boolean;
}

/** The sizes of a folder and its subfolders down to a depth, or of one file. Throws NotFoundError. */
export async function readFolderSizes(
  store: ImageStore,
  storePath: string,
  { depth, all }: SizeOptions,
  abortSignal: AbortSignal,
): Promise<FolderSizes> {
  const tree = await readTree(store, storePath, { depth: Math.max(depth - 1, 0), all, abortSignal });
  if (tree.kind === "file") {
    return { method: "reported", sizes: [{ storePath: tree.storePath, size: tree.fileSize }] };
  }
  const reported = await requestSizes(store, foldersOf(tree, depth), abortSignal);
  if (reported !== undefined) return { method: "reported", sizes: reported };
  const whole = await readTree(store, storePath, { all, abortSignal });
  const folders = whole.kind === "file" ? [] : foldersOf(whole, depth);
  const sizes = folders.map((folder) => ({ storePath: folder.storePath, size: totalsOf(folder).size }));
  return { method: "summed", sizes };
}

/** Undefined if the cluster is too old for this operation. */
async function requestSizes(
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
    // If this request is not supported, skip the others.
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
