import { isObject, type JsonObject, objectAt, stringAt } from "openapi-contract";
import { block, paragraphs } from "./markdown.js";

/** An example as what goes over the wire. */
export function exampleText(
  name: string,
  example: JsonObject,
  method: string,
  url: string,
  parameters: readonly JsonObject[],
): string {
  const answers = Object.entries(objectAt(example, "responses")).map(([status, answer]) =>
    block("http", answerText(status, isObject(answer) ? answer : {})),
  );
  return paragraphs(
    `### ${name}`,
    stringAt(example, "description") ?? "",
    block("http", requestText(objectAt(example, "parameters"), method, url, parameters)),
    ...answers,
  );
}

function requestText(
  values: JsonObject,
  method: string,
  url: string,
  parameters: readonly JsonObject[],
): string {
  const given = (place: string) =>
    parameters.flatMap((parameter) => {
      const name = stringAt(parameter, "name") ?? "";
      return parameter["in"] === place && values[name] !== undefined
        ? [[name, String(values[name])] as const]
        : [];
    });
  const path = given("path").reduce(
    (text, [name, value]) => text.replace(`{${name}}`, encodeURI(value)),
    url,
  );
  const query = given("query").map(([name, value]) => `${name}=${value}`);
  const headers = given("header").map(([name, value]) => `${name}: ${value}`);
  const names = new Set(parameters.map((parameter) => parameter["name"]));
  const bodies = Object.entries(values).flatMap(([name, value]) =>
    names.has(name) ? [] : [bodyText(value)],
  );
  const head = [`${method.toUpperCase()} ${path}?${query.join("&")} HTTP/1.1`, ...headers].join("\n");
  return [head, ...bodies].join("\n\n");
}

function answerText(status: string, answer: JsonObject): string {
  const head = `HTTP/1.1 ${status}`;
  return answer["body"] === undefined ? head : `${head}\n\n${bodyText(answer["body"])}`;
}

function bodyText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, undefined, 2);
}
