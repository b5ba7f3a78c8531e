import {
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  resolveReference,
} from "@sf-image-store/scripts/spec";
import { type TextForm, textForm } from "./text-form.js";
import type { Check } from "./violation.js";

type Compile = (schema: Json) => Check;

export interface BodyContract {
  /** The name that an example gives the body among the parameters. */
  readonly name: string;
  readonly required: boolean;
  readonly contentType: string;
  /** The fields of a form, which examples of Swagger 2.0 give one by one among the parameters; undefined for others. */
  readonly fields: ReadonlyMap<string, TextForm> | undefined;
  readonly check: Check;
}

export function bodyContract(
  document: JsonObject,
  body: JsonObject,
  compile: Compile,
): BodyContract | undefined {
  const media = mediaOf(body);
  if (media === undefined) return undefined;
  const { contentType, schema } = media;
  const isForm = contentType.startsWith("multipart/") || contentType.endsWith("urlencoded");
  return {
    name: String(body["x-body-name"] ?? "body"),
    required: body["required"] === true,
    contentType,
    fields: isForm ? fieldsOf(document, schema, media.encoding) : undefined,
    check: contentType.includes("json") ? compile(schema) : isForm ? formCheck(compile(schema)) : checkBytes,
  };
}

/** What a body or an answer holds. */
export function mediaOf(
  owner: JsonObject,
): { contentType: string; schema: Json; encoding: JsonObject } | undefined {
  const media = isObject(owner["content"]) ? Object.entries(owner["content"]) : [];
  // Examples are JSON: where a body may come in several forms, they show that one.
  const first = media.find(([type]) => type.includes("json")) ?? media[0];
  if (first === undefined) return undefined;
  const [contentType, content] = first;
  const { schema = {}, encoding = {} } = isObject(content) ? content : {};
  return { contentType, schema, encoding: isObject(encoding) ? encoding : {} };
}

function fieldsOf(document: JsonObject, schema: Json, encoding: JsonObject): Map<string, TextForm> {
  const { properties } = isObject(schema) ? resolveReference(document, schema) : {};
  const fields = mapValues(isObject(properties) ? properties : {}, (field, name) => {
    const own = Object.hasOwn(encoding, name) ? encoding[name] : undefined;
    return { ...(isObject(own) ? own : {}), in: "form", schema: field };
  });
  return new Map(
    Object.entries(fields).map(([name, field]) => [name, textForm(document, isObject(field) ? field : {})]),
  );
}

/** The fields of a form. One in parts (multipart) that went over the wire is not taken apart. */
function formCheck(check: Check): Check {
  return (value, pointer) => (value instanceof Uint8Array ? [] : check(value, pointer));
}

/** Bytes stand in an example file as text. */
const checkBytes: Check = (value, pointer) =>
  typeof value === "string" || value instanceof Uint8Array
    ? []
    : [{ pointer, message: "expected the bytes of the body" }];
