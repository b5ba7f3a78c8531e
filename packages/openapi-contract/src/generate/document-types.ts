import { operationsOf, resolveReference } from "../document/document.js";
import { arrayAt, isObject, type Json, type JsonObject, objectAt, stringAt } from "../document/json.js";
import type { SchemaTypes } from "./schema-types.js";
import {
  bytes,
  comment,
  type Member,
  never,
  objectOf,
  plain,
  step,
  type Type,
  unknown,
} from "./type-text.js";
import type { Direction, Variants } from "./variants.js";

/** The schemas of a document, by name. */
export function schemasOf(document: JsonObject): [string, Json][] {
  return Object.entries(objectAt(objectAt(document, "components"), "schemas"));
}

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const places = ["query", "header", "path", "cookie"];
const inside = step + step;

/** The types of what stands around schemas: paths, operations and components. */
export class DocumentTypes {
  readonly #document: JsonObject;
  readonly #schemas: SchemaTypes;

  constructor(document: JsonObject, schemas: SchemaTypes) {
    this.#document = document;
    this.#schemas = schemas;
  }

  pathItems(items: JsonObject, root: "paths" | "webhooks"): Type {
    const members = Object.entries(items).flatMap(([url, item]): Member[] =>
      isObject(item) && (root === "webhooks" || url.startsWith("/"))
        ? [{ name: url, type: this.#pathItem(item, step), doc: comment(item, step) }]
        : [],
    );
    return objectOf(members, "");
  }

  #pathItem(item: JsonObject, indent: string): Type {
    const within = indent + step;
    const others = Object.keys(item).filter((name) => name === "query");
    const members = [...methods, ...others].map((method): Member => {
      const operation = item[method];
      if (!isObject(operation)) return { name: method, type: never, optional: true };
      const id = stringAt(operation, "operationId");
      const type =
        id !== undefined && this.#isNamed(id)
          ? plain(`operations[${JSON.stringify(id)}]`)
          : this.#operation(operation, {}, within);
      return { name: method, type, doc: comment(operation, within) };
    });
    return objectOf(
      [{ name: "parameters", type: this.#parameters(arrayAt(item, "parameters"), within) }, ...members],
      indent,
    );
  }

  #isNamed(id: string): boolean {
    this.#ids ??= new Set(
      operationsOf(this.#document).map(({ operation }) => String(operation["operationId"])),
    );
    return this.#ids.has(id);
  }
  #ids: Set<string> | undefined;

  operations(): Member[] {
    return operationsOf(this.#document).map(({ operation, pathItem }) => ({
      name: String(operation["operationId"]),
      type: this.#operation(operation, pathItem, step),
    }));
  }

  #operation(operation: JsonObject, pathItem: JsonObject, indent: string): Type {
    const within = indent + step;
    const parameters = [...arrayAt(pathItem, "parameters"), ...arrayAt(operation, "parameters")];
    const { requestBody } = operation;
    const body: Member = isObject(requestBody)
      ? {
          name: "requestBody",
          type: this.#referred(requestBody, () => this.#body(requestBody, within)),
          optional: resolveReference(this.#document, requestBody)["required"] !== true,
          doc: comment(requestBody, within),
        }
      : { name: "requestBody", type: never, optional: true };
    const responses = Object.entries(objectAt(operation, "responses")).flatMap(
      ([status, response]): Member[] =>
        status.startsWith("x-") || !isObject(response)
          ? []
          : [
              {
                name: status.toUpperCase().replace("DEFAULT", "default"),
                type: this.#referred(response, () => this.#response(response, within + step)),
                doc: comment(response, within + step),
              },
            ],
    );
    return objectOf(
      [
        { name: "parameters", type: this.#parameters(parameters, within) },
        body,
        { name: "responses", type: objectOf(responses, within) },
      ],
      indent,
    );
  }

  /** The component that `owner` refers to, or what `write` makes of it. */
  #referred(owner: JsonObject, write: () => Type): Type {
    const [, group, name, ...rest] = (stringAt(owner, "$ref") ?? "").replace(/^#\//, "").split("/");
    if (group === undefined || name === undefined || rest.length > 0) return write();
    const path = [group, decoded(name)].map((part) => `[${JSON.stringify(part)}]`);
    return plain(`components${path.join("")}`);
  }

  /** Parameters by place and name; later ones replace earlier ones of the same place and name. */
  #parameters(parameters: readonly Json[], indent: string): Type {
    const within = indent + step;
    const found = new Map(places.map((place) => [place, new Map<string, Member>()]));
    for (const parameter of parameters) {
      if (!isObject(parameter)) continue;
      const resolved = resolveReference(this.#document, parameter);
      const name = String(resolved["name"]);
      found.get(String(resolved["in"]))?.set(name, {
        name,
        type: this.#referred(parameter, () => this.#value(resolved, "write", within + step)),
        optional: resolved["required"] !== true && resolved["in"] !== "path",
        doc: comment(resolved, within + step),
      });
    }
    const members = [...found].map(([place, group]): Member => {
      const all = [...group.values()];
      if (all.length === 0) return { name: place, type: never, optional: true };
      return { name: place, type: objectOf(all, within), optional: all.every(({ optional }) => optional) };
    });
    return objectOf(members, indent);
  }

  /** The type of a parameter or header. */
  #value(owner: JsonObject, direction: Direction, indent: string): Type {
    const [media] = Object.values(objectAt(owner, "content"));
    const schema = owner["schema"] ?? (isObject(media) ? media["schema"] : undefined);
    return this.#schemas.of(schema, { direction, indent, isLazy: true });
  }

