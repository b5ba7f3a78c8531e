import { isObject, type JsonObject, operationsOf } from "../spec/index.js";

/** The examples as TypeScript, by operation and title, so that the compiler holds each one to the generated types. */
export function emitExamples(document: JsonObject): string {
  const groups = operationsOf(document).flatMap(({ operation }) => {
    const examples = operation["x-ms-examples"];
    if (!isObject(examples)) return [];
    const id = JSON.stringify(operation["operationId"]);
    const entries = Object.entries(examples).map(([title, example]) => {
      const text = JSON.stringify(example, null, 2).replaceAll("\n", "\n    ");
      return `    ${JSON.stringify(title)}: ${text} satisfies Example<${id}>,\n`;
    });
    return [`  ${id}: {\n${entries.join("")}  },\n`];
  });
  return `import type { Example } from "../example.js";

/** Every example of the specification, by operation and title. */
export const examples = {
${groups.join("")}};
`;
}
