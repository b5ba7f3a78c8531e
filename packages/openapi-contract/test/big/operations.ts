import type { JsonObject } from "../../src/document/json.js";
import { prose, Sequence } from "./random.js";

const versions = [
  "6.0-preview",
  "6.1",
  "6.3",
  "6.4",
  "6.4-preview",
  "7.0",
  "7.2",
  "8.0",
  "8.1",
  "8.2",
  "9.0",
];

export interface Api {
  readonly paths: JsonObject;
  readonly parameters: JsonObject;
}

/** `count` operations that send and receive `models`, and about 170 parameters that they share. */
export function operationsWith(models: readonly string[], count: number): Api {
  const sequence = new Sequence(13);
  const parameters = sharedParameters(models, sequence);
  const paths: JsonObject = {};
  for (let number = 0, made = 0; made < count; number++) {
    const places = placesOf(number).slice(0, count - made);
    for (const place of places) addOperation(paths, place, number, models, sequence);
    made += places.length;
  }
  return { paths, parameters };
}

function sharedParameters(models: readonly string[], sequence: Sequence): JsonObject {
  const parameters: JsonObject = {};
  const add = (name: string, parameter: JsonObject) => {
    parameters[name] = {
      "x-ms-parameter-location": "method",
      description: prose(sequence, 30),
      ...parameter,
    };
  };
  for (const version of versions) {
    const name = `ApiVersion_${version.replace(".", "-")}_RequiredQueryParam`;
    const single = { type: "string", enum: [version], default: version, required: true };
    add(name, { name: "api-version", in: "query", ...single, "x-ms-enum": { name, modelAsString: true } });
  }
  for (let number = 0; number < 40; number++)
    add(`Id${number}RequiredPathParam`, {
      name: `id${number}`,
      in: "path",
      required: true,
      type: "string",
      "x-ms-skip-url-encoding": true,
    });
  for (let number = 0; number < 60; number++) add(`Filter${number}OptionalQueryParam`, filter(number));
  for (let number = 0; number < 60; number++)
    add(`Body${number}RequiredBodyParam`, {
      name: `Body${number}`,
      in: "body",
      required: true,
      schema: { $ref: `#/definitions/${sequence.pick(models)}` },
    });
  return parameters;
}

function filter(number: number): JsonObject {
  const common = { name: `Filter${number}`, in: "query", required: false };
  const kinds: JsonObject[] = [
    { type: "integer", default: 0 },
    { type: "string", "x-ms-skip-url-encoding": true },
    { type: "boolean", default: false },
    {
      type: "string",
      enum: ["Default", "All"],
      "x-ms-enum": { name: `Filter${number}`, modelAsString: true },
    },
    { type: "integer", format: "int64", minimum: 0, maximum: 4294967295 },
    { type: "array", items: { type: "string" }, collectionFormat: "multi" },
  ];
  return { ...common, ...kinds[number % kinds.length] };
}

interface Place {
  readonly url: string;
  readonly method: string;
  readonly id: string;
  readonly status: string;
}

function placesOf(number: number): Place[] {
  const things = `/Things${number}`;
  const one = `${things}/{id${number % 40}}`;
  return [
    { url: things, method: "get", id: `ListThings${number}`, status: "200" },
    { url: `${things}/$/Create`, method: "post", id: `CreateThing${number}`, status: "201" },
    { url: one, method: "get", id: `GetThing${number}`, status: "200" },
    { url: one, method: "put", id: `PutThing${number}`, status: "202" },
    { url: one, method: "delete", id: `DeleteThing${number}`, status: "204" },
    { url: `${one}/$/Update`, method: "post", id: `UpdateThing${number}`, status: "200" },
  ];
}

function addOperation(
  paths: JsonObject,
  { url, method, id, status }: Place,
  number: number,
  models: readonly string[],
  sequence: Sequence,
): void {
  const shared = (name: string) => ({ $ref: `#/parameters/${name}` });
  const version = versions[number % versions.length]?.replace(".", "-");
  const hasBody = method === "post" || method === "put";
  const schema = status === "200" ? { schema: { $ref: `#/definitions/${sequence.pick(models)}` } } : {};
  const item = paths[url];
  const operation: JsonObject = {
    summary: prose(sequence, 10),
    description: prose(sequence, 110),
    operationId: id,
    tags: [number % 3 === 0 ? "Application" : "Thing"],
    parameters: [
      shared(`ApiVersion_${version}_RequiredQueryParam`),
      ...(url.includes("{") ? [shared(`Id${number % 40}RequiredPathParam`)] : []),
      ...(method === "get" ? [shared(`Filter${sequence.below(60)}OptionalQueryParam`)] : []),
      ...(hasBody ? [shared(`Body${sequence.below(60)}RequiredBodyParam`)] : []),
      shared("TimeoutOptionalQueryParam"),
    ],
    responses: {
      [status]: { description: prose(sequence, 14), ...schema },
      default: { description: "What went wrong.", schema: { $ref: "#/definitions/FabricError" } },
    },
    "x-ms-examples": { [prose(sequence, 4)]: { $ref: `./examples/${id}.json` } },
  };
  paths[url] = { ...(typeof item === "object" ? item : {}), [method]: operation };
}