  #body(body: JsonObject, indent: string): Type {
    const content = this.#content(body, "write", indent + step);
    const none = objectOf([{ name: "*/*", type: never, optional: true }], indent + step);
    return objectOf([{ name: "content", type: content ?? none }], indent);
  }

  #response(response: JsonObject, indent: string): Type {
    const within = indent + step;
    const headers = Object.entries(objectAt(response, "headers")).map(([name, header]): Member => {
      const resolved = isObject(header) ? resolveReference(this.#document, header) : {};
      const type = isObject(header)
        ? this.#referred(header, () => this.#value(resolved, "read", within + step))
        : unknown;
      return { name, type, optional: resolved["required"] !== true, doc: comment(header, within + step) };
    });
    const content = this.#content(response, "read", within);
    // An index signature is left to names beside the declared ones.
    const named = plain(
      objectOf(headers, within, unknown).text.replace("[key: string]: unknown", "[name: string]: unknown"),
    );
    return objectOf(
      [
        { name: "headers", type: named },
        content === undefined
          ? { name: "content", type: never, optional: true }
          : { name: "content", type: content },
      ],
      indent,
    );
  }

  #content(owner: JsonObject, direction: Direction, indent: string): Type | undefined {
    const within = indent + step;
    const members = Object.entries(objectAt(owner, "content")).map(([name, media]): Member => {
      const schema = isObject(media) ? resolveReference(this.#document, media)["schema"] : undefined;
      const type = isBytes(name, schema)
        ? bytes
        : this.#schemas.of(schema, { direction, indent: within, isLazy: true });
      return { name, type, doc: comment(media, within) };
    });
    return members.length === 0 ? undefined : objectOf(members, indent);
  }

  components(variants: Variants): Type {
    const components = objectAt(this.#document, "components");
    const group = (name: string, write: (owner: JsonObject) => Type): Member => {
      const members = Object.entries(objectAt(components, name)).flatMap(([key, owner]): Member[] =>
        isObject(owner)
          ? [{ name: key, type: this.#referred(owner, () => write(owner)), doc: comment(owner, inside) }]
          : [],
      );
      return { name, type: members.length === 0 ? never : objectOf(members, step) };
    };
    const schemas = schemasOf(this.#document).flatMap(([name, schema]) =>
      variants.formsOf(name).map(({ name: form, direction }): Member => {
        const alias = this.#schemas.aliases.get(form);
        const type =
          alias === undefined ? this.#schemas.of(schema, { direction, indent: inside }) : plain(alias);
        return { name: form, type, doc: comment(schema, inside) };
      }),
    );
    return objectOf(
      [
        { name: "schemas", type: schemas.length === 0 ? never : objectOf(schemas, step) },
        group("responses", (owner) => this.#response(owner, inside)),
        group("parameters", (owner) => this.#value(owner, "write", inside)),
        group("requestBodies", (owner) => this.#body(owner, inside)),
        group("headers", (owner) => this.#value(owner, "read", inside)),
        group("pathItems", (owner) => this.#pathItem(owner, inside)),
      ],
      "",
    );
  }

  aliases(variants: Variants): string[] {
    return schemasOf(this.#document).flatMap(([name, schema]) =>
      variants.formsOf(name).flatMap(({ name: form, direction }) => {
        const alias = this.#schemas.aliases.get(form);
        return alias === undefined
          ? []
          : [`export type ${alias} = ${this.#schemas.of(schema, { direction, indent: "" }).text};\n`];
      }),
    );
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return name;
  }
}

/** Since 3.1 a body of bytes has no schema: its media type tells. */
function isBytes(mediaType: string, schema: Json | undefined): boolean {
  const isUnsaid =
    schema === undefined ||
    (isObject(schema) &&
      Object.keys(schema).every((name) => name === "description" || name === "contentMediaType"));
  return (
    isUnsaid && /^(?:image|audio|video|font)\/|^application\/(?:octet-stream|zip|pdf|gzip)/.test(mediaType)
  );
}
