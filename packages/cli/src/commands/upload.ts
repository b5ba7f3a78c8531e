import type { Command } from "@commander-js/extra-typings";
import { type FileProgress, isUploadError } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import type { Cli } from "../connection/cli.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { Interruption, reasonOf, UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { startProgress } from "../output/progress.js";
import { destinationOf, requireFreeDestination } from "../upload/destination.js";
import { addTransferFlags, type TransferFlags, transferOptions } from "../upload/flags.js";
import {
  cleanupMessages,
  completedText,
  extentText,
  interruptedText,
  quoteCommandLine,
  translateInputError,
} from "../upload/messages.js";
import { kindOf, type LocalSource, readSource, transfer, type Uploaded } from "../upload/transfer.js";

interface Flags extends TransferFlags {
  readonly to?: string | undefined;
  readonly replace?: boolean | undefined;
  readonly compress?: boolean | undefined;
  readonly verify: boolean;
  readonly receipt: boolean;
  readonly dryRun?: boolean | undefined;
  readonly allowUnexpected?: boolean | undefined;
}

export function declare(command: Command, perform: Perform): void {
  const declared = command
    .argument("<path>", "a file, or the directory of a package")
    .option(
      "--to <store-path>",
      "destination; end it with / to put a file into a folder (default: the name of <path>)",
    )
    .option("--replace", "overwrite a complete package with different content (files are always overwritten)")
    .option("--allow-unexpected", "keep files at the destination that are not in the package")
    .option("--compress", "compress a copy of the package and upload that; the directory is not modified")
    .option("--no-verify", "do not check the listing of the image store afterward; implies --no-receipt")
    .option(
      "--no-receipt",
      "do not store a receipt; a repeated upload then cannot detect that it is already done",
    )
    .option(
      "--dry-run",
      "show what would be uploaded, change nothing, and exit as the upload would if it is refused",
    );
  addTransferFlags(declared)
    .addHelpText("after", `${examples(...uploadExamples)}\n${uploadNote}\n`)
    .action((path, flags, self) => perform(self, (cli) => upload(cli, path, flags)));
}

const uploadExamples = [
  "upload ./MyApp",
  "upload ./build/pkg --to MyApp_1.2.0 --compress",
  "upload data.zip --to MyApp/DataPkg/",
  "upload ./MyApp --dry-run",
];
const uploadNote =
  "To resume after an interruption, run the same command again. It sends only what the cluster does not have. The cluster\nkeeps unfinished uploads for about 30 minutes. If the upload is already done, nothing is sent.";

async function upload(cli: Cli, path: string, flags: Flags): Promise<void> {
  const storePath = destinationOf(path, flags.to, await kindOf(path));
  try {
    await uploadTo(cli, path, storePath, flags);
  } catch (error) {
    throw translateInputError(error);
  }
}

async function uploadTo(cli: Cli, path: string, storePath: string, flags: Flags): Promise<void> {
  const original = await readSource(path, cli.signal);
  requireContent(cli, original);
  await using packed = flags.compress ? await compressed(cli, original, flags) : undefined;
  const source = packed?.source ?? original;
  await using store = await openStore(cli, { maxRetries: flags.maxRetries });
  if (flags.dryRun) {
    const { showPlan } = await import("../upload/dry-run.js");
    await showPlan(cli, store, source, storePath, flags);
    return;
  }
  await requireFreeDestination(store, source, storePath, cli.signal);
  const uploaded = await send(cli, store, source, storePath, flags);
  const result = { ...uploaded, source: path };
  for (const message of cleanupMessages(result)) cli.output.detail(message);
  cli.output.result(result, completedText(result));
}

/** A pipeline that specifies the wrong directory must not succeed. */
function requireContent({ output }: Cli, source: LocalSource): void {
  if (source.kind === "file") return;
  const { path, content } = source;
  if (content.files.length === 0) throw new UsageError(`Nothing to upload: ${path} contains no files.`);
  const isPackage = content.files.some(({ relativePath }) =>
    /^(application|service)manifest\.xml$/i.test(relativePath),
  );
  if (!isPackage)
    output.note(
      `${oneLine(path)} contains no ApplicationManifest.xml. Check that it is the directory of the package.`,
    );
}

async function send(
  cli: Cli,
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  flags: Flags,
): Promise<Uploaded> {
  const { output, signal } = cli;
  const title = `Uploading ${oneLine(source.path)} (${extentText(source)}) to ${oneLine(storePath)}`;
  if (output.pipeline === undefined) output.note(`${title}.`);
  const group = output.group(title);
  const progress = await startProgress(output, storePath, signal);
  const { replace = false, allowUnexpected = false, verify, receipt } = flags;
  let isDone = false;
  try {
    const uploaded = await transfer(
      store,
      source,
      storePath,
      {
        ...transferOptions(flags),
        ...{
          replace,
          allowUnexpected,
          verify,
          receipt,
          abortSignal: signal,
          onProgress: progress.onProgress,
        },
      },
      (error) =>
        output.warn(
          `Could not store a receipt: ${reasonOf(error)} The upload is complete, but a repeated upload cannot detect that.`,
        ),
    );
    isDone = true;
    return uploaded;
  } catch (error) {
    throw asInterruption(cli, storePath, progress.openSessions(), error);
  } finally {
    progress.end(isDone);
    group.end();
  }
}

async function compressed(cli: Cli, { kind, path }: LocalSource, { fingerprint }: Flags) {
  if (kind === "file")
    throw new UsageError(`--compress requires the directory of a package, but ${path} is a file.`);
  if (fingerprint === "stat") {
    throw new UsageError(
      "--compress cannot be used with --fingerprint stat, because it creates new files each time. Use --fingerprint content.",
    );
  }
  const [{ packToTemporaryCopy }, { nothingToCompressText }] = await Promise.all([
    import("../packing/write-package.js"),
    import("../packing/plan.js"),
  ]);
  cli.output.note(`Compressing ${oneLine(path)}...`);
  const copy = await packToTemporaryCopy(path, cli.signal);
  if (copy.archives === 0) cli.output.note(nothingToCompressText);
  // Report the original path, not that of the temporary copy.
  const source: LocalSource = { ...(await readSource(copy.directory, cli.signal)), path };
  return { source, [Symbol.asyncDispose]: () => copy[Symbol.asyncDispose]() };
}

function asInterruption(
  { signal, argv, environment }: Cli,
  storePath: string,
  open: readonly FileProgress[],
  error: unknown,
): unknown {
  if (!signal.aborted || !isUploadError(error)) return error;
  const command = quoteCommandLine(argv, environment);
  const { committedBytes, totalBytes } = error.totals;
  const sessions = open.map(({ sessionId, storePath: path, ...file }) => ({
    ...{ sessionId, storePath: path, committedBytes: file.committedBytes, totalBytes: file.totalBytes },
  }));
  const details = { storePath, committedBytes, totalBytes, sessions, resume: { command, arguments: argv } };
  return new Interruption(interruptedText(error, command, open), details, { cause: error });
}
