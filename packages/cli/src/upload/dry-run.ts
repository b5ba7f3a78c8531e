import type { Cli } from "../connection/cli.js";
import type { ImageStore } from "../connection/open-store.js";
import { type ExitCode, exitCode } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { table } from "../output/table.js";
import { countText, sizeText } from "../output/units.js";
import { isUnknownOperation, missingBytes } from "../store/sessions.js";
import { type DestinationState, findUploadConflict, inspectDestination } from "./destination.js";
import type { TransferFlags } from "./flags.js";
import { extentText } from "./messages.js";
import type { LocalSource } from "./source.js";

interface Flags extends TransferFlags {
  readonly replace?: boolean | undefined;
  readonly allowUnexpected?: boolean | undefined;
  readonly verify: boolean;
}

/** A file or folder is in the way of the upload. */
interface Blocked {
  readonly state: "blocked";
  readonly reason: string;
}

interface PlannedFile {
  readonly storePath: string;
  readonly size: number;
  /** Bytes that an interrupted upload can resume with. Null if the store cannot tell. */
  readonly uploadedBytes: number | null;
}

/** What an upload would do. */
interface UploadPlan {
  readonly document: object;
  readonly text: string;
  /** The exit code with which the upload would fail. */
  readonly exitCode: ExitCode | undefined;
}

/** Shows what uploads would do, without changing anything. Sets the exit code with which they would fail. */
export async function showPlans(
  cli: Cli,
  store: ImageStore,
  uploads: readonly { readonly source: LocalSource; readonly storePath: string }[],
  flags: Flags,
): Promise<void> {
  const plans: UploadPlan[] = [];
  for (const { source, storePath } of uploads)
    plans.push(await planUpload(cli, store, source, storePath, flags));
  const failing = plans.find((plan) => plan.exitCode !== undefined)?.exitCode;
  if (failing !== undefined) cli.setExitCode(failing);
  const text = [...plans.map((plan) => plan.text), "Nothing was changed."].join("\n");
  const [first, ...others] = plans;
  if (first !== undefined && others.length === 0) cli.output.result(first.document, text, "files");
  else cli.output.result({ dryRun: true, uploads: plans.map(({ document }) => document) }, text, "uploads");
}

async function planUpload(
  cli: Cli,
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  flags: Flags,
): Promise<UploadPlan> {
  const obstacle = await findUploadConflict(store, source, storePath, cli.signal);
  const destination: DestinationState | Blocked =
    obstacle === undefined
      ? await inspectDestination(store, source, storePath, cli.signal)
      : { state: "blocked", reason: obstacle };
  const refusal = refusalOf(storePath, destination, flags);
  const resumable = await findResumableBytes(
    store,
    filesOf(source, storePath),
    flags.maxSingleShot,
    cli.signal,
  );
  const files = filesOf(source, storePath).map(
    (file): PlannedFile => ({
      ...file,
      uploadedBytes: resumable?.get(file.storePath) ?? (resumable ? 0 : null),
    }),
  );
  const sum =
    resumable === undefined ? null : [...resumable.values()].reduce((total, bytes) => total + bytes, 0);
  const { kind, path, totalBytes } = source;
  const document = {
    dryRun: true,
    kind,
    source: path,
    storePath,
    totalBytes,
    uploadedBytes: sum,
    destination,
    wouldFail: refusal?.reason ?? null,
  };
  const text = [
    ...(files.length === 0 ? [] : [table(files.map(row), ["right", "left", "left"])]),
    destination.state === "same"
      ? `Would send nothing: ${oneLine(storePath)} is already in the image store with the same content (${extentText(source)}).`
      : `Would send ${extentText(source)} to ${oneLine(storePath)}${resumableText(sum)}.`,
    ...(refusal === undefined
      ? consequences(storePath, destination, flags)
      : [`The upload would fail: ${refusal.reason}`, ...refusal.paths.map((path) => `  ${oneLine(path)}`)]),
  ];
  return { document: { ...document, files }, text: text.join("\n"), exitCode: refusal?.exitCode };
}

