import type { Command } from "@commander-js/extra-typings";
import { type Copied, type CopyContentOptions, isFabricError } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import { parseDuration, parseFolder, parseStorePath } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { NotFoundError, UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { countText, sizeText } from "../output/units.js";
import { rejectReservedPath } from "../store/delete-content.js";
import { findConflict, findStoreObject, pathInFolder } from "../upload/destination.js";

interface CopyOptions {
  readonly skip?: readonly string[] | undefined;
  readonly echo?: true | undefined;
  readonly timeout?: number | undefined;
}

export function declare(command: Command, perform: Perform): void {
  command
    .description(`${command.description()}; overwrite the destination`)
    .argument("<from-store-path>", "file, or folder with a mark file (_.dir)", parseStorePath)
    .argument(
      "<to-store-path>",
      "destination outside the source; end it with / to copy a file into a folder",
      parseTarget,
    )
    .option("--skip <name>", "skip files with this name in every folder, ignoring case; repeatable", append)
    .option("--echo", "skip the copy if the destination has a mark file")
    .option(
      "--timeout <time>",
      "maximum time for the copy in the cluster, such as 10m (default: 1m)",
      parseDuration,
    )
    .addHelpText(
      "after",
      examples(
        "cp MyApp MyAppBackup",
        "cp MyApp/data.zip Backup/",
        "cp MyApp MyAppLean --skip Symbols.pdb",
        "cp MyApp Copy --timeout 10m",
      ),
    )
    .action((from, to, options, self) => perform(self, (cli) => copy(cli, from, to, options)));
}

interface Target {
  /** Empty for the root. */
  readonly storePath: string;
  /** Whether the path ended with a slash, so that a file is copied into this folder. */
  readonly isFolder: boolean;
}

function parseTarget(text: string): Target {
  const isFolder = /[/\\]$/.test(text);
  return { storePath: isFolder ? parseFolder(text) : parseStorePath(text), isFolder };
}

function append(name: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, name];
}

async function copy(cli: Cli, source: string, target: Target, options: CopyOptions): Promise<void> {
  rejectReservedPath(target.storePath, "Use another destination.");
  await using store = await openStore(cli);
  const destination = await destinationIn(store, source, target, cli.signal);
  const { skip: skipFiles, timeout } = options;
  const copyFlag = options.echo ? "Echo" : "Overwrite";
  const request: CopyContentOptions = {
    source,
    destination,
    copyFlag,
    abortSignal: cli.signal,
    ...(skipFiles === undefined ? {} : { skipFiles }),
    ...(timeout === undefined ? {} : { timeoutSeconds: Math.ceil(timeout / 1000) }),
  };
  let copied: Copied;
  try {
    copied = await store.copyAndVerify(request);
  } catch (error) {
    if (!(isFabricError(error) && error.status === 404)) throw error;
    throw new NotFoundError(
      `Cannot copy ${source}: it does not exist, or it is a folder without a mark file (_.dir). To check, run: sf-image-store stat ${source}`,
      { cause: error },
    );
  }
  const { files, totalBytes, skipped, receipt = null } = copied;
  const document = { source, destination, copyFlag, skippedNames: skipFiles ?? [] };
  cli.output.result(
    { ...document, files, totalBytes, skipped, receipt },
    skipped
      ? `Skipped the copy: ${oneLine(destination)} is already complete.`
      : `Copied ${oneLine(source)} to ${oneLine(destination)}: ${countText(files, "file")}, ${sizeText(totalBytes)}.`,
  );
}

/** Resolves a trailing slash for files, as `upload` does. Throws UsageError if a file or folder is in the way. */
async function destinationIn(
  store: ImageStore,
  source: string,
  { storePath, isFolder }: Target,
  signal: AbortSignal,
): Promise<string> {
  const isFile = (await findStoreObject(store, source, signal))?.kind === "file";
  const destination = isFolder && isFile ? pathInFolder(storePath, source) : storePath;
  if (destination === "") throw new UsageError("Cannot copy to the root of the image store. Specify a path.");
  rejectReservedPath(destination, "Use another destination.");
  if (!isFile) return destination;
  const obstacle = await findConflict(store, "file", destination, `cp ${source} ${destination}/`, signal);
  if (obstacle !== undefined) throw new UsageError(obstacle);
  return destination;
}
