import { isInvalidInputError, type PackageBase } from "@sf-image-store/client/node";
import type { Cli } from "../connection/cli.js";
import type { ImageStore } from "../connection/open-store.js";
import { type FailureCode, UploadsError, UsageError } from "../errors/errors.js";
import { explain, type FailureDocument } from "../errors/explain.js";
import { factsOf } from "../errors/facts.js";
import { oneLine } from "../output/escape.js";
import { countText, elapsedText, sizeText } from "../output/units.js";
import { destinationOf, findUploadConflict } from "./destination.js";
import { completedText, translateInputError } from "./messages.js";
import { excluder } from "./patterns.js";
import {
  compressed,
  type FoundSource,
  findSource,
  type LocalPackage,
  type LocalSource,
  nameOfFile,
  readSource,
  type SourceFlags,
} from "./source.js";
import type { Uploaded } from "./transfer.js";

/** What to upload, and where to. */
export interface Target {
  readonly found: FoundSource;
  readonly storePath: string;
}

interface TargetFlags extends SourceFlags {
  readonly to?: string | undefined;
}

/** Finds the sources and their destinations. Throws one UsageError for all paths that do not exist or have the same destination. */
export async function findTargets(
  { output }: Pick<Cli, "output">,
  paths: readonly string[],
  flags: TargetFlags,
): Promise<readonly Target[]> {
  const { to } = flags;
  if (paths.length > 1) {
    if (paths.includes("-")) throw new UsageError("Standard input (-) cannot be combined with other paths.");
    if (to !== undefined && !/[/\\]$/.test(to)) {
      throw new UsageError(`With several paths, --to must be a folder. End it with a slash: --to ${to}/`);
    }
  }
  const exclude = paths.length > 1 ? await excluder(flags, undefined) : undefined;
  const targets: Target[] = [];
  await forAll(paths, async (path) => {
    const found = await findSource(path, flags);
    if (found.form === "file" && exclude?.(nameOfFile(path), "file") === true) {
      output.note(`Left out ${oneLine(path)} because of patterns.`);
    } else targets.push({ found, storePath: destinationOf(found, to) });
  });
  if (targets.length === 0) throw new UsageError("Nothing to upload: the patterns leave out all paths.");
  rejectOverlaps(targets);
  return targets;
}

/** Gateways on Windows ignore case. Two sources that share a destination would replace each other. */
function rejectOverlaps(targets: readonly Target[]): void {
  const overlaps = targets.flatMap((target, index) => {
    const key = `${target.storePath.toLowerCase()}/`;
    const other = targets.slice(0, index).find(({ storePath }) => {
      const otherKey = `${storePath.toLowerCase()}/`;
      return key.startsWith(otherKey) || otherKey.startsWith(key);
    });
    return other === undefined
      ? []
      : [`${target.found.path} and ${other.found.path} would both be uploaded to ${target.storePath}.`];
  });
  if (overlaps.length > 0) throw new UsageError(overlaps.join("\n"));
}

/** A source that was read, with its destination. */
export interface PlannedUpload {
  readonly source: LocalSource;
  readonly storePath: string;
  /** What was uploaded to --base. */
  readonly old: LocalPackage | undefined;
}

interface BaseFlags {
  readonly base?: string | undefined;
  readonly baseDir?: string | undefined;
}

/** What was uploaded to --base. Throws UsageError. */
export async function readBase(
  cli: Cli,
  { kind, path }: LocalSource,
  flags: SourceFlags & BaseFlags,
): Promise<LocalPackage | undefined> {
  const { base, baseDir } = flags;
  if (base === undefined && baseDir === undefined) return undefined;
  if (base === undefined || baseDir === undefined) {
    throw new UsageError(
      "Use --base and --base-dir together: the package in the image store, and the directory that was uploaded there.",
    );
  }
  if (kind === "file") throw new UsageError(`--base requires a package, but ${path} is a file.`);
  const found = await findSource(baseDir, flags);
  if (found.kind === "file") {
    const what =
      baseDir === "-" ? "- is standard input" : `${baseDir} is a file. If it is an archive, pass --unpack`;
    throw new UsageError(
      `--base-dir must be the directory or .sfpkg file that was uploaded to --base, but ${what}.`,
    );
  }
  const old = await readSource(cli, found, flags);
  return old.kind === "package" ? old : undefined;
}

/** The base of an upload for the client. */
export function baseOf({ old }: PlannedUpload, storePath: string | undefined): PackageBase | undefined {
  return old === undefined || storePath === undefined ? undefined : { storePath, content: old.content };
}

/** Throws one UsageError for all destinations that are not free. */
export async function checkDestinations(
  store: ImageStore,
  uploads: readonly PlannedUpload[],
  abortSignal: AbortSignal,
): Promise<void> {
  await forAll(uploads, async ({ source, storePath }) => {
    const obstacle = await findUploadConflict(store, source, storePath, abortSignal);
    if (obstacle !== undefined) throw new UsageError(obstacle);
  });
}

/** Throws one UsageError for all names that cannot be uploaded. */
export async function checkNames(store: ImageStore, uploads: readonly PlannedUpload[]): Promise<void> {
  await forAll(
    uploads,
    ({ source, storePath }) =>
      store.checkNames(source.kind === "file" ? { files: [] } : source.content, storePath),
    ({ source }) => source.path,
  );
}

