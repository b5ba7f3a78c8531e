import { describe, expect, it } from "vitest";
import { compareContracts, emptyContract } from "../src/diff/compare.js";
import { reportOf, sentenceOf, textOf } from "../src/diff/report.js";
import { isObject, type Json, type JsonObject } from "../src/document/json.js";
import { modelContract, smallContract } from "./diff-contract.js";
import { objectAt } from "./diff-edits.js";

const text = { type: "string" };
const object = (properties: JsonObject): JsonObject => ({ type: "object", properties });
const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });

describe("comparing contracts", () => {
  it("finds nothing between a contract and itself, whatever the order of its members", () => {
    const turned = (object: JsonObject): JsonObject =>
      Object.fromEntries(
        Object.entries(object)
          .reverse()
          .map(([name, member]) => [name, isObject(member) ? turned(member) : member]),
      );
    expect(compareContracts(smallContract(), turned(smallContract()))).toEqual([]);
  });

  it("judges a model that is written and read by the worse of the two", () => {
    const verdicts = (direction: "request" | "response" | "both") =>
      compareContracts(
        modelContract(direction, text),
        modelContract(direction, { ...text, format: "uuid" }),
      ).map((each) => each.verdict);
    expect(verdicts("response")).toEqual(["minor"]);
    expect(verdicts("request")).toEqual(["major"]);
    expect(verdicts("both")).toEqual(["major"]);
  });

  it("judges a model that no operation uses as minor at most", () => {
    const contract = (unused: Json) => modelContract("response", text, { Unused: unused });
    const changes = compareContracts(contract(text), contract({ ...text, maxLength: 1 }));
    expect(changes).toMatchObject([{ name: "Unused", verdict: "minor", rule: "bound-narrowed" }]);
  });

  it("tells a change of a model once, at the model, not at everything that refers to it", () => {
    const contract = (inner: Json) =>
      modelContract(
        "response",
        object({ a: reference("Inner"), b: { type: "array", items: reference("Inner") } }),
        {
          Inner: inner,
        },
      );
    const changes = compareContracts(contract(object({ x: text, y: text })), contract(object({ y: text })));
    expect(changes).toMatchObject([{ kind: "model", name: "Inner", rule: "property-removed", in: "base" }]);
  });

  it("ends on models that lead back to themselves, also when a cycle is renamed", () => {
    const cycle = (name: string, value: JsonObject) =>
      modelContract("response", reference(name), {
        [name]: object({ next: reference(name), all: { type: "array", items: reference(name) }, value }),
        Base: { allOf: [reference("Base"), object({ base: reference("Base") })] },
      });
    expect(compareContracts(cycle("Node", text), cycle("Node", text))).toEqual([]);
    const changes = compareContracts(cycle("Node", text), cycle("Knot", { type: "integer" }));
    expect(changes).toContainEqual(expect.objectContaining({ rule: "model-removed", name: "Node" }));
    expect(changes).toContainEqual(
      expect.objectContaining({
        rule: "type-changed",
        message: expect.stringMatching(/value has another type$/),
      }),
    );
  });

  it("sees through parts of an allOf, and through null written in two ways", () => {
    const flat = object({ a: text, b: { type: ["string", "null"] } });
    const parts = { allOf: [object({ a: text }), object({ b: { anyOf: [text, { type: "null" }] } })] };
    const contract = (schema: Json) => modelContract("response", schema);
    expect(compareContracts(contract(flat), contract(parts)).map((each) => each.rule)).toEqual([]);
  });

  const put = (contract: JsonObject) => objectAt(contract, ["paths", "/things/{id}", "put"]);
  const edited = (edit: (contract: JsonObject) => void) => {
    const contract = smallContract();
    edit(contract);
    return contract;
  };

  it("judges a newly listed failure by the default answer that described it before", () => {
    const listed = edited((contract) => {
      const responses = objectAt(put(contract), ["responses"]);
      responses["404"] = { ...objectAt(responses, ["default"]), description: "No such thing." };
    });
    const verdicts = (old: JsonObject, next: JsonObject) =>
      compareContracts(old, next).map(({ verdict, rule }) => `${verdict} ${rule}`);
    expect(verdicts(smallContract(), listed)).toEqual(["minor error-status-added"]);
    // What was listed by its number can be named in types, so taking that away breaks them whatever takes over.
    expect(verdicts(listed, smallContract())).toEqual(["major status-removed"]);
    const without = edited((contract) => {
      delete objectAt(put(contract), ["responses"])["default"];
    });
    const bare = edited((contract) => {
      objectAt(put(contract), ["responses"])["404"] = { description: "No such thing." };
      delete objectAt(put(contract), ["responses"])["default"];
    });
    expect(verdicts(without, bare)).toEqual(["minor error-status-added"]);
    expect(verdicts(smallContract(), bare)).toContain("major response-body-removed");
  });

  it("finds nothing in a free object that says it is open, and in other names for an enum", () => {
    const rules = (old: Json, next: Json) =>
      compareContracts(modelContract("both", old), modelContract("both", next)).map((each) => each.rule);
    expect(rules({ type: "object" }, { type: "object", additionalProperties: true })).toEqual([]);
    const named = (name: string) => ({ enum: ["a"], "x-ms-enum": { name, modelAsString: true } });
    expect(rules(named("A"), named("B"))).toEqual(["extension-changed"]);
  });

  it("says an enum was opened once, though list and extension both show it", () => {
    const state = (modelAsString: boolean) => ({
      ...text,
      "x-ms-enum": { name: "State", modelAsString },
      ...(modelAsString ? { anyOf: [{ enum: ["a"] }, {}] } : { enum: ["a"] }),
    });
    const changes = compareContracts(modelContract("both", state(false)), modelContract("both", state(true)));
    expect(changes.map((each) => each.rule)).toEqual(["enum-opened"]);
  });

  it("says what differs in a part that prints alike before and after", () => {
    const shared = (id: string, changes: JsonObject) =>
      edited((contract) => {
        const parameter = { name: "id", in: "path", schema: text, ...changes };
        objectAt(contract, ["components", "parameters"])[id] = parameter;
      });
    const line = (before: JsonObject, after: JsonObject) =>
      compareContracts(shared("Id", before), shared("Id", after)).map(sentenceOf);
    const start = "parameters/Id changed; no operation uses it: ";
    expect(line({}, { schema: { ...text, maxLength: 9 } })).toEqual([`${start}schema.maxLength: 9`]);
    expect(line({ required: true }, { required: false })).toEqual([`${start}required: true → false`]);
    expect(line({ in: "query", "x-a": 1 }, {})).toEqual([`${start}in: query → path; x-a: was 1`]);
    const long = (end: string) => ({ description: "a".repeat(80) + end });
    expect(line(long("b"), long("c"))).toEqual([`${start}description`]);
  });

  it("shows long texts from where they differ on", () => {
    const described = (end: string) =>
      modelContract("both", { description: `The name of the thing that is in the store, ${end}` });
    const [change] = compareContracts(described("if any."), described("or the one before it if none is."));
    expect(change && sentenceOf(change)).toBe(
      "the model: description changed: … if any. → … or the one before it if none is.",
    );
  });

  it("says that a list has a value more once, though an extension describes the values", () => {
    const kind = (...values: string[]) => ({
      enum: values,
      "x-ms-enum": { name: "Kind", values: values.map((value) => ({ value })) },
    });
    const rulesOf = (old: Json, next: Json) =>
      compareContracts(modelContract("both", old), modelContract("both", next)).map(({ rule }) => rule);
    expect(rulesOf(kind("a"), kind("a", "b"))).toEqual(["enum-value-added"]);
    const described = {
      ...kind("a"),
      "x-ms-enum": { name: "Kind", values: [{ value: "a", name: "First" }] },
    };
    expect(rulesOf(kind("a"), described)).toEqual(["extension-changed"]);
  });

  it("tells a part that several operations share once, with their names", () => {
    const shared = (maximum: number) =>
      edited((contract) => {
        Object.assign(objectAt(contract, ["components", "parameters", "Timeout", "schema"]), { maximum });
        objectAt(contract, ["paths", "/things/{id}", "get"])["parameters"] = [
          { $ref: "#/components/parameters/Timeout" },
        ];
      });
    expect(compareContracts(shared(10), shared(9))).toMatchObject([
      { name: "GetThing", rule: "bound-narrowed", others: [{ kind: "operation", name: "PutThing" }] },
    ]);
  });

  it("tells a renamed model once, not at everything that refers to it", () => {
    const contract = (name: string) =>
      modelContract("both", object({ a: reference(name), b: { type: "array", items: reference(name) } }), {
        [name]: object({ x: text }),
      });
    expect(compareContracts(contract("Old"), contract("New")).map(({ rule }) => rule)).toEqual([
      "model-renamed",
    ]);
  });

  it("tells another type alone, without what follows from it", () => {
    const old = { type: "string", maxLength: 9, pattern: "^a", enum: ["a"] };
    const changes = compareContracts(
      modelContract("both", old),
      modelContract("both", object({ a: text, b: text })),
    );
    expect(changes.map(({ rule }) => rule)).toEqual(["type-changed"]);
  });

  it("shows the pointer and the values of what changed", () => {
    const contract = (values: string[]) =>
      modelContract(
        "response",
        object({ state: { ...text, "x-ms-enum": {}, anyOf: [{ enum: values }, {}] } }),
      );
    const changes = compareContracts(contract(["a"]), contract(["a", "b"]));
    expect(textOf(reportOf("before", changes, contract(["a"])))).toBe(`The contract compared with before:

model Model (UseModel)
  minor  state has one more known value: b  #/components/schemas/Model/properties/state/anyOf/0/enum/1

minor: 1 minor`);
  });

  it("takes everything as new against the empty contract, and everything as removed the other way", () => {
    const contract = smallContract();
    const kinds = (old: JsonObject, next: JsonObject) =>
      new Set(compareContracts(old, next).map(({ verdict, rule }) => `${verdict} ${rule}`));
    expect(kinds(emptyContract(contract), contract)).toEqual(
      new Set(["minor operation-added", "minor model-added"]),
    );
    expect(kinds(contract, emptyContract(contract))).toEqual(
      new Set(["major operation-removed", "major model-removed"]),
    );
  });
});
