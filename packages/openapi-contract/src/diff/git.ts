import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix, relative, resolve } from "node:path";
import { SpecError } from "../document/json.js";
import { displayPath } from "../document/load.js";

/** Files of a git revision, taken out into a folder of their own. */
export interface Checkout extends Disposable {
  /** Where the document is now. */
  readonly file: string;
  /** Problems with the files of the checkout, named as `REV:path`. */
  named(error: SpecError): SpecError;
}

/**
 * Takes a document out of a revision, together with the files that it refers to and the ones that `beside` names. Neither
 * the index nor the working tree of the repository is touched.
 * @param folder A folder in the repository.
 * @param path The document, relative to that folder.
 */
export function checkOut(
  folder: string,
  revision: string,
  path: string,
  beside: readonly string[],
): Checkout {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], maxBuffer: 2 ** 30 });
  const commit = resolveRevision(git, revision);
  const root = realpathSync(git("rev-parse", "--show-toplevel").toString().trim());
  const inRepository = (file: string) => relative(root, file).replaceAll("\\", "/");
  const document = inRepository(resolve(realpathSync(folder), path));
  const scratch = mkdtempSync(join(tmpdir(), "openapi-contract-revision-"));
  const take = (file: string): boolean => {
    const content = readBlob(git, commit, file);
    if (content === undefined) return false;
    mkdirSync(dirname(join(scratch, file)), { recursive: true });
    writeFileSync(join(scratch, file), content);
    if (/\.(json|ya?ml)$/.test(file)) found.push(...filesIn(content.toString("utf8"), file));
    return true;
  };
  const found: string[] = [];
  try {
    if (!take(document)) throw unusable(`${revision}:${document}`, "does not exist in this revision");
    for (const file of beside) take(inRepository(resolve(realpathSync(folder), file)));
    const taken = new Set([document]);
    for (const file of found) {
      if (taken.has(file)) continue;
      taken.add(file);
      take(file);
    }
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true });
    throw error;
  }
  const shown = `${displayPath(scratch)}/`;
  const rename = (file: string) => file.replace(shown, () => `${revision}:`);
  return {
    file: join(scratch, document),
    named: (error) =>
      new SpecError(
        error.problems.map((each) => ({ ...each, file: rename(each.file), message: rename(each.message) })),
        { cause: error },
      ),
    [Symbol.dispose]: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

type Git = (...args: string[]) => Buffer;

function resolveRevision(git: Git, revision: string): string {
  try {
    return git("rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`)
      .toString()
      .trim();
  } catch (cause) {
    throw unusable(
      revision,
      "is neither a file nor a revision that this clone has (a shallow clone has only its last)",
      cause,
    );
  }
}

/** The content of a file; undefined where the revision has no such file. */
function readBlob(git: Git, commit: string, file: string): Buffer | undefined {
  try {
    return git("cat-file", "blob", `${commit}:${file}`);
  } catch {
    return undefined;
  }
}

/** The files that a document refers to, relative to the repository. A text that only looks like a reference does no harm. */
function filesIn(text: string, file: string): string[] {
  const references = text.matchAll(/\$ref["']?\s*:\s*["']?([^"'#\s,}]+)/g);
  return [...references].flatMap(([, reference = ""]) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(reference)) return [];
    const path = posix.join(posix.dirname(file), decode(reference));
    return path.startsWith("..") ? [] : [path];
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function unusable(file: string, message: string, cause?: unknown): SpecError {
  return new SpecError([{ file, pointer: "", message }], { cause });
}
