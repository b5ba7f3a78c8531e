import { diffRules } from "openapi-contract";
import { describe, expect, it } from "vitest";
import { diffRulesPage, oasdiffPage, oasdiffRules } from "../src/site/diff-rules.js";

describe("the page of the rules of diff", () => {
  it("has a row for every rule", () => {
    const rows = diffRulesPage().match(
      /^\| `[a-z-]+` \| (patch|minor|major) \| (patch|minor|major) \| .+ \|$/gm,
    );
    expect(rows).toHaveLength(Object.keys(diffRules).length);
  });
});

describe("the table of the rules of oasdiff", () => {
  it("names each rule once, with rules of ours that exist or with a reason", () => {
    const all = oasdiffRules();
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(all).toHaveLength(509);
    for (const { id, rules = [], reason = "" } of all) {
      expect(
        rules.filter((rule) => !Object.hasOwn(diffRules, rule)),
        id,
      ).toEqual([]);
      expect(rules.length > 0, id).not.toBe(reason.length > 0);
    }
  });

  it("is on its page", () => {
    expect(oasdiffPage()).toContain("| `endpoint-added` | `operation-added` |");
    expect(oasdiffPage()).toMatch(/\| `api-version-not-bumped` \| Compares info\.version/);
  });
});
