import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { isObject, SpecError } from "../document/json.js";
import type { Project } from "../document/project.js";
import { type Level, worst } from "./change.js";
import type { Report } from "./report.js";
import { othersOf, sentenceOf } from "./report.js";

export interface Written {
  readonly file: string;
  readonly isNew: boolean;
}

/**
 * Writes the changeset of a report into the folder .changeset of the project. Its name follows from its text: the same changes
 * give the same file, and a file that is there is left as it is. Nothing is written without a change.
 */
export function writeChangeset({ root, packages }: Project, report: Report): Written | undefined {
  if (report.verdict === "none") return undefined;
  const text = changesetOf(packages, report);
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 8);
  const file = `.changeset/contract-${report.verdict}-${digest}.md`;
  const isNew = !existsSync(join(root, file));
  if (isNew) writeFileSync(join(root, file), text);
  return { file, isNew };
}

/** The text of a changeset for the packages, with a line per change. */
export function changesetOf(packages: readonly string[], { verdict, changes }: Report): string {
  const front = packages.map((name) => `"${name}": ${verdict}\n`).join("");
  const told = changes.filter((change) => change.rule !== "shared-part-changed");
  const lines = (told.length === 0 ? changes : told).map((change) => {
    const what = change.kind === "contract" ? "" : `\`${change.name}\`: `;
    const also = change.others === undefined ? "" : `, also ${othersOf(change)}`;
    return `- ${what}${sentenceOf(change)}${also}\n`;
  });
  return `---\n${front}---\n\nThe API changed:\n\n${lines.join("")}`;
}

/** The highest level that a changeset in `root` gives to the package. A changeset that cannot be read throws SpecError. */
export function pendingLevel(root: string, name: string): { level: Level; files: string[] } {
  const folder = join(root, ".changeset");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = names
    .filter((file) => file.endsWith(".md") && file !== "README.md")
    .map((file) => ({ file: `.changeset/${file}`, level: levelIn(join(folder, file), file, name) }))
    .filter(({ level }) => level !== "none");
  const level = worst(found.map((each) => each.level));
  return { level, files: found.filter((each) => each.level === level).map(({ file }) => file) };
}

function levelIn(path: string, file: string, name: string): Level {
  const front = /^---\r?\n([\s\S]*?)\r?\n?---/.exec(readFileSync(path, "utf8"))?.[1];
  const unusable = (message: string) => new SpecError([{ file: `.changeset/${file}`, pointer: "", message }]);
  if (front === undefined) throw unusable("has no front matter between two lines of ---");
  const levels = readYaml(front);
  if (levels === null || levels === undefined) return "none";
  if (!isObject(levels)) throw unusable("does not name packages with their levels");
  const level = levels[name];
  if (level === undefined || level === "none") return "none";
  if (level === "patch" || level === "minor" || level === "major") return level;
  throw unusable(`has an unknown level for ${name}: ${String(level)}`);
}

function readYaml(text: string): Parameters<typeof isObject>[0] {
  try {
    return parse(text);
  } catch {
    return "unreadable";
  }
}
