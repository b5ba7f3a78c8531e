import { isObject, type Json, type JsonObject } from "../spec/index.js";
import { objectAt } from "../spec/json.js";
import { modelUses } from "../spec-diff/uses.js";
import type { Fact } from "./fact.js";
import { operationFacts } from "./operation-facts.js";
import { literalsOf, requiredOf, typeText } from "./type-text.js";

const header = `// Generated at a release by \`pnpm release:version\` from its contract. Do not edit.
// What the release let its users write, a line each; later types must keep it, or the next version is a major one.
import type { OperationTypes, operations, Schemas } from "@sf-image-store/types";

type Expect<Fact extends true> = Fact;
/** Indexing with a name that is gone is an error of its own. */
type Exists<Part> = [Part] extends [never] ? false : true;
/** What comes from the API can be used as before. */
type Read<Today, Before> = [Today] extends [never] ? false : [Today] extends [Before] ? true : false;
/** What was given to the API can still be given. */
type Write<Before, Today> = [Today] extends [never] ? false : [Before] extends [Today] ? true : false;
/** The version that an operation is written for may change: the client writes it. */
type ApiVersion<Id extends keyof OperationTypes> =
  NonNullable<OperationTypes[Id]["parameters"]["query"]> extends { "api-version": infer Version }
    ? { "api-version": Version }
    : unknown;
type Success = 200 | 201 | 202 | 203 | 204 | 205 | 206 | 207 | "2XX";
type SuccessOf<Id extends keyof OperationTypes> = Extract<keyof OperationTypes[Id]["responses"], Success>;
`;

/** The use of everything that a contract gives to callers, as a TypeScript file: complete because it is generated. */
export function emitSurface(contract: JsonObject): string {
  const facts = [...modelFacts(contract), ...operationFacts(contract)];
  const lines = facts.map(
    ({ type, words }, index) => `export type _${index + 1} = Expect<${type}>; // ${words}\n`,
  );
  return `${header}\n${lines.join("")}`;
}

function modelFacts(contract: JsonObject): Fact[] {
  const uses = modelUses(contract);
  return Object.entries(objectAt(objectAt(contract, "components"), "schemas")).flatMap(([name, schema]) => {
    const use = uses.get(name);
    const written = use === undefined || use.request.size > 0;
    const read = use === undefined || use.response.size > 0;
    const model = `Schemas[${JSON.stringify(name)}]`;
    const whole: Fact = { type: `Exists<${model}>`, words: `model ${name}` };
    const properties = isObject(schema) ? objectAt(schema, "properties") : {};
    if (!isObject(schema) || Object.keys(properties).length === 0) {
      return [whole, ...valueFacts(model, name, schema, { read, written, optional: false })];
    }
    const required = requiredOf(schema);
    return [
      whole,
      ...Object.entries(properties).flatMap(([property, inner]) =>
        valueFacts(`${model}[${JSON.stringify(property)}]`, `${name}.${property}`, inner, {
          read,
          written,
          optional: !required.has(property),
        }),
      ),
      ...(written ? leastFacts(model, name, schema, properties, required) : []),
    ];
  });
}

interface Use {
  readonly read: boolean;
  readonly written: boolean;
  readonly optional: boolean;
}

function valueFacts(today: string, words: string, schema: Json, { read, written, optional }: Use): Fact[] {
  const before = typeText(schema);
  if (before === "unknown") return [{ type: `Exists<${today}>`, words }];
  const facts: Fact[] = [];
  const orNone = optional ? ` | undefined` : "";
  if (read)
    facts.push({
      type: `Read<${today}, (${before})${orNone}>`,
      words: `${words}, read as ${before}${orNone}`,
    });
  if (written) facts.push({ type: `Write<${before}, ${today}>`, words: `${words}, written as ${before}` });
  if (written) return facts;
  const literals = literalsOf(schema);
  return [
    ...facts,
    ...literals.map((literal) => ({
      type: `Write<${literal}, ${today}>`,
      words: `${words}, compared with ${literal}`,
    })),
  ];
}

/** What was enough to write must stay enough: nothing else may become required. */
function leastFacts(
  model: string,
  name: string,
  schema: JsonObject,
  properties: JsonObject,
  required: ReadonlySet<string>,
): Fact[] {
  const members = [...required].map((property) => {
    const text = typeText(properties[property]);
    const today = `${model}[${JSON.stringify(property)}]`;
    return `${JSON.stringify(property)}: ${text === "unknown" ? today : text}`;
  });
  const bases = Array.isArray(schema["allOf"]) ? schema["allOf"].map(typeText) : [];
  const least = [`{ ${members.join("; ")} }`, ...bases].join(" & ");
  const words = `${name} with nothing but ${[...required].join(", ") || "no property"}`;
  return [{ type: `Write<${least}, ${model}>`, words }];
}