/**
 * Calls `check` for each item, and throws one UsageError for all that fail.
 * @param nameOf The name of an item, for messages that do not contain it.
 */
export async function forAll<Item>(
  items: readonly Item[],
  check: (item: Item) => Promise<void>,
  nameOf?: (item: Item) => string,
): Promise<void> {
  const failures: UsageError[] = [];
  for (const item of items) {
    try {
      await check(item);
    } catch (error) {
      const failure = isInvalidInputError(error) ? translateInputError(error) : error;
      if (!(failure instanceof UsageError)) throw error;
      const name = nameOf === undefined || items.length === 1 ? "" : `${nameOf(item)}: `;
      failures.push(new UsageError(name + failure.message, { cause: error }));
    }
  }
  const [first, ...others] = failures;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  const ending = /\.?\nNothing was sent\.$/;
  const messages = failures.map(({ message }) => message.replace(ending, "."));
  throw new UsageError(`${messages.join("\n")}\nNothing was sent.`, { cause: first });
}

/** The outcome of one source, for programs. */
type Outcome =
  | ({ readonly ok: true } & Uploaded)
  | {
      readonly ok: false;
      readonly source: string;
      readonly storePath: string;
      /** Null if the upload did not begin because of an earlier failure. */
      readonly error: FailureDocument | null;
    };

/** The worst outcome first. */
const severity: readonly FailureCode[] = [
  ...(["interrupted", "authentication", "failed", "timeOut"] as const),
  ...(["verification", "notFound", "usage"] as const),
];

/**
 * Uploads one source after the other and prints one summary. A failure does not stop the others, unless they would fail for
 * the same reason. Returns the summary. Throws UploadsError if any failed.
 */
export async function uploadEach(
  { output, signal }: Cli,
  uploads: readonly PlannedUpload[],
  upload: (one: PlannedUpload) => Promise<Uploaded>,
): Promise<string> {
  const begin = performance.now();
  const outcomes: Outcome[] = [];
  const failures: { readonly path: string; readonly document: FailureDocument; readonly text: string }[] = [];
  let isStopped = false;
  for (const one of uploads) {
    const { path } = one.source;
    const { storePath } = one;
    if (isStopped) {
      outcomes.push({ ok: false, source: path, storePath, error: null });
      continue;
    }
    try {
      const uploaded = await upload(one);
      outcomes.push({ ok: true, ...uploaded });
      output.note(completedText(uploaded));
    } catch (error) {
      const { document, text } = explain(translateInputError(error), { isInterrupted: signal.aborted });
      outcomes.push({ ok: false, source: path, storePath, error: document });
      // Refers only to this source.
      failures.push({ path, document, text: text.replace(/\nNothing was sent\.(?=\n|$)/, "") });
      isStopped = stopsOthers(document, error);
    }
  }
  const done = outcomes.flatMap((one) => (one.ok ? [one] : []));
  const durationMs = Math.round(performance.now() - begin);
  const total = (figure: (one: Uploaded) => number) => done.reduce((sum, one) => sum + figure(one), 0);
  const figures = {
    files: total(({ files }) => files),
    totalBytes: total(({ totalBytes }) => totalBytes),
    sentBytes: total(({ sentBytes }) => sentBytes),
    resumedBytes: total(({ resumedBytes }) => resumedBytes),
    durationMs,
  };
  const extent = `${countText(figures.files, "file")}, ${sizeText(figures.totalBytes)} in ${elapsedText(durationMs)}`;
  const [worst] = failures.toSorted(
    (a, b) => severity.indexOf(a.document.code) - severity.indexOf(b.document.code),
  );
  if (worst === undefined) {
    const unsent = done.filter(({ alreadyThere }) => alreadyThere).length;
    const note =
      unsent === 0 ? "" : ` ${unsent === done.length ? "All" : unsent} of them were already there.`;
    const text = `${countText(done.length, "path")} are in the image store: ${extent}.${note}`;
    output.result({ uploads: outcomes, ...figures }, text, "uploads");
    return text;
  }
  const skipped = outcomes.length - done.length - failures.length;
  const message = [
    `${done.length} of ${countText(outcomes.length, "path")} are in the image store${done.length === 0 ? "" : ` (${extent})`}.`,
    ...failures.map(({ path, text }) => `${oneLine(path)}: ${text}`),
    ...(skipped === 0
      ? []
      : [`${countText(skipped, "path")} after that ${skipped === 1 ? "was" : "were"} not uploaded.`]),
  ].join("\n");
  throw new UploadsError(message, worst.document, { uploads: outcomes, ...figures });
}

/** Whether the next upload would fail for the same reason. */
function stopsOthers({ code }: FailureDocument, error: unknown): boolean {
  return code === "interrupted" || code === "authentication" || factsOf(error).network !== undefined;
}

/** Compresses the sources and bases. Adds the copies, which have to be closed, to `opened`. */
export async function compressEach(
  cli: Cli,
  uploads: readonly PlannedUpload[],
  opened: LocalSource[],
): Promise<readonly PlannedUpload[]> {
  const copies: PlannedUpload[] = [];
  const compress = async (source: LocalSource) => {
    const copy = await compressed(cli, source);
    opened.push(copy);
    return copy;
  };
  for (const { source, storePath, old } of uploads) {
    const copy = await compress(source);
    copies.push({ source: copy, storePath, old: old === undefined ? undefined : await compress(old) });
  }
  return copies;
}
