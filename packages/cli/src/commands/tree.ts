import type { Command } from "@commander-js/extra-typings";
import type { StoreFile } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import { parseDepth, parseFolder } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { openStore } from "../connection/open-store.js";
import { oneLine } from "../output/escape.js";
import { countText, sizeText } from "../output/units.js";
import {
  folderText,
  isComplete,
  isMark,
  nameOf,
  readTree,
  type TreeFolder,
  totalsOf,
} from "../store/tree.js";

interface TreeOptions {
  readonly depth?: number | undefined;
  readonly sizes?: true | undefined;
  readonly all?: boolean | undefined;
}

export function declare(command: Command, perform: Perform): void {
  command
    .argument("[store-path]", "folder (default: the root)", parseFolder)
    .option("--depth <levels>", "number of folder levels to show, 0 or more (default: all)", parseDepth)
    .option("--sizes", "show the sizes of files and folders")
    .option("-a, --all", "include the folder with upload receipts")
    .addHelpText("after", examples("tree", "tree MyApp --sizes", "tree --depth 1 --json"))
    .action((path = "", options, self) => perform(self, (cli) => show(cli, path, options)));
}

async function show(cli: Cli, storePath: string, { depth, sizes, all = false }: TreeOptions): Promise<void> {
  await using store = await openStore(cli);
  const limit = depth === undefined ? {} : { depth };
  const tree = await readTree(store, storePath, { ...limit, all, abortSignal: cli.signal });
  const lines = tree.kind === "file" ? [fileText(tree, sizes)] : folderLines(tree, sizes);
  cli.output.result(document(tree), lines.join("\n"), tree.kind === "folder" ? "entries" : undefined);
}

function folderLines(tree: TreeFolder, sizes: true | undefined): readonly string[] {
  const { folderCount, fileCount, size } = totalsOf(tree);
  const hidden = unreadCount(tree);
  const sum = [
    countText(folderCount, "folder"),
    countText(fileCount, "file"),
    ...(sizes ? [sizeText(size)] : []),
    ...(hidden === 0 ? [] : [`${hidden} more below this depth`]),
  ];
  return [oneLine(folderText(tree.storePath)), ...branches(tree, sizes), "", sum.join(", ")];
}

function branches({ files, folders }: TreeFolder, sizes: true | undefined): string[] {
  const leaves = files.filter((file) => !isMark(file)).map((file) => [fileText(file, sizes)]);
  const limbs = folders.map((folder) => [folderName(folder, sizes), ...branches(folder, sizes)]);
  const all = [...leaves, ...limbs];
  return all.flatMap(([head, ...rest], index) => {
    const isLast = index === all.length - 1;
    return [`${isLast ? "└── " : "├── "}${head}`, ...rest.map((line) => (isLast ? "    " : "│   ") + line)];
  });
}

function fileText({ storePath, fileSize }: StoreFile, sizes: true | undefined): string {
  return `${oneLine(nameOf(storePath))}${sizes ? `  ${sizeText(fileSize)}` : ""}`;
}

function folderName(folder: TreeFolder, sizes: true | undefined): string {
  const name = oneLine(folderText(nameOf(folder.storePath)));
  // The server's count includes mark files.
  if (folder.unreadFileCount !== undefined) return `${name}  (${countText(folder.unreadFileCount, "file")})`;
  return sizes ? `${name}  ${sizeText(totalsOf(folder).size)}` : name;
}

function unreadCount({ unreadFileCount = 0, folders }: TreeFolder): number {
  return folders.reduce((sum, folder) => sum + unreadCount(folder), unreadFileCount);
}

function document(node: TreeFolder | StoreFile): object {
  const { kind, storePath } = node;
  if (node.kind === "file") {
    return { kind, storePath, fileSize: node.fileSize, modifiedDate: node.modifiedDate.toISOString() };
  }
  if (node.unreadFileCount !== undefined) return { kind, storePath, fileCount: node.unreadFileCount };
  const content = node.files.filter((file) => !isMark(file));
  return {
    kind,
    storePath,
    isComplete: isComplete(node),
    entries: [...content, ...node.folders].map(document),
  };
}
