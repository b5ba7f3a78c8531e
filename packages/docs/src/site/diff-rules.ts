import { readFileSync } from "node:fs";
import { diffRules, diffRulesPage } from "openapi-contract";
import { code, paragraphs, table } from "../rest/markdown.js";

export { diffRulesPage };
export const diffRulesFile = "diff-rules.md";
export const oasdiffFile = "diff-rules-oasdiff.md";

/** A rule of oasdiff, and ours that report the same. */
interface OasdiffRule {
  readonly id: string;
  readonly rules?: readonly string[];
  /** Why we have none. */
  readonly reason?: string;
}

/** Every rule of oasdiff (509 in August 2026), by its ID. */
export function oasdiffRules(): readonly OasdiffRule[] {
  return JSON.parse(readFileSync(new URL("oasdiff-rules.json", import.meta.url), "utf8"));
}

/** The page that says which rules of oasdiff apply here, in Markdown. */
export function oasdiffPage(): string {
  const all = oasdiffRules();
  const covered = all.filter(({ rules }) => rules !== undefined);
  const left = all.filter(({ reason }) => reason !== undefined);
  return paragraphs(
    "# Rules of oasdiff and ours",
    `[oasdiff](https://github.com/oasdiff/oasdiff) has ${all.length} rules. ${covered.length} of them have a counterpart in \`openapi-contract diff\`, and ${left.length} do not apply. oasdiff has a rule for each place of a schema keyword and for each direction of a limit, so one of our ${Object.keys(diffRules).length} rules often stands for many of its rules.`,
    "The parts of an `allOf` are put together before schemas are compared, so a new or removed part is reported as what it holds. The verdicts differ where oasdiff judges a request by its server alone: we also count a change that stops the code of callers from compiling.",
    "## Rules that apply",
    table(
      ["oasdiff", "openapi-contract"],
      covered.map(({ id, rules = [] }) => [code(id), rules.map(code).join(", ")]),
    ),
    "## Rules that do not apply",
    table(
      ["oasdiff", "Reason"],
      left.map(({ id, reason = "" }) => [code(id), reason]),
    ),
  );
}