function filesOf(source: LocalSource, storePath: string) {
  if (source.kind === "file") return [{ storePath, size: source.totalBytes }];
  return source.content.files.map(({ relativePath, size }) => ({
    storePath: `${storePath}/${relativePath}`,
    size,
  }));
}

function row({ storePath, size, uploadedBytes }: PlannedFile): readonly string[] {
  return [
    sizeText(size),
    oneLine(storePath),
    uploadedBytes ? `(${sizeText(uploadedBytes)} already uploaded)` : "",
  ];
}

/** An estimate by path and size. The content is compared only during the upload. */
function resumableText(bytes: number | null): string {
  if (bytes === null) return "; this gateway cannot resume an interrupted upload";
  return bytes === 0 ? "" : `; up to ${sizeText(bytes)} are already there from an interrupted upload`;
}

interface Refusal {
  readonly reason: string;
  readonly paths: readonly string[];
  /** The exit code of the upload. */
  readonly exitCode: ExitCode;
}

/** Why the upload would fail before it sends anything. */
function refusalOf(
  storePath: string,
  destination: DestinationState | Blocked,
  { replace = false, allowUnexpected = false, verify }: Flags,
): Refusal | undefined {
  if (destination.state === "blocked") {
    return { reason: oneLine(destination.reason), paths: [], exitCode: exitCode.usage };
  }
  if (replace) return undefined;
  const { state, unexpected: paths } = destination;
  if (state === "complete") {
    const reason = `${oneLine(storePath)} already contains a complete package. Pass --replace to overwrite it.`;
    return { reason, paths: [], exitCode: exitCode.usage };
  }
  if (paths.length === 0 || allowUnexpected || !verify) return undefined;
  const reason = `${oneLine(storePath)} contains ${unexpectedText(paths)} (see --replace, --allow-unexpected):`;
  return { reason, paths, exitCode: exitCode.verification };
}

function unexpectedText(paths: readonly string[]): string {
  return `${countText(paths.length, "path")} that ${paths.length === 1 ? "is" : "are"} not in the package`;
}

/** What an upload that is not refused would do to the content of the store. */
function consequences(
  storePath: string,
  destination: DestinationState | Blocked,
  { replace = false, allowUnexpected = false }: Flags,
): readonly string[] {
  if (destination.state === "blocked" || destination.state === "same") return [];
  const where = oneLine(storePath);
  const { state, unexpected } = destination;
  if (state === "file") return [`Would overwrite the file ${where}.`];
  if (state === "complete") {
    return [
      allowUnexpected
        ? `Would update the complete package ${where}. Its mark file is removed during the upload.`
        : `Would first delete the complete package ${where}.`,
    ];
  }
  if (unexpected.length === 0 || allowUnexpected || !replace) return [];
  return [
    `Would first delete ${unexpectedText(unexpected)}:`,
    ...unexpected.map((path) => `  ${oneLine(path)}`),
  ];
}

/** Maximum number of parallel requests. */
const concurrency = 8;

interface QueriedFile {
  readonly storePath: string;
  readonly size: number;
}

/**
 * The bytes that interrupted uploads can resume with, by store path. Compares only path and size. Undefined if the
 * store does not support sessions.
 * @param singleShot Files up to this size have no session.
 */
async function findResumableBytes(
  store: ImageStore,
  files: readonly QueriedFile[],
  singleShot = 256 * 1024,
  abortSignal: AbortSignal,
): Promise<ReadonlyMap<string, number> | undefined> {
  const sessionsOf = store.getUploadSessionsByPath?.bind(store);
  if (sessionsOf === undefined) return undefined;
  const resumable = new Map<string, number>();
  const queue = files.filter(({ size }) => size > singleShot).values();
  const ask = async () => {
    for (const { storePath, size } of queue) {
      const sessions = await sessionsOf({ storePath, abortSignal });
      const sameSize = sessions.filter(({ fileSize }) => fileSize === size);
      const most = Math.max(0, ...sameSize.map((session) => size - missingBytes(session)));
      if (most > 0) resumable.set(storePath, most);
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, ask));
    return resumable;
  } catch (error) {
    if (isUnknownOperation(error)) return undefined;
    throw error;
  }
}
