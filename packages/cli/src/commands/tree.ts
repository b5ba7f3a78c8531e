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

async function show(cli: Cli, storePath: string, options: TreeOptions): Promise<void> {
  const { depth = Number.POSITIVE_INFINITY, sizes, all = false } = options;
  await using store = await openStore(cli);
  // Read below the depth, too: the number of files that the server reports for a folder includes mark files.
  const tree = await readTree(store, storePath, { all, abortSignal: cli.signal });
  const lines = tree.kind === "file" ? [fileText(tree, sizes)] : folderLines(tree, depth, sizes);
  const list = tree.kind === "folder" ? "entries" : undefined;
  cli.output.result(document(tree, depth + 1), lines.join("\n"), list);
}

function folderLines(tree: TreeFolder, depth: number, sizes: true | undefined): readonly string[] {
  const { folderCount, fileCount, size } = totalsOf(tree);
  const sum = [
    countText(folderCount, "folder"),
    countText(fileCount, "file"),
    ...(sizes ? [sizeText(size)] : []),
  ];
  return [oneLine(folderText(tree.storePath)), ...branches(tree, depth, sizes), "", sum.join(", ")];
}

function branches({ files, folders }: TreeFolder, depth: number, sizes: true | undefined): string[] {
  const leaves = files.filter((file) => !isMark(file)).map((file) => [fileText(file, sizes)]);
  const limbs = folders.map((folder) => [
    folderName(folder, depth, sizes),
    ...(depth === 0 ? [] : branches(folder, depth - 1, sizes)),
  ]);
  const all = [...leaves, ...limbs];
  return all.flatMap(([head, ...rest], index) => {
    const isLast = index === all.length - 1;
    return [`${isLast ? "└── " : "├── "}${head}`, ...rest.map((line) => (isLast ? "    " : "│   ") + line)];
  });
}

function fileText({ storePath, fileSize }: StoreFile, sizes: true | undefined): string {
  return `${oneLine(nameOf(storePath))}${sizes ? `  ${sizeText(fileSize)}` : ""}`;
}

function folderName(folder: TreeFolder, depth: number, sizes: true | undefined): string {
  const { size, fileCount } = totalsOf(folder);
  const name = oneLine(folderText(nameOf(folder.storePath)));
  const count = depth === 0 ? `  (${countText(fileCount, "file")})` : "";
  return `${name}${count}${sizes ? `  ${sizeText(size)}` : ""}`;
}

/** @param levels The number of folder levels to list; a folder below has a count instead. */
function document(node: TreeFolder | StoreFile, levels: number): object {
  const { kind, storePath } = node;
  if (node.kind === "file") {
    return { kind, storePath, fileSize: node.fileSize, modifiedDate: node.modifiedDate.toISOString() };
  }
  if (levels === 0) return { kind, storePath, fileCount: totalsOf(node).fileCount };
  const content = node.files.filter((file) => !isMark(file));
  return {
    kind,
    storePath,
    isComplete: isComplete(node),
    entries: [...content, ...node.folders].map((entry) => document(entry, levels - 1)),
  };
}
