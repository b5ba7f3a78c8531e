import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { type DirectoryContent, type WalkOptions, walkDirectory } from "@sf-image-store/client/node";
import { readTextFile } from "../connection/text-file.js";
import { UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import type { Output } from "../output/output.js";
import { countText } from "../output/units.js";

/** A local file, or a directory with its content. */
export type LocalSource = LocalFile | LocalPackage;

export interface LocalFile {
  readonly kind: "file";
  readonly path: string;
  readonly totalBytes: number;
}

export interface LocalPackage {
  readonly kind: "package";
  readonly path: string;
  readonly totalBytes: number;
  readonly content: DirectoryContent;
}

/** Options for what belongs to a package. */
export interface SelectionFlags {
  readonly exclude?: readonly string[] | undefined;
  readonly include?: readonly string[] | undefined;
  readonly ignoreFile: boolean;
  readonly followSymlinks?: boolean | undefined;
}

/** Patterns of paths that never belong to the package, as in a .gitignore file. */
export const ignoreFileName = ".sfignore";

/** Adds the options for what belongs to a package. */
export function addSelectionFlags<Args extends unknown[], Flags extends Record<string, unknown>>(
  command: Command<Args, Flags>,
) {
  return command
    .option(
      "--exclude <pattern>",
      "leave out files and folders that match, such as '*.pdb' or Logs/, as in a .gitignore file; repeatable",
      appendPattern,
    )
    .option("--include <pattern>", "leave out files that do not match; repeatable", appendPattern)
    .option("--no-ignore-file", `do not apply the patterns in the ${ignoreFileName} file of the directory`)
    .option(
      "--follow-symlinks",
      "read the targets of symbolic links, which are rejected by default, as if they were in the directory",
    );
}

function appendPattern(pattern: string, earlier: readonly string[] = []): readonly string[] {
  if (pattern.trim() === "") throw new InvalidArgumentError("Use a pattern such as '*.pdb' or Logs/.");
  return [...earlier, pattern];
}

/** Throws UsageError if the path does not exist. */
export async function kindOf(path: string): Promise<LocalSource["kind"]> {
  return (await statsOf(path)).isDirectory() ? "package" : "file";
}

/** Where `readSource` reports what it left out. */
interface SourceReader {
  readonly output: Pick<Output, "note" | "detail">;
  readonly signal: AbortSignal;
}

/** Throws UsageError if the path does not exist, and InvalidInputError if the directory cannot be uploaded. */
export async function readSource(
  { output, signal }: SourceReader,
  path: string,
  flags: SelectionFlags,
): Promise<LocalSource> {
  const stats = await statsOf(path);
  if (stats.isFile()) {
    await rejectExcludedFile(path, flags);
    return { kind: "file", path, totalBytes: stats.size };
  }
  if (!stats.isDirectory()) throw new UsageError(`${path} is neither a file nor a directory.`);
  return packageOf(path, await readDirectory({ output, signal }, path, flags));
}

/** A compressed copy of a package. Disposing it deletes it. */
export interface CompressedSource extends AsyncDisposable {
  readonly source: LocalPackage;
}

/** Compresses a copy of a package, as clusters expect it. Throws UsageError for a file. */
export async function compressed(
  { output, signal }: SourceReader,
  original: LocalSource,
): Promise<CompressedSource> {
  const { path } = original;
  if (original.kind === "file") {
    throw new UsageError(`--compress requires the directory of a package, but ${path} is a file.`);
  }
  const [{ packToTemporaryCopy }, { nothingToCompressText }] = await Promise.all([
    import("../packing/write-package.js"),
    import("../packing/plan.js"),
  ]);
  output.note(`Compressing ${oneLine(path)}...`);
  const copy = await packToTemporaryCopy(path, signal, original.content);
  if (copy.archives === 0) output.note(nothingToCompressText);
  const dispose = () => copy[Symbol.asyncDispose]();
  try {
    // Report the original path, not that of the temporary copy.
    const content = await walkDirectory(copy.directory, { abortSignal: signal });
    return { source: packageOf(path, content), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function packageOf(path: string, content: DirectoryContent): LocalPackage {
  const totalBytes = content.files.reduce((sum, { size }) => sum + size, 0);
  return { kind: "package", path, totalBytes, content };
}

/** Reads a directory, and reports what was left out and which links lead out of it. */
export async function readDirectory(
  { output, signal }: SourceReader,
  path: string,
  flags: SelectionFlags,
): Promise<DirectoryContent> {
  const exclude = await excluder(flags, path);
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

/** What the patterns leave out. Undefined if there are none. The ignore file itself never belongs to a package. */
async function excluder(
  { exclude = [], include = [], ignoreFile }: SelectionFlags,
  directory: string | undefined,
): Promise<WalkOptions["exclude"]> {
  const ignored = ignoreFile && directory !== undefined ? await readIgnoreFile(directory) : undefined;
  if (ignored === undefined && exclude.length + include.length === 0) return undefined;
  const { default: ignore } = await import("ignore");
  // Later patterns take precedence, so that the command line can override the file.
  const excluded = ignore()
    .add(ignored ?? "")
    .add([...exclude]);
  if (ignored !== undefined) excluded.add(`/${ignoreFileName}`);
  const included = include.length === 0 ? undefined : ignore().add([...include]);
  return (path, kind) =>
    (kind === "file" && included?.ignores(path) === false) ||
    excluded.ignores(kind === "folder" ? `${path}/` : path);
}

async function readIgnoreFile(directory: string): Promise<string | undefined> {
  const path = join(directory, ignoreFileName);
  try {
    return await readTextFile(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`Cannot read the ignore file: ${reason}. To ignore it, pass --no-ignore-file.`, {
      cause,
    });
  }
}

function reportExcluded(
  output: SourceReader["output"],
  path: string,
  excluded: readonly string[],
  { exclude, include }: SelectionFlags,
): void {
  for (const one of excluded) output.detail(`Left out: ${oneLine(one)}`, { excluded: one });
  // A misspelled pattern must not go unnoticed.
  if (excluded.length > 0 || exclude !== undefined || include !== undefined) {
    output.note(
      `Left out ${excluded.length === 0 ? "nothing" : countText(excluded.length, "path")} of ${oneLine(path)} because of patterns.`,
      { excludedPaths: excluded.length },
    );
  }
}

/** A file that the user names and excludes at the same time. */
async function rejectExcludedFile(path: string, flags: SelectionFlags): Promise<void> {
  const exclude = await excluder(flags, undefined);
  if (exclude?.(nameOfFile(path), "file") !== true) return;
  throw new UsageError(`Nothing to upload: --exclude or --include leaves out ${path}.`);
}

function nameOfFile(path: string): string {
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
