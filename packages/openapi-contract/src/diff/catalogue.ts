import { type Rule, ruleGroups } from "./rules.js";

/** The page of all rules of `openapi-contract diff`, in Markdown. */
export function diffRulesPage(): string {
  const groups = Object.entries(ruleGroups).map(([title, group]) => {
    const rows = Object.entries<Rule>(group).map(([id, rule]) => {
      const sentence = rule.says.replace("{what}", "…").replace("{keyword}", "…");
      return `| \`${id}\` | ${rule.request} | ${rule.response} | ${sentence} |`;
    });
    return [`## ${title}`, "", "| Rule | Request | Response | Sentence |", "|---|---|---|---|", ...rows].join(
      "\n",
    );
  });
  const intro = [
    "# Rules of openapi-contract diff",
    "",
    "`openapi-contract diff` judges every change of an API for the developers whose code calls it. **major** breaks their code or",
    "their requests, **minor** adds something, **patch** changes words. A change of something that callers send is judged by the",
    "column *Request*, a change of something that they receive by the column *Response*, and a change of both by the worse of the two.",
    "In webhooks and callbacks the server sends the request, so the columns change places there.",
    "",
    "A change of a model that no operation uses is minor at most. A read-only property is in no request, and a write-only one is in",
    "no response, so a change of it is judged by the other column. One cause is one finding: a shared parameter that changed, a",
    "renamed model, or a text that is repeated in many places is reported once. Where the type of a value changed, nothing",
    "else about that value is reported.",
    "",
    "The ids are stable. Use them in the file for `--ignore`: `ignore: [{ rule: property-removed, name: Pet, reason: … }]`.",
  ];
  return `${[intro.join("\n"), ...groups].join("\n\n")}\n`;
}
