import {
  isObject,
  type JsonObject,
  operationParameters,
  operationsOf,
  resolveReference,
} from "../spec/index.js";
import { objectAt } from "../spec/json.js";
import type { Fact } from "./fact.js";
import { typeText } from "./type-text.js";

type Operation = ReturnType<typeof operationsOf>[number];

/** What callers write and read by operation. Method, URL and api-version are left out: the client writes them. */
export function operationFacts(contract: JsonObject): Fact[] {
  return operationsOf(contract).flatMap((each) => {
    const id = String(each.operation["operationId"]);
    const key = JSON.stringify(id);
    return [
      { type: `Exists<OperationTypes[${key}]>`, words: `operation ${id}` },
      { type: `Exists<(typeof operations)[${key}]>`, words: `operation ${id} in the operation table` },
      ...parameterFacts(contract, each, id),
      ...bodyFacts(contract, each, id),
      ...responseFacts(contract, each, id),
    ];
  });
}

function parameterFacts(contract: JsonObject, each: Operation, id: string): Fact[] {
  const parameters = operationParameters(contract, each.pathItem, each.operation).filter(
    ({ name }) => name !== "api-version",
  );
  const group = `OperationTypes[${JSON.stringify(id)}]["parameters"]`;
  const single = parameters.flatMap((parameter) => {
    const name = JSON.stringify(parameter["name"]);
    const today = `NonNullable<${group}["${String(parameter["in"])}"]>[${name}]`;
    const before = typeText(parameter["schema"]);
    const words = `${id}: parameter ${String(parameter["name"])}`;
    const table = `(typeof operations)[${JSON.stringify(id)}]["parameters"][${name}]`;
    return [
      before === "unknown"
        ? { type: `Exists<${today}>`, words }
        : { type: `Write<${before}, ${today}>`, words: `${words}, written as ${before}` },
      { type: `Exists<${table}>`, words: `${words} in the operation table` },
    ];
  });
  const required = parameters.filter((parameter) => parameter["required"] === true);
  const names = required.map(({ name }) => String(name)).join(", ");
  const words = `${id} with nothing but ${names || "no parameter"}`;
  return [...single, { type: `Write<${leastParameters(required, group, id)}, ${group}>`, words }];
}

function leastParameters(required: readonly JsonObject[], group: string, id: string): string {
  const inPlace = (place: string) => {
    const members = required
      .filter((parameter) => parameter["in"] === place)
      .map((parameter) => {
        const name = JSON.stringify(parameter["name"]);
        const text = typeText(parameter["schema"]);
        return `${name}: ${text === "unknown" ? `NonNullable<${group}["${place}"]>[${name}]` : text}`;
      });
    return members.length === 0 ? undefined : `{ ${members.join("; ")} }`;
  };
  const query = [inPlace("query") ?? "{}", `ApiVersion<${JSON.stringify(id)}>`].join(" & ");
  const others = ["header", "path", "cookie"].flatMap((place) => {
    const text = inPlace(place);
    return text === undefined ? [] : [`${place}: ${text}`];
  });
  return `{ ${[`query: ${query}`, ...others].join("; ")} }`;
}

function bodyFacts(contract: JsonObject, { operation }: Operation, id: string): Fact[] {
  const today = `OperationTypes[${JSON.stringify(id)}]["requestBody"]`;
  const body = isObject(operation["requestBody"])
    ? resolveReference(contract, operation["requestBody"])
    : undefined;
  const without: Fact = { type: `Write<undefined, ${today}>`, words: `${id} without a body` };
  if (body === undefined) return [without];
  const contents = Object.entries(objectAt(body, "content")).map(([type, media]) => {
    const before = isObject(media) ? typeText(media["schema"]) : "unknown";
    const content = `NonNullable<${today}>["content"][${JSON.stringify(type)}]`;
    const words = `${id}: body ${type}`;
    return before === "unknown"
      ? { type: `Exists<${content}>`, words }
      : { type: `Write<${before}, ${content}>`, words: `${words}, written as ${before}` };
  });
  return [...contents, ...(body["required"] === true ? [] : [without])];
}

function responseFacts(contract: JsonObject, { operation }: Operation, id: string): Fact[] {
  const responses = Object.entries(objectAt(operation, "responses")).filter(
    ([status]) => !status.startsWith("x-"),
  );
  const keyOf = (status: string) => (/^\d+$/.test(status) ? status : JSON.stringify(status));
  const success = responses.map(([status]) => status).filter((status) => status.startsWith("2"));
  const all = success.map(keyOf).join(" | ") || "never";
  const each = responses.flatMap(([status, response]) => {
    const today = `OperationTypes[${JSON.stringify(id)}]["responses"][${keyOf(status)}]`;
    const words = `${id}: answer ${status}`;
    const resolved = isObject(response) ? resolveReference(contract, response) : {};
    const contents = Object.entries(objectAt(resolved, "content")).map(([type, media]) => {
      const before = isObject(media) ? typeText(media["schema"]) : "unknown";
      const body = `${today}["content"][${JSON.stringify(type)}]`;
      return { type: `Read<${body}, ${before}>`, words: `${words} as ${type}, read as ${before}` };
    });
    const headers = Object.entries(objectAt(resolved, "headers")).map(([name, header]) => {
      const before = isObject(header) ? typeText(resolveReference(contract, header)["schema"]) : "unknown";
      const value = `${today}["headers"][${JSON.stringify(name)}]`;
      return {
        type: `Read<${value}, (${before}) | undefined>`,
        words: `${words}, header ${name} read as ${before}`,
      };
    });
    return [{ type: `Exists<${today}>`, words }, ...contents, ...headers];
  });
  if (success.length === 0) return each;
  return [
    ...each,
    {
      type: `Read<SuccessOf<${JSON.stringify(id)}>, ${all}>`,
      words: `${id}: no success but ${success.join(", ")}`,
    },
  ];
}
