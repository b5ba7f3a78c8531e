import { describe, expect, it } from "vitest";
import { type Json, type JsonObject, type Problem, problemLine } from "../src/document/json.js";
import { applyOverlay } from "../src/overlay/overlay.js";

const document: JsonObject = {
  paths: { "/a": { get: { tags: ["one", "two", "three"], summary: "old" } } },
  info: { title: "t" },
};

/** Applies one action and adds the warnings to `noted`; without `noted` the rules are the strict ones. */
function apply(action: JsonObject, noted?: string[]): Json {
  const strict = noted === undefined;
  const whole = strict ? { description: "the action", "x-evidence": "seen", ...action } : action;
  const value = { overlay: "1.1.0", info: {}, actions: [whole] };
  const warn = (problem: Problem) => noted?.push(problemLine(problem));
  return applyOverlay(document, { file: "o.yaml", value }, { strict, warn });
}

describe("an overlay action", () => {
  it("merges objects, adds members and replaces single values", () => {
    const update = { summary: "new", deprecated: true };
    expect(apply({ target: "$.paths['/a'].get", update })).toMatchObject({
      paths: { "/a": { get: { summary: "new", deprecated: true, tags: ["one", "two", "three"] } } },
    });
  });

  it("appends to an array, one entry or several", () => {
    const tags = (update: Json) => apply({ target: "$.paths['/a'].get.tags", update });
    expect(tags("four")).toMatchObject({
      paths: { "/a": { get: { tags: ["one", "two", "three", "four"] } } },
    });
    expect(tags(["four", "five"])).toMatchObject({
      paths: { "/a": { get: { tags: ["one", "two", "three", "four", "five"] } } },
    });
  });

  it("removes every node it matches", () => {
    expect(apply({ target: "$.paths['/a'].get.tags[0,2]", remove: true })).toMatchObject({
      paths: { "/a": { get: { tags: ["two"] } } },
    });
  });

  it("leaves the document it was given alone", () => {
    const before = structuredClone(document);
    apply({ target: "$.info", update: { title: "other" } });
    expect(document).toEqual(before);
  });

  it("stops the build by name when its target matches nothing", () => {
    expect(() => apply({ target: "$.paths['/b']", update: {} })).toThrow(
      `o.yaml#/actions/0: "the action": the target $.paths['/b'] matches nothing`,
    );
  });

  it.each<[string, JsonObject, string]>([
    ["a target that is no JSONPath", { target: "$.[", update: {} }, "not a JSONPath"],
    ["an update of another form", { target: "$.info.title", update: { a: 1 } }, "does not have the form"],
    [
      "neither update nor remove",
      { target: "$" },
      "o.yaml#/actions/0: expected exactly one of update, remove: true and copy (a JSONPath)",
    ],
    [
      "no evidence",
      { target: "$", update: {}, "x-evidence": null },
      "o.yaml#/actions/0/x-evidence: expected a text",
    ],
    ["update and copy", { target: "$", update: {}, copy: "$" }, "expected exactly one of update, remove"],
    [
      "a part that is not known",
      { target: "$", update: {}, move: "$" },
      "o.yaml#/actions/0/move: is not a part",
    ],
    ["a copy of nothing", { target: "$", copy: "$.x" }, "the source of the copy $.x matches nothing"],
    [
      "a copy of several nodes",
      { target: "$", copy: "$.paths['/a'].get.tags[*]" },
      "matches several nodes; it must match one",
    ],
  ])("is refused with %s", (_, action, message) => {
    expect(() => apply(action)).toThrow(message);
  });
});

describe("an overlay that is not strict", () => {
  it("needs neither descriptions nor evidence, and a target that matches nothing is a warning", () => {
    const noted: string[] = [];
    expect(apply({ target: "$.info", update: { title: "other" } }, noted)).toMatchObject({
      info: { title: "other" },
    });
    expect(apply({ target: "$.paths['/b']", remove: true }, noted)).toEqual(document);
    expect(noted).toEqual(["o.yaml#/actions/0: \"action 1\": the target $.paths['/b'] matches nothing"]);
  });

  it.each<[string, JsonObject]>([
    ["nothing to do", { target: "$.info" }],
    ["update and copy, which cancel each other", { target: "$.info", update: { a: 1 }, copy: "$.paths" }],
  ])("leaves the document alone for an action with %s, with a warning", (_, action) => {
    const noted: string[] = [];
    expect(apply(action, noted)).toEqual(document);
    expect(noted).toEqual([expect.stringContaining('"action 1": changes nothing: it needs exactly one of')]);
  });

  it("removes although the action has an update, too", () => {
    expect(apply({ target: "$.info", update: { a: 1 }, remove: true }, [])).toEqual({
      paths: document["paths"],
    });
  });

  it.each<JsonObject>([
    { target: "$", remove: "yes" },
    { target: "$", copy: 1 },
  ])("refuses %j", (action) => {
    expect(() => apply(action, [])).toThrow("expected remove to be true or false, and copy to be a JSONPath");
  });
});

describe("the action copy", () => {
  it("merges what its source holds into the target", () => {
    const copied = apply({ target: "$.info", copy: "$.paths['/a'].get" });
    expect(copied).toEqual({
      ...document,
      info: { title: "t", tags: ["one", "two", "three"], summary: "old" },
    });
  });

  it("leaves what it copied alone when the copy changes", () => {
    const actions = [
      { target: "$.paths", update: { "/b": {} } },
      { target: "$.paths['/b']", copy: "$.paths['/a']" },
      { target: "$.paths['/b'].get.tags", update: "four" },
    ];
    const overlay = { file: "o.yaml", value: { overlay: "1.1.0", actions } };
    const tags = ["one", "two", "three"];
    expect(applyOverlay(document, overlay, { strict: false, warn: () => undefined })).toMatchObject({
      paths: { "/a": { get: { tags } }, "/b": { get: { tags: [...tags, "four"] } } },
    });
  });
});
