import { readFileSync } from "node:fs";
import { referencePath } from "../document/json.js";
import { type Position, positionsIn } from "../document/positions.js";
import { githubAnnotation, printable } from "../document/printable.js";
import {
  othersOf,
  type Report,
  type ReportedChange,
  runsOf,
  sectionsOf,
  sentenceOf,
  verdictLine,
} from "./report.js";

/** For a pull request or a page: a heading per operation and model, a list item per change. */
export function markdownOf(report: Report): string {
  const lines = [`# Changes since ${markdown(report.base)}`, "", `**${markdown(verdictLine(report))}**`];
  for (const { heading, changes } of sectionsOf(report)) {
    lines.push("", `## ${markdown(heading)}`, "");
    for (const { first, rest } of runsOf(changes)) {
      lines.push(
        ...first.map((each) => `- **${each.verdict}** ${markdown(fullSentence(each))} (\`${each.rule}\`)`),
      );
      if (rest !== undefined) lines.push(`- **${rest.verdict}** ${markdown(rest.sentence)}`);
    }
  }
  return lines.join("\n");
}

function fullSentence(each: ReportedChange): string {
  return each.others === undefined ? sentenceOf(each) : `${sentenceOf(each)}, also ${othersOf(each)}`;
}

function markdown(text: string): string {
  return printable(text).replaceAll(/[\\`*_{}[\]<>#|]/g, "\\$&");
}

/** The files that were compared, where there are any: annotations stand at their lines. */
export interface ComparedFiles {
  readonly base: string | undefined;
  readonly new: string | undefined;
}

const severities = { major: "error", minor: "notice", patch: "notice" } as const;

/** Workflow commands of GitHub Actions: an annotation per change that asks for more than a patch, then the verdict. */
export function githubOf(report: Report, files: ComparedFiles): string {
  const positions = new Map<string, (pointer: string) => Position>();
  const told = report.changes.filter(({ verdict }) => verdict !== "patch");
  const lines = told.map((each) => {
    const file = files[each.in];
    const properties: Record<string, string> = { title: `${each.verdict}: ${each.rule}` };
    if (file !== undefined) {
      const locate = positions.get(file) ?? positionsIn(readFileSync(file, "utf8"));
      positions.set(file, locate);
      const { line, column } = locate(inSwagger(each.pointer, locate));
      Object.assign(properties, { file, line: String(line), col: String(column) });
    }
    const owner = each.kind === "contract" ? "" : `${each.name}: `;
    return githubAnnotation(severities[each.verdict], properties, `${owner}${fullSentence(each)}`);
  });
  return [...lines, printable(verdictLine(report))].join("\n");
}

/** Where OpenAPI 3 has its components, Swagger 2.0 has members of the root. */
function inSwagger(pointer: string, locate: (pointer: string) => Position): string {
  const [root, group = "", ...rest] = referencePath(pointer) ?? [];
  const top = locate("#");
  const components = locate("#/components");
  const hasComponents = components.line !== top.line || components.column !== top.column;
  if (root !== "components" || hasComponents) return pointer;
  const name = { schemas: "definitions", securitySchemes: "securityDefinitions" }[group] ?? group;
  return `#/${[name, ...rest].map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`;
}
