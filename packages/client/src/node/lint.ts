import type { LintBase } from "../package/lint.js";
import type { LintedPackage, LintFinding } from "../package/manifest.js";
import type { PackageContent, PackageFile } from "../package/package-options.js";
import {
  type EngineSource,
  engineSource,
  inMemory,
  planChunks,
  readRange,
  wholeOf,
} from "../upload/byte-source.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import { packageContent } from "./client.js";

/** Options of `lintDirectory`. */
export interface LintOptions {
  /**
   * The directory or content of an older version that clusters have, to find content that changed under the same version. Both
   * are read completely. @default none
   */
  readonly base?: string | URL | PackageContent;
  readonly abortSignal?: AbortSignal;
}

const lintOptionNames: OptionNames<LintOptions> = { base: true, abortSignal: true };

/**
 * Checks the manifests of an application package: see LintCode. Sends nothing. Rejects with InvalidInputError for a directory that
 * cannot be uploaded, and with SourceError for a file that cannot be read.
 * @param directory The path or `file:` URL of a directory, or a PackageContent.
 */
export async function lintDirectory(
  directory: string | URL | PackageContent,
  options: LintOptions = {},
): Promise<readonly LintFinding[]> {
  requireOptions("lintDirectory", options, lintOptionNames);
  const { base, abortSignal = new AbortController().signal } = options;
  // Only now, because an upload without manifests needs no XML parser.
  const { lintPackage } = await import("../package/lint.js");
  const content = await packageContent("directory", directory, abortSignal);
  abortSignal.throwIfAborted();
  const linted = await readManifests(content, abortSignal);
  if (base === undefined) return lintPackage(linted);
  const oldContent = await packageContent("base", base, abortSignal);
  abortSignal.throwIfAborted();
  const old = await readManifests(oldContent, abortSignal);
  const known: LintBase = { ...old, changed: await changedPaths(content, oldContent, abortSignal) };
  return lintPackage(linted, known);
}

/** Reads what the lint needs. */
export async function readManifests(content: PackageContent, signal: AbortSignal): Promise<LintedPackage> {
  const { files, folders = [] } = content;
  const { isManifest } = await import("../package/manifest.js");
  const texts = new Map<string, string>();
  for (const file of files) {
    if (!isManifest(file.relativePath)) continue;
    texts.set(file.relativePath, await withSource(file, (source) => textOf(source, signal)));
  }
  return { files: files.map(({ relativePath }) => relativePath), folders, texts };
}

async function textOf(source: EngineSource, abortSignal: AbortSignal): Promise<string> {
  if (source.size === 0) return "";
  const range = await readRange(source, wholeOf(source.size), { abortSignal });
  return decodeText(await inMemory(range, abortSignal));
}

/** Manifests are usually UTF-8, but Windows tools also write UTF-16 with a byte order mark. */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

/** The paths of files that are in only one package, or differ. */
async function changedPaths(
  content: PackageContent,
  old: PackageContent,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const before = new Map(old.files.map((file) => [file.relativePath, file]));
  const changed: string[] = [];
  for (const file of content.files) {
    const other = before.get(file.relativePath);
    before.delete(file.relativePath);
    if (other === undefined || !(await hasSameContent(file, other, signal))) changed.push(file.relativePath);
  }
  return [...changed, ...before.keys()];
}

const pieceSize = 1024 * 1024;

async function hasSameContent(
  one: PackageFile,
  other: PackageFile,
  abortSignal: AbortSignal,
): Promise<boolean> {
  if (one.size !== other.size || one.size === 0) return one.size === other.size;
  return withSource(one, (a) =>
    withSource(other, async (b) => {
      for (const piece of planChunks(one.size, pieceSize, undefined)) {
        const [left, right] = await Promise.all(
          [a, b].map(async (source) =>
            inMemory(await readRange(source, piece, { abortSignal }), abortSignal),
          ),
        );
        if (left === undefined || right === undefined || Buffer.compare(left, right) !== 0) return false;
      }
      return true;
    }),
  );
}

async function withSource<Value>(
  file: PackageFile,
  use: (source: EngineSource) => Promise<Value>,
): Promise<Value> {
  const source = await file.open();
  try {
    return await use(engineSource(source));
  } finally {
    if ("close" in source) await source.close?.();
  }
}
