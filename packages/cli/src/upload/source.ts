import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import {
  type ClosableSource,
  type DirectoryContent,
  isInvalidInputError,
  type LocalContent,
} from "@sf-image-store/client/node";
import type { Cli } from "../connection/cli.js";
import { UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { sizeText } from "../output/units.js";
import {
  addSelectionFlags,
  excluder,
  ignoreFileName,
  reportExcluded,
  type SelectionFlags,
} from "./patterns.js";

/** A local file, or a package: a directory or archive with its content. Must be disposed. */
export type LocalSource = LocalFile | LocalPackage;

export interface LocalFile extends AsyncDisposable {
  readonly kind: "file";
  /** The path as it was given. `-` for standard input. */
  readonly path: string;
  readonly totalBytes: number;
  /** The content of standard input. */
  readonly content?: ClosableSource;
}

export interface LocalPackage extends AsyncDisposable {
  readonly kind: "package";
  readonly path: string;
  readonly totalBytes: number;
  readonly content: LocalContent;
}

/** Options for how to read a source. */
export interface SourceFlags extends SelectionFlags {
  /** Whether to read an archive as a package. By default `.sfpkg` files are. */
  readonly unpack?: boolean | undefined;
}

/** Adds the options for how to read a source. */
export function addSourceFlags<Args extends unknown[], Flags extends Record<string, unknown>>(
  command: Command<Args, Flags>,
) {
  return addSelectionFlags(
    command
      .option("--unpack", "use the content of a zip archive as the package (default for .sfpkg files)")
      .option("--no-unpack", "use an .sfpkg file itself"),
  );
}

/** What a path names, before it is read. */
export interface FoundSource {
  readonly path: string;
  readonly form: "file" | "directory" | "archive" | "standard input";
  readonly kind: LocalSource["kind"];
  readonly size: number;
}

/** Throws UsageError if the path does not exist. */
export async function findSource(path: string, { unpack }: SourceFlags): Promise<FoundSource> {
  if (path === "-") return { path, form: "standard input", kind: "file", size: 0 };
  const stats = await statsOf(path);
  const { size } = stats;
  if (stats.isDirectory()) return { path, form: "directory", kind: "package", size };
  if (!stats.isFile()) throw new UsageError(`${path} is neither a file nor a directory.`);
  const isArchive = unpack ?? /\.sfpkg$/i.test(path);
  return isArchive
    ? { path, form: "archive", kind: "package", size }
    : { path, form: "file", kind: "file", size };
}

/** The context of a command that reads sources. Receives notes about what was left out. */
type SourceReader = Pick<Cli, "output" | "signal" | "stdin">;

/** Throws UsageError or InvalidInputError if the source cannot be uploaded. */
export async function readSource(
  reader: SourceReader,
  source: FoundSource,
  flags: SourceFlags,
): Promise<LocalSource> {
  const { path, form, size } = source;
  reader.output.status(form === "standard input" ? "Reading standard input" : `Reading ${path}`);
  if (form === "standard input") return readStandardInput(reader);
  if (form === "archive") return readArchive(reader, path, flags);
  if (form === "directory") return packageOf(path, await readDirectory(reader, path, flags));
  await rejectExcludedFile(path, flags);
  return { kind: "file", path, totalBytes: size, [Symbol.asyncDispose]: async () => {} };
}

/** Reads a directory, or any file as an archive, for commands that take only packages. Throws UsageError or InvalidInputError. */
export async function readPackage(
  reader: SourceReader,
  path: string,
  flags: SelectionFlags,
): Promise<LocalPackage> {
  const { form } = await findSource(path, { ...flags, unpack: true });
  reader.output.status(`Reading ${path}`);
  if (form === "archive") return readArchive(reader, path, { ...flags, unpack: true });
  if (form === "directory") return packageOf(path, await readDirectory(reader, path, flags));
  throw new UsageError("Standard input (-) cannot be read as a package. Specify a directory or an archive.");
}

function packageOf(
  path: string,
  content: LocalContent,
  dispose: () => PromiseLike<void> = async () => {},
): LocalPackage {
  const totalBytes = content.files.reduce((sum, { size }) => sum + size, 0);
  return { kind: "package", path, totalBytes, content, [Symbol.asyncDispose]: dispose };
}

async function readArchive(
  { output, signal }: SourceReader,
  path: string,
  flags: SourceFlags,
): Promise<LocalPackage> {
  const exclude = await excluder(flags, undefined);
  const { openArchive } = await import("@sf-image-store/client/node");
  const archive = await openArchive(path, {
    abortSignal: signal,
    ...(exclude === undefined ? {} : { exclude }),
  });
  if (flags.unpack === undefined) {
    output.note(`Using the content of ${oneLine(path)}. To use the file itself, pass --no-unpack.`);
  }
  reportExcluded(output, path, archive.excluded, flags);
  if (flags.ignoreFile && archive.files.some(({ relativePath }) => relativePath === ignoreFileName)) {
    output.note(
      `${oneLine(path)} contains ${ignoreFileName}. Its patterns are not applied, because they are only for directories. To leave files of an archive out, pass --exclude.`,
    );
  }
  return packageOf(path, archive, () => archive[Symbol.asyncDispose]());
}

/** More is probably a mistake, and would fill the disk. */
const maxInputBytes = 16 * 1024 ** 3;

/** Copies standard input to a temporary file, because uploads need its size and may have to read it again. */
export async function readStandardInput(
  { stdin, signal }: Pick<SourceReader, "stdin" | "signal">,
  maxBytes = maxInputBytes,
): Promise<LocalFile> {
  if (stdin.isTTY === true) {
    throw new UsageError(
      "Standard input is a terminal. Pipe the content into the command, or specify a path.",
    );
  }
  const { asDiskFullError, temporaryFolderText } = await import("../packing/plan.js");
  try {
    const { spoolStream } = await import("@sf-image-store/client/node");
    const content = await spoolStream(stdin, { maxBytes, abortSignal: signal });
    return {
      ...{ kind: "file", path: "-", totalBytes: content.size, content },
      [Symbol.asyncDispose]: () => content.close(),
    };
  } catch (cause) {
    if (!isInvalidInputError(cause))
      throw asDiskFullError(cause, temporaryFolderText("the content of standard input"));
    throw new UsageError(
      `Standard input has more than ${sizeText(maxBytes)}. Write it to a file, and specify its path.`,
      { cause },
    );
  }
}

/** Compresses a copy of a package, as clusters expect it. Disposing it deletes the copy. Throws UsageError for a file. */
export async function compressed(
  { output, signal }: SourceReader,
  original: LocalSource,
): Promise<LocalPackage> {
  const { path } = original;
  if (original.kind === "file") {
    throw new UsageError(`--compress requires a package, but ${path} is a file.`);
  }
  const [{ packToTemporaryCopy }, { nothingToCompressText }] = await Promise.all([
    import("../packing/write-package.js"),
    import("../packing/plan.js"),
  ]);
  output.note(`Compressing ${oneLine(path)}...`);
  output.status(`Compressing ${path}`);
  const copy = await packToTemporaryCopy(path, signal, original.content);
  if (copy.archives === 0) output.note(nothingToCompressText);
  const dispose = async () => copy[Symbol.asyncDispose]();
  try {
    // Report the original path, not that of the temporary copy.
    const { walkDirectory } = await import("@sf-image-store/client/node");
    const content = await walkDirectory(copy.directory, { abortSignal: signal });
    return packageOf(path, content, dispose);
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Reads a directory, and reports what was left out and which links lead out of it. */
export async function readDirectory(
  { output, signal }: Pick<SourceReader, "output" | "signal">,
  path: string,
  flags: SelectionFlags,
): Promise<DirectoryContent> {
  const exclude = await excluder(flags, path);
  const { walkDirectory } = await import("@sf-image-store/client/node");
  const content = await walkDirectory(path, {
    abortSignal: signal,
    followSymlinks: flags.followSymlinks === true,
    ...(exclude === undefined ? {} : { exclude }),
  });
  reportExcluded(output, path, content.excluded, flags);
  for (const { relativePath, target } of content.links) {
    output.detail(`Followed the symbolic link ${oneLine(relativePath)} to ${oneLine(target)}.`);
  }
  const outside = content.links.filter(({ isOutside }) => isOutside);
  if (outside.length > 0) {
    const what = outside.length === 1 ? "1 symbolic link leads" : `${outside.length} symbolic links lead`;
    const list = outside.map((one) => `${oneLine(one.relativePath)} -> ${oneLine(one.target)}`);
    const more = list.length > 5 ? `, and ${list.length - 5} more (see --verbose)` : "";
    output.note(`${what} out of ${oneLine(path)}: ${list.slice(0, 5).join(", ")}${more}.`);
  }
  return content;
}

/** A file that the user names and excludes at the same time. */
async function rejectExcludedFile(path: string, flags: SelectionFlags): Promise<void> {
  const exclude = await excluder(flags, undefined);
  if (exclude?.(nameOfFile(path), "file") !== true) return;
  throw new UsageError(`Nothing to upload: --exclude or --include leaves out ${path}.`);
}

/** The name of a local file. */
export function nameOfFile(path: string): string {
  return resolve(path).split(/[/\\]/).at(-1) ?? "";
}

async function statsOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason =
      code === "ENOENT"
        ? `${resolve(path)} does not exist.`
        : `Cannot read ${path}: ${String(code ?? error)}.`;
    throw new UsageError(reason, { cause: error });
  }
}
