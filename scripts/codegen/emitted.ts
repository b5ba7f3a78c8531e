import {
  displayPath,
  isObject,
  type JsonObject,
  operationsOf,
  type Path,
  pointer,
  problemLine,
} from "../spec/index.js";

/** Tells of every operation that has no place in the operation table: those the client of the API answers, not the server. */
export function warnOfUnemitted(spec: string, document: JsonObject): void {
  for (const path of unemittedOperations(document)) {
    const message = "is answered by whoever calls the API: it is not in the operation table";
    console.error(`warning: ${problemLine({ file: displayPath(spec), pointer: pointer(path), message })}`);
  }
}

/** The places of operations below webhooks and callbacks. */
function unemittedOperations(document: JsonObject): Path[] {
  const components = isObject(document["components"]) ? document["components"] : {};
  const callbacks = operationsOf(document).flatMap(({ operation, path }) =>
    callbackOperations(operation["callbacks"], [...path, "callbacks"]),
  );
  return [
    ...methodsBelow(document["webhooks"], ["webhooks"]),
    ...callbacks,
    ...callbackOperations(components["callbacks"], ["components", "callbacks"]),
  ];
}

function callbackOperations(callbacks: unknown, path: Path): Path[] {
  return entries(callbacks).flatMap(([name, callback]) => methodsBelow(callback, [...path, name]));
}

/** Path items by any name: those of webhooks have none that begins with a slash. */
function methodsBelow(items: unknown, path: Path): Path[] {
  return entries(items).flatMap(([name, item]) =>
    name.startsWith("x-")
      ? []
      : operationsOf({ paths: { "/": item } }).map(({ method }) => [...path, name, method]),
  );
}

function entries(value: unknown) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
