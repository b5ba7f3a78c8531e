import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../src/document/json.js";
import { applyOverlay } from "../src/overlay/overlay.js";

const document: JsonObject = {
  paths: { "/a": { get: { tags: ["one", "two", "three"], summary: "old" } } },
  info: { title: "t" },
};

function apply(action: JsonObject): Json {
  const whole = { description: "the action", "x-evidence": "seen", ...action };
  return applyOverlay(document, { file: "o.yaml", value: { overlay: "1.0.0", info: {}, actions: [whole] } });
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
      "o.yaml#/actions/0: expected either update or remove: true",
    ],
    [
      "no evidence",
      { target: "$", update: {}, "x-evidence": null },
      "o.yaml#/actions/0/x-evidence: expected a text",
    ],
    [
      "a part that is not known",
      { target: "$", update: {}, copy: "$" },
      "o.yaml#/actions/0/copy: is not a part",
    ],
  ])("is refused with %s", (_, action, message) => {
    expect(() => apply(action)).toThrow(message);
  });
});
