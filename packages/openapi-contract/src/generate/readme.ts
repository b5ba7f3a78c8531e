import {
  operationParameters,
  operationsOf,
  resolveReference,
  typeName,
  valueSchema,
} from "../document/document.js";
import { isObject, type Json, type JsonObject, objectAt, stringAt } from "../document/json.js";
import { apiOf } from "./client.js";
import { memberName } from "./type-text.js";

/** What the package is and how to use it, with an example that compiles. */
export function emitReadme(document: JsonObject, name: string, comment: string): string {
  const { title, baseUrl, apiVersion } = apiOf(document);
  const options = baseUrl === undefined ? `{ baseUrl: "https://api.example.com" }` : "";
  const operations = operationsOf(document);
  const rows = operations.map(({ operation, method, url }) => {
    const summary = stringAt(operation, "summary") ?? stringAt(operation, "description") ?? "";
    const [line = ""] = summary.trim().split(/\r?\n/, 1);
    return `| \`${method.toUpperCase()}\` | \`${cell(url)}\` | ${cell(line)} |`;
  });
  return `<!-- ${comment} -->

# ${title}

A typed client for ${title}, version ${String(objectAt(document, "info")["version"])}. It needs Node.js 20, a browser, or any other runtime with \`fetch\`.

\`\`\`sh
npm install && npm run build
\`\`\`

\`\`\`ts
import { createClient, unwrap } from "${name}";

const client = createClient(${options});
${exampleCall(document)}
\`\`\`

- \`client.GET\`, \`client.POST\` and the others return \`{ data, error, response }\` and never throw for a status.
- \`unwrap\` returns the data, or throws an \`ApiError\` with \`status\`, \`body\` and \`response\`.
- \`createClient\` takes every option of [openapi-fetch](https://openapi-ts.dev/openapi-fetch/), such as \`headers\` and \`fetch\`.
${apiVersion === undefined ? "" : `- The client sends \`api-version\` for you. Use the option \`apiVersion\` to send another one, \`params.query\` for one call.\n`}- Responses are read by their content type: JSON, text, or a \`Blob\` for bytes. Pass \`parseAs: "stream"\` to read one yourself.
- \`Schemas["Name"]\` is the type of a model. \`NameInput\` is its form in requests, where that differs.
- \`operations\` is a table of every operation: method, path, parameters, content type and success statuses.

| method | path | |
|---|---|---|
${rows.join("\n")}
`;
}

function cell(value: string): string {
  return value.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

/** A call that needs no body and only plain parameters, the simplest of the document; GET comes first. */
function exampleCall(document: JsonObject): string {
  const calls = operationsOf(document).flatMap(({ operation, pathItem, method, url }) => {
    if (!["get", "post", "put", "delete"].includes(method) || operation["requestBody"] !== undefined)
      return [];
    const required = operationParameters(document, pathItem, operation).filter(
      (parameter) =>
        (parameter["required"] === true || parameter["in"] === "path") && parameter["name"] !== "api-version",
    );
    const samples = required.map((parameter) => sample(document, parameter));
    if (samples.includes(undefined)) return [];
    const groups = ["query", "header", "path", "cookie"].flatMap((place) => {
      const members = required.flatMap((parameter, index) =>
        parameter["in"] === place ? [`${memberName(String(parameter["name"]))}: ${samples[index]}`] : [],
      );
      return members.length === 0 ? [] : [`${place}: { ${members.join(", ")} }`];
    });
    const init = groups.length === 0 ? "" : `, { params: { ${groups.join(", ")} } }`;
    const text = `const result = await unwrap(client.${method.toUpperCase()}(${JSON.stringify(url)}${init}));\nconsole.log(result);`;
    return [{ text, weight: (method === "get" ? 0 : 1000) + required.length }];
  });
  const [simplest] = calls.sort((one, other) => one.weight - other.weight);
  return simplest?.text ?? "console.log(client);";
}

function sample(document: JsonObject, parameter: JsonObject): string | undefined {
  const schema = valueSchema(document, parameter);
  const { const: fixed, enum: listed } = schema;
  const first: Json | undefined = fixed ?? (Array.isArray(listed) ? listed[0] : undefined);
  if (first !== undefined) return JSON.stringify(first);
  const isPlain = ["allOf", "anyOf", "oneOf", "$ref"].every((keyword) => schema[keyword] === undefined);
  if (!isPlain) return undefined;
  const type = schema["type"] === undefined ? "string" : typeName(schema["type"]);
  if (type === "string") return schema["format"] === "binary" ? undefined : `"example"`;
  if (type === "integer" || type === "number") return "1";
  if (type === "boolean") return "true";
  if (type !== "array") return undefined;
  const items = sample(document, {
    schema: isObject(schema["items"]) ? resolveReference(document, schema["items"]) : {},
  });
  return items === undefined ? undefined : `[${items}]`;
}
