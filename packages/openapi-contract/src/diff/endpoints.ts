import { operationsOf, resolveReference } from "../document/document.js";
import { isObject, type JsonObject, objectAt, type Path } from "../document/json.js";
import type { Subject } from "./change.js";

/** Something that is called: an operation of the server, or a webhook or callback that the server calls. */
export interface Endpoint {
  readonly subject: Subject & { readonly kind: "operation" | "webhook" | "callback" };
  /** What pairs it with the one of another document, beside its name. */
  readonly address: string;
  readonly operation: JsonObject;
  readonly pathItem: JsonObject;
  readonly url: string;
  readonly method: string;
  readonly path: Path;
}

/** Webhooks and callbacks: the server sends the request, and the caller's code responds. */
export function isReversed({ kind }: Subject): boolean {
  return kind === "webhook" || kind === "callback";
}

export function endpointsOf(document: JsonObject): Endpoint[] {
  const operations = operationsOf(document).map((each): Endpoint => {
    const name = String(each.operation["operationId"]);
    const shape = each.url.replaceAll(/\{[^}]*\}/g, "{}");
    return { ...each, subject: { kind: "operation", name }, address: `${each.method} ${shape}` };
  });
  const webhooks = Object.entries(objectAt(document, "webhooks")).flatMap(([name, item]) =>
    reversed("webhook", name, name, resolved(document, item), ["webhooks", name]),
  );
  const callbacks = operations.flatMap(({ subject, operation, path }) =>
    Object.entries(objectAt(operation, "callbacks")).flatMap(([name, callback]) =>
      Object.entries(resolved(document, callback)).flatMap(([url, item]) =>
        reversed("callback", `${name} of ${subject.name}`, url, resolved(document, item), [
          ...path,
          "callbacks",
          name,
          url,
        ]),
      ),
    ),
  );
  return [...operations, ...webhooks, ...callbacks];
}

function resolved(document: JsonObject, part: JsonObject[string]): JsonObject {
  return isObject(part) ? resolveReference(document, part) : {};
}

function reversed(
  kind: "webhook" | "callback",
  name: string,
  url: string,
  item: JsonObject,
  path: Path,
): Endpoint[] {
  const operations = operationsOf({ paths: { "/": item } });
  return operations.map(({ operation, pathItem, method }) => {
    const id = operations.length === 1 ? name : `${name} (${method})`;
    return {
      subject: { kind, name: id },
      address: `${kind} ${id} ${url}`,
      operation,
      pathItem,
      url,
      method,
      path: [...path, method],
    };
  });
}
