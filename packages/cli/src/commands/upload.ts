import type { Command } from "@commander-js/extra-typings";
import type { PackageBase } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import { parseStorePath } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { reasonOf, UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { resumeOf } from "../output/hints.js";
import { startProgress } from "../output/progress.js";
import { addSummary, markdownLines } from "../output/summary.js";
import { requireFreeDestination } from "../upload/destination.js";
import { addTransferFlags, type TransferFlags, transferOptions } from "../upload/flags.js";
import { requireGoodManifests } from "../upload/lint.js";
import {
  asInterruption,
  cleanupMessages,
  completedText,
  extentText,
  translateInputError,
} from "../upload/messages.js";
import {
  baseOf,
  checkDestinations,
  checkNames,
  compressEach,
  findTargets,
  forAll,
  type PlannedUpload,
  readBase,
  uploadEach,
} from "../upload/several.js";
import { addSourceFlags, type LocalSource, readSource, type SourceFlags } from "../upload/source.js";
import { transfer, type Uploaded } from "../upload/transfer.js";

interface Flags extends TransferFlags, SourceFlags {
  readonly to?: string | undefined;
  readonly replace?: boolean | undefined;
  readonly compress?: boolean | undefined;
  readonly verify: boolean;
  readonly receipt: boolean;
  readonly dryRun?: boolean | undefined;
  readonly allowUnexpected?: boolean | undefined;
  readonly base?: string | undefined;
  readonly baseDir?: string | undefined;
  readonly lint: boolean;
}

export function declare(command: Command, perform: Perform): void {
  const declared = command
    .argument(
      "<path...>",
      "files, directories of packages, .sfpkg archives, or - for a file from standard input",
    )
    .option(
      "--to <store-path>",
      "destination; end it with / to put the paths into a folder (default: the name of each path)",
    )
    .option("--replace", "overwrite a complete package with different content (files are always overwritten)")
    .option("--allow-unexpected", "keep files at the destination that are not in the package")
    .option("--compress", "compress a copy of the package and upload that; the directory is not modified")
    .option(
      "--base <store-path>",
      "an older package in the image store: the cluster copies the files that have not changed since; requires --base-dir, and exactly one path",
      parseStorePath,
    )
    .option(
      "--base-dir <path>",
      "the directory or archive that was uploaded to --base, to find out what has not changed",
    )
    .option("--no-lint", "do not check the manifests of the package before the upload")
    .option("--no-verify", "do not check the listing of the image store afterward; implies --no-receipt")
    .option(
      "--no-receipt",
      "do not store a receipt; a repeated upload then cannot detect that it is already done",
    )
    .option(
      "--dry-run",
      "show what would be uploaded and change nothing; if the upload would be rejected, exit with the same code",
    );
  addTransferFlags(addSourceFlags(declared))
    .addHelpText("after", `${examples(...uploadExamples)}\n${uploadNote}\n`)
    .action((paths, flags, self) => perform(self, (cli) => uploadWithSummary(cli, paths, flags)));
}

const uploadExamples = [
  "upload ./MyApp",
  "upload ./build/pkg --to MyApp_1.2.0 --compress",
  "upload data.zip --to MyApp/DataPkg/",
  "upload ./MyApp --to MyApp_1.1 --base MyApp_1.0 --base-dir ./old/MyApp",
  "upload ./out/ShopApp ./out/MailApp --to Apps/",
  "upload Shop.sfpkg --to Shop_1.2.0",
  "upload ./MyApp --exclude '*.pdb' --exclude Logs/",
  "upload ./MyApp --dry-run",
];
const uploadNote =
  "To resume after an interruption, run the same command again. It sends only what the cluster does not have. The cluster\nkeeps unfinished uploads for about 30 minutes. If the upload is already done, nothing is sent.";

const noStatText =
  "--compress cannot be used with --fingerprint stat, because it creates new files each time. Use --fingerprint content.";

const noStandardInputPackageText =
  "Standard input (-) is uploaded as one file, so it cannot be used with --base, --base-dir or --compress, which require a package.";

const noStandardInputStatText =
  "Standard input cannot be used with --fingerprint stat, because it has no modification time. Use --fingerprint content.";

/** Adds the result or the error to the summary page of a CI service. */
async function uploadWithSummary(cli: Cli, paths: readonly string[], flags: Flags): Promise<void> {
  const { output, environment, signal, argv } = cli;
  const add = (title: string, text: string) =>
    addSummary(output, environment, `### ${title}\n\n${markdownLines(text)}\n`);
  let maybeChanged = false;
  const markChanged = () => {
    maybeChanged = true;
    cli.markChanged();
  };
  try {
    const text = await upload({ ...cli, markChanged }, paths, flags);
    if (text !== undefined) await add("✅ Uploaded to the image store", text);
  } catch (error) {
    const { explain } = await import("../errors/explain.js");
    const { exitCode, text } = explain(error, {
      ...{ isInterrupted: signal.aborted, maybeChanged, resume: resumeOf(argv, environment) },
    });
    await add(`❌ The upload failed with exit code ${exitCode}`, text);
    throw error;
  }
}

/** Returns what was uploaded, in words. Undefined for a dry run. */
async function upload(cli: Cli, paths: readonly string[], flags: Flags): Promise<string | undefined> {
  if (flags.fingerprint === "stat") {
    if (flags.compress) throw new UsageError(noStatText);
    if (paths.includes("-")) throw new UsageError(noStandardInputStatText);
  }
  if (paths.length > 1 && (flags.base ?? flags.baseDir) !== undefined) {
    throw new UsageError(
      "--base and --base-dir can be used only with one path. Upload each package with a command of its own.",
    );
  }
  if (paths.includes("-") && (flags.compress === true || (flags.base ?? flags.baseDir) !== undefined)) {
    throw new UsageError(noStandardInputPackageText);
  }
  const targets = await findTargets(cli, paths, flags);
  const opened: LocalSource[] = [];
  try {
    const uploads: PlannedUpload[] = [];
    await forAll(
      targets,
      async ({ found, storePath }) => {
        const source = await readSource(cli, found, flags);
        opened.push(source);
        requireContent(cli, source);
        const old = await readBase(cli, source, flags);
        if (old !== undefined) opened.push(old);
        if (flags.lint && source.kind === "package") {
          const label = targets.length > 1 ? source.path : undefined;
          await requireGoodManifests(cli, source.content, old?.content, label);
        }
        uploads.push({ source, storePath, old });
      },
      ({ found }) => found.path,
    );
    return await uploadAll(cli, flags.compress ? await compressEach(cli, uploads, opened) : uploads, flags);
  } catch (error) {
    throw translateInputError(error);
  } finally {
    for (const source of opened) await source[Symbol.asyncDispose]();
  }
}

async function uploadAll(
  cli: Cli,
  uploads: readonly PlannedUpload[],
  flags: Flags,
): Promise<string | undefined> {
  await using store = await openStore(cli, { maxRetries: flags.maxRetries });
  const [first, ...others] = uploads;
  if (first === undefined) return undefined;
  // Before anything says that the upload begins.
  if (flags.dryRun || others.length > 0) {
    await checkNames(store, uploads);
    if (flags.dryRun) {
      const { showPlans } = await import("../upload/dry-run.js");
      await showPlans(cli, store, uploads, flags);
      return undefined;
    }
    await checkDestinations(store, uploads, cli.signal);
    return await uploadEach(cli, uploads, (one) => uploadOne(cli, store, one, flags));
  }
  // At the same time, because each takes a round trip to the cluster.
  const [names, destination] = await Promise.allSettled([
    checkNames(store, uploads),
    requireFreeDestination(store, first.source, first.storePath, cli.signal),
  ]);
  for (const check of [names, destination]) if (check.status === "rejected") throw check.reason;
  const uploaded = await uploadOne(cli, store, first, flags);
  const text = completedText(uploaded);
  cli.output.result(uploaded, text);
  return text;
}

async function uploadOne(
  cli: Cli,
  store: ImageStore,
  upload: PlannedUpload,
  flags: Flags,
): Promise<Uploaded> {
  const { source, storePath } = upload;
  const uploaded = await send(cli, store, source, storePath, { ...flags, base: baseOf(upload, flags.base) });
  for (const message of cleanupMessages(uploaded)) cli.output.detail(message);
  return uploaded;
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
  flags: Omit<Flags, "base"> & { readonly base: PackageBase | undefined },
): Promise<Uploaded> {
  const { output, signal } = cli;
  const name = source.path === "-" ? "standard input" : oneLine(source.path);
  const title = `Uploading ${name} (${extentText(source)}) to ${oneLine(storePath)}`;
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
          ...(flags.base === undefined ? {} : { base: flags.base }),
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
