import type { Cli } from "../connection/cli.js";
import type { ImageStore } from "../connection/open-store.js";
import { oneLine } from "../output/escape.js";
import { table } from "../output/table.js";
import { countText, sizeText } from "../output/units.js";
import { isUnknownOperation, missingBytes } from "../store/sessions.js";
import { type AtDestination, lookAtDestination, uploadObstacle } from "./destination.js";
import type { TransferFlags } from "./flags.js";
import { extentText } from "./messages.js";
import type { LocalSource } from "./transfer.js";

interface Flags extends TransferFlags {
  readonly replace?: boolean | undefined;
  readonly allowUnexpected?: boolean | undefined;
}

/** Something of another kind is where the upload should go. */
interface Blocked {
  readonly state: "blocked";
  readonly reason: string;
}

interface PlannedFile {
  readonly storePath: string;
  readonly size: number;
  /** What the cluster holds of it from an upload that was interrupted. Null where it cannot tell. */
  readonly heldBytes: number | null;
}

/** Shows what an upload would do. Only asks. */
export async function showPlan(
  cli: Cli,
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  flags: Flags,
): Promise<void> {
  const obstacle = await uploadObstacle(store, source, storePath, cli.signal);
  const destination: AtDestination | Blocked =
    obstacle === undefined
      ? await lookAtDestination(store, source, storePath, cli.signal)
      : { state: "blocked", reason: obstacle };
  const held = await heldBytes(store, filesOf(source, storePath), flags.maxSingleShot, cli.signal);
  const files = filesOf(source, storePath).map(
    (file): PlannedFile => ({ ...file, heldBytes: held?.get(file.storePath) ?? (held ? 0 : null) }),
  );
  const sum = held === undefined ? null : [...held.values()].reduce((total, bytes) => total + bytes, 0);
  const { kind, path, totalBytes } = source;
  const document = { dryRun: true, kind, source: path, storePath, totalBytes, heldBytes: sum, destination };
  const text = [
    ...(files.length === 0 ? [] : [table(files.map(row), ["right", "left", "left"])]),
    destination.state === "same"
      ? `Would send nothing: ${oneLine(storePath)} is already in the image store with the same content (${extentText(source)}).`
      : `Would send ${extentText(source)} to ${oneLine(storePath)}${heldText(sum)}.`,
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

function row({ storePath, size, heldBytes }: PlannedFile): readonly string[] {
  return [sizeText(size), oneLine(storePath), heldBytes ? `(${sizeText(heldBytes)} already uploaded)` : ""];
}

/** By path and size: whether the content is the same shows only when it is sent. */
function heldText(bytes: number | null): string {
  if (bytes === null) return "; this gateway cannot resume an interrupted upload";
  return bytes === 0 ? "" : `; up to ${sizeText(bytes)} are already there from an interrupted upload`;
}

function consequences(
  storePath: string,
  destination: AtDestination | Blocked,
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

/** How many questions are under way at a time. */
const concurrency = 8;

interface AskedFile {
  readonly storePath: string;
  readonly size: number;
}

/**
 * What the cluster holds of files from uploads that were interrupted, by store path: as far as path and size tell.
 * Undefined for a store that keeps no sessions.
 * @param singleShot Files up to this size have none.
 */
async function heldBytes(
  store: ImageStore,
  files: readonly AskedFile[],
  singleShot = 256 * 1024,
  abortSignal: AbortSignal,
): Promise<ReadonlyMap<string, number> | undefined> {
  const sessionsOf = store.getUploadSessionsByPath?.bind(store);
  if (sessionsOf === undefined) return undefined;
  const held = new Map<string, number>();
  const queue = files.filter(({ size }) => size > singleShot).values();
  const ask = async () => {
    for (const { storePath, size } of queue) {
      const sessions = await sessionsOf({ storePath, abortSignal });
      const alike = sessions.filter(({ fileSize }) => fileSize === size);
      const most = Math.max(0, ...alike.map((session) => size - missingBytes(session)));
      if (most > 0) held.set(storePath, most);
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, ask));
    return held;
  } catch (error) {
    if (isUnknownOperation(error)) return undefined;
    throw error;
  }
}
