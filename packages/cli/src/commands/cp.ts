import type { Command } from "@commander-js/extra-typings";
import { type Copied, type CopyAndVerifyOptions, isFabricError } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import { parseDuration, parseFolder, parseStorePath } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { NotFoundError, UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { quoteName } from "../output/hints.js";
import { countText, sizeText } from "../output/units.js";
import { rejectReservedPath } from "../store/delete-content.js";
import { findConflict, findStoreObject, pathInFolder } from "../upload/destination.js";
import { translateInputError } from "../upload/messages.js";

interface CopyOptions {
  readonly replace?: boolean | undefined;
  readonly skip?: readonly string[] | undefined;
  readonly echo?: true | undefined;
  readonly timeout?: number | undefined;
}

export function declare(command: Command, perform: Perform): void {
  addCopyOptions(command)
    .option("--skip <name>", "skip files with this name in every folder, ignoring case; repeatable", append)
    .option("--echo", "skip the copy if the destination has a mark file")
    .addHelpText(
      "after",
      `${examples(
        "cp MyApp MyAppBackup",
        "cp MyApp Backup/",
        "cp MyApp/data.zip Backup/",
        "cp MyApp MyAppLean --skip Symbols.pdb",
        "cp MyApp Copy --timeout 10m",
      )}\n${sameContentNote}\n`,
    )
    .action((from, to, options, self) => perform(self, (cli) => copy(cli, from, to, options)));
}

/** Adds what `cp` and `mv` have in common. */
export function addCopyOptions(command: Command) {
  return command
    .argument("<from-store-path>", "file, or folder with a mark file (_.dir)", parseStorePath)
    .argument(
      "<to-store-path>",
      "destination outside the source; end it with / to put the source into a folder",
      parseTarget,
    )
    .option("--replace", "overwrite a complete package with different content (files are always overwritten)")
    .option(
      "--timeout <time>",
      "maximum time for the copy in the cluster, such as 10m (default: 1m)",
      parseDuration,
    );
}

export const sameContentNote =
  "If receipts prove that the destination already has the same content, nothing is copied.";

interface Target {
  /** Empty for the root. */
  readonly storePath: string;
  /** Whether the path ended with a slash, so that the source is copied into this folder. */
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
  await using store = await openStore(cli);
  const destination = await findDestination(cli, store, "cp", source, target);
  const copied = await copyContent(cli, store, source, destination, options);
  cli.output.result(
    copyDocument(source, destination, options, copied),
    copiedText(source, destination, copied),
  );
}

/** Copies and verifies. Throws NotFoundError and UsageError. */
export async function copyContent(
  cli: Cli,
  store: ImageStore,
  source: string,
  destination: string,
  { replace = false, skip, echo, timeout }: CopyOptions,
): Promise<Copied> {
  const request: CopyAndVerifyOptions = {
    source,
    destination,
    replace,
    copyFlag: echo ? "Echo" : "Overwrite",
    abortSignal: cli.signal,
    ...(skip === undefined ? {} : { skipFiles: skip }),
    ...(timeout === undefined ? {} : { timeoutSeconds: Math.ceil(timeout / 1000) }),
  };
  try {
    cli.output.status(`Copying ${source} to ${destination}`);
    return await store.copyAndVerify(request);
  } catch (error) {
    if (!(isFabricError(error) && error.status === 404)) throw translateInputError(error);
    const found = await findStoreObject(store, source, cli.signal);
    const reason =
      found === undefined
        ? "it does not exist in the image store."
        : "it has no mark file (_.dir), so it is not a complete package. To complete it, upload it again.";
    throw new NotFoundError(`Cannot copy ${source}: ${reason}`, { cause: error });
  }
}

export function copyDocument(source: string, destination: string, options: CopyOptions, copied: Copied) {
  const { files, totalBytes, skipped, alreadyThere, receipt = null } = copied;
  const copyFlag = options.echo ? "Echo" : "Overwrite";
  const request = { source, destination, copyFlag, skippedNames: options.skip ?? [] };
  return { ...request, files, totalBytes, skipped, alreadyThere, receipt };
}

function copiedText(source: string, destination: string, copied: Copied): string {
  const to = oneLine(destination);
  if (copied.skipped) return `Skipped the copy: ${to} is already complete.`;
  if (copied.alreadyThere) return `${to} already has the content of ${oneLine(source)}. Nothing was copied.`;
  return `Copied ${oneLine(source)} to ${to}: ${copiedExtent(copied)}.`;
}

export function copiedExtent({ files, totalBytes }: Copied): string {
  return `${countText(files, "file")}, ${sizeText(totalBytes)}`;
}

/**
 * Resolves a trailing slash as `upload` does: whether the folder exists makes no difference, so a repeated command has the same
 * destination. Throws UsageError if a file or folder is in the way.
 */
export async function findDestination(
  { signal }: Cli,
  store: ImageStore,
  command: "cp" | "mv",
  source: string,
  { storePath, isFolder }: Target,
): Promise<string> {
  rejectReservedPath(storePath, "Use another destination.");
  const destination = isFolder ? pathInFolder(storePath, source) : storePath;
  rejectReservedPath(destination, "Use another destination.");
  const kind = (await findStoreObject(store, source, signal))?.kind;
  if (kind === undefined) return destination;
  const into = `${command} ${quoteName(source)} ${quoteName(`${destination}/`)}`;
  const obstacle = await findConflict(store, kind === "file" ? kind : "package", destination, into, signal);
  if (obstacle !== undefined) throw new UsageError(obstacle);
  return destination;
}
