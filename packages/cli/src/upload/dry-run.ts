import type { Cli } from "../connection/cli.js";
import type { ImageStore } from "../connection/open-store.js";
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

/** Shows what an upload would do, without changing anything. */
export async function showPlan(
  cli: Cli,
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  flags: Flags,
): Promise<void> {
  const obstacle = await findUploadConflict(store, source, storePath, cli.signal);
  const destination: DestinationState | Blocked =
    obstacle === undefined
      ? await inspectDestination(store, source, storePath, cli.signal)
      : { state: "blocked", reason: obstacle };
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
  };
  const text = [
    ...(files.length === 0 ? [] : [table(files.map(row), ["right", "left", "left"])]),
    destination.state === "same"
      ? `Would send nothing: ${oneLine(storePath)} is already in the image store with the same content (${extentText(source)}).`
      : `Would send ${extentText(source)} to ${oneLine(storePath)}${resumableText(sum)}.`,
    ...consequences(storePath, destination, flags),
    "Nothing was changed.",
  ];
  cli.output.result({ ...document, files }, text.join("\n"));
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

function consequences(
  storePath: string,
  destination: DestinationState | Blocked,
  flags: Flags,
): readonly string[] {
  if (destination.state === "blocked") return [`The upload would fail: ${oneLine(destination.reason)}`];
  const where = oneLine(storePath);
  const { state, unexpected } = destination;
  if (state === "same") return [];
  if (state === "file") return [`Would overwrite the file ${where}.`];
  if (state === "complete") {
    if (!flags.replace) {
      return [
        `The upload would fail: ${where} already contains a complete package. Pass --replace to overwrite it.`,
      ];
    }
    return [
      flags.allowUnexpected
        ? `Would update the complete package ${where}. Its mark file is removed during the upload.`
        : `Would first delete the complete package ${where}.`,
    ];
  }
  if (unexpected.length === 0 || flags.allowUnexpected) return [];
  const what = `${countText(unexpected.length, "path")} that ${unexpected.length === 1 ? "is" : "are"} not in the package`;
  const list = unexpected.map((path) => `  ${oneLine(path)}`);
  return flags.replace
    ? [`Would first delete ${what}:`, ...list]
    : [`The upload would fail because of ${what} (see --replace, --allow-unexpected):`, ...list];
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
