import type { Command } from "@commander-js/extra-typings";
import type { StoreFile } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import { parseStorePath } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { NotFoundError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { countText, sizeText } from "../output/units.js";
import { confirm, deleteSequentially, rejectReservedPath, unregisterHint } from "../store/delete-content.js";
import { folderText, readTree, type TreeFolder, totalsOf } from "../store/tree.js";

interface RemoveOptions {
  readonly yes?: true | undefined;
  readonly force?: true | undefined;
}

export function declare(command: Command, perform: Perform): void {
  command
    .description(`${command.description()}; ask for confirmation on a terminal`)
    .argument("<store-path...>", "files, and folders with all their content", parsePaths)
    .option("-y, --yes", "skip the confirmation; required without a terminal")
    .option("-f, --force", "ignore paths that do not exist; otherwise delete nothing and exit with 4")
    .addHelpText("after", examples("rm MyApp", "rm --yes MyApp_1.0 MyApp_1.1", "rm -y -f MyApp/Old.zip"))
    .action((paths, options, self) => perform(self, (cli) => remove(cli, [...new Set(paths)], options)));
}

function parsePaths(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, parseStorePath(text)];
}

async function remove(cli: Cli, paths: readonly string[], { yes, force }: RemoveOptions): Promise<void> {
  for (const path of paths) rejectReservedPath(path, unregisterHint);
  await using store = await openStore(cli);
  const { found, absent } = await findPaths(cli, store, paths);
  if (absent.length > 0 && !force) {
    const rest = found.length === 0 ? "" : " To delete the rest, pass --force.";
    throw new NotFoundError(
      `Not found in the image store: ${absent.join(", ")}. Nothing was deleted.${rest}`,
    );
  }
  const lines = found.map(line);
  if (found.length > 0 && !yes) await confirm(cli, `${lines.join("\n")}\nDelete?`);
  await deleteSequentially(
    cli,
    store,
    found.map(({ storePath }) => storePath),
  );
  const report = [...lines.map((text) => `Deleted ${text}`), ...absent.map((path) => `Not found: ${path}`)];
  cli.output.result({ deleted: found.map(document), absent }, report.join("\n"), "deleted");
}

type Found = TreeFolder | StoreFile;

async function findPaths(cli: Cli, store: ImageStore, paths: readonly string[]) {
  const found: Found[] = [];
  const absent: string[] = [];
  for (const path of paths) {
    try {
      found.push(await readTree(store, path, { abortSignal: cli.signal }));
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      absent.push(path);
    }
  }
  return { found, absent };
}

function line(found: Found): string {
  if (found.kind === "file") return `${oneLine(found.storePath)}  ${sizeText(found.fileSize)}`;
  const { fileCount, size } = totalsOf(found);
  return `${oneLine(folderText(found.storePath))}  ${countText(fileCount, "file")}, ${sizeText(size)}`;
}

function document(found: Found): object {
  const { kind, storePath } = found;
  if (found.kind === "file") return { kind, storePath, fileCount: 1, size: found.fileSize };
  const { fileCount, size } = totalsOf(found);
  return { kind, storePath, fileCount, size };
}
