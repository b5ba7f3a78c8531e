import { join } from "node:path";
import { type Command, InvalidArgumentError } from "@commander-js/extra-typings";
import type { SelectionOptions } from "@sf-image-store/client/node";
import { readTextFile } from "../connection/text-file.js";
import { UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import type { Output } from "../output/output.js";
import { countText } from "../output/units.js";

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
    .option("--include <pattern>", "use only files that match; repeatable", appendPattern)
    .option(
      "--no-ignore-file",
      `do not apply the patterns in the ${ignoreFileName} file of a directory (never applied to archives)`,
    )
    .option(
      "--follow-symlinks",
      "read the targets of symbolic links, which are rejected by default, as if they were in the directory",
    );
}

function appendPattern(pattern: string, earlier: readonly string[] = []): readonly string[] {
  if (pattern.trim() === "") throw new InvalidArgumentError("Use a pattern such as '*.pdb' or Logs/.");
  return [...earlier, pattern];
}

/** What the patterns leave out. Undefined if there are none. The ignore file itself never belongs to a package. */
export async function excluder(
  { exclude = [], include = [], ignoreFile }: SelectionFlags,
  directory: string | undefined,
): Promise<SelectionOptions["exclude"]> {
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

/** Says how many paths were left out, and with `--verbose` which. */
export function reportExcluded(
  output: Pick<Output, "note" | "detail">,
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
