import { isObject, type JsonObject, operationsOf } from "../spec/index.js";

/** The examples as TypeScript, so that the compiler holds each one to the generated types. */
export function emitExamples(document: JsonObject): string {
  const entries = operationsOf(document).flatMap(({ operation }) => {
    const examples = operation["x-ms-examples"];
    if (!isObject(examples)) return [];
    return Object.entries(examples).map(([title, example]) => {
      const text = JSON.stringify(example, null, 2).replaceAll("\n", "\n  ");
      return `  ${JSON.stringify(title)}: ${text} satisfies Example<${JSON.stringify(operation["operationId"])}>,\n`;
    });
  });
  return `import type { Example } from "../example.js";

/** Every example of the specification, by title. */
export const examples = {
${entries.join("")}};
`;
}
