import { resolveReference, typeName, valueSchema } from "../document/document.js";
import { isObject, type Json, type JsonObject, mapValues } from "../document/json.js";
import { type CodeEntry, type Severity, violationCodes } from "./codes.js";

/** Where an example or an exchange breaks the contract, and what the contract expects there. */
export interface Violation {
  /** A code of the table in VIOLATIONS.md, or one that a rule plug-in defines. */
  readonly code: string;
  readonly severity: Severity;
  /** JSON pointer into the example, with a leading `#`. */
  readonly pointer: string;
  /** What was expected and what was found, in one line. */
  readonly message: string;
  readonly expected: string;
  /** The value found, as JSON. Undefined where something is missing, or where its name alone is wrong. */
  readonly actual?: string;
  /** The place in the document that the value breaks. Violations with the same code and place have one cause. */
  readonly schema?: string;
}

interface Details {
  readonly code: string;
  /** Left out: that of the code; `error` for the code of a plug-in. */
  readonly severity?: Severity | undefined;
  readonly pointer: string;
  /** What the contract expects, to follow the word "expected". */
  readonly expected: string;
  /** Left out where there is no value to show. */
  readonly actual?: unknown;
  /** Left out: made of `expected` and `actual`. */
  readonly message?: string;
  readonly schema?: string | undefined;
}

/** Makes a violation; its message reads "expected …, got …". */
export function violation({ code, pointer, expected, message, schema, ...details }: Details): Violation {
  const hasActual = "actual" in details;
  return {
    code,
    severity: details.severity ?? severityOf(code),
    pointer,
    message: message ?? `expected ${expected}${hasActual ? `, got ${shown(details.actual)}` : ""}`,
    expected,
    ...(hasActual ? { actual: textOf(details.actual) } : {}),
    ...(schema === undefined ? {} : { schema }),
  };
}

function severityOf(code: string): Severity {
  const codes: Readonly<Record<string, CodeEntry>> = violationCodes;
  return Object.hasOwn(codes, code) ? (codes[code]?.severity ?? "error") : "error";
}

/** A violation that says what is missing. */
export function missing(code: string, pointer: string, what: string, schema?: string): Violation {
  return violation({ code, pointer, expected: what, message: `expected ${what}, which is missing`, schema });
}

/** Checks a value; `pointer` says where it stands. */
export type Check = (value: unknown, pointer: string) => Violation[];

/**
 * What a schema cannot say about an operation, such as how two values relate. Reads what it finds and leaves values of the
 * wrong form to the schema, so that one run reports both.
 */
export type MeaningRule = (parameters: Members, responses: Members) => Violation[];

/** Rules for what the schemas of one API cannot say. `check --rules FILE.mjs` loads one as the default export. */
export interface RulePlugin {
  /** The codes that the rules use beside those of the checker, such as `RANGES_NOT_ASCENDING`. */
  readonly codes: Readonly<Record<string, CodeEntry>>;
  /** The rules, by operationId. */
  readonly operations: Readonly<Record<string, MeaningRule>>;
}

/** A value as it may stand in a one-line message. */
export function shown(value: unknown): string {
  return shortened(textOf(value));
}

/** A text that fits into a one-line message. */
export function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** Values of any size are kept up to a size that a report can hold. */
function textOf(value: unknown): string {
  const bytes = value instanceof UnreadBody || value instanceof Uint8Array ? value.byteLength : undefined;
  const text = bytes === undefined ? (JSON.stringify(value) ?? "nothing") : `${bytes} bytes`;
  return text.length > 2000 ? `${text.slice(0, 1999)}…` : text;
}

/** A body of which only the size is known: too long to keep, or not recorded. */
export class UnreadBody {
  constructor(readonly byteLength: number) {}
}

/** How many bytes a body has, in whichever form it is given; undefined for what is no body. */
export function bodyLength(value: unknown): number | undefined {
  if (typeof value === "string") return new TextEncoder().encode(value).byteLength;
  return value instanceof Uint8Array || value instanceof UnreadBody ? value.byteLength : undefined;
}

/** An object of unknown origin, by the names of its members. */
export type Members = Readonly<Record<string, unknown>>;

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How a parameter, a header or a field of a form is written: all three are texts. */
export interface TextForm {
  readonly type: string;
  /** For a list: the type of its items. */
  readonly itemType: string;
  /** For a list: what stands between items; undefined when each one is sent under the name again. */
  readonly separator: string | undefined;
  readonly isJson: boolean;
}

/** The form of what `owner` describes: a parameter, a header, or the encoding of a field together with its schema. */
export function textForm(document: JsonObject, owner: JsonObject): TextForm {
  const schema = valueSchema(document, owner);
  const items = isObject(schema["items"]) ? resolveReference(document, schema["items"]) : {};
  const style = String(owner["style"] ?? (isForm(owner["in"]) ? "form" : "simple"));
  const isRepeated = style === "form" && owner["explode"] !== false;
  return {
    type: typeName(schema["type"]),
    itemType: typeName(items["type"]),
    separator: isRepeated ? undefined : (separators.get(style) ?? ","),
    isJson: owner["schema"] === undefined && isObject(owner["content"]),
  };
}

const separators: ReadonlyMap<string, string> = new Map([
  ["spaceDelimited", " "],
  ["pipeDelimited", "|"],
]);

function isForm(place: unknown): boolean {
  return place === "query" || place === "cookie" || place === "form";
}

/** The value that texts of one name stand for. Of several the first counts, as for gateways (protocol §1.2). */
export function readTexts(form: TextForm, texts: readonly string[]): unknown {
  const [first = ""] = texts;
  if (form.isJson) return parsed(first);
  if (form.type !== "array") return typed(form.type, first);
  const items = form.separator === undefined ? texts : first === "" ? [] : first.split(form.separator);
  return items.map((item) => typed(form.itemType, item.trim()));
}

/** Numbers are plain decimals: JavaScript's other spellings, such as `0x10`, are none to servers. */
function typed(type: string, text: string): unknown {
  if (type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  const isNumber = (type === "integer" || type === "number") && /^-?\d+(\.\d+)?$/.test(text);
  return isNumber ? Number(text) : text;
}

/** The text as JSON, if it is that. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

type Compile = (schema: Json) => Check;

export interface BodyContract {
  /** The name that an example gives the body among the parameters. */
  readonly name: string;
  readonly required: boolean;
  /** The one that `check` is for. */
  readonly contentType: string;
  readonly contentTypes: readonly string[];
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
    contentTypes: contentTypes(body),
    fields: isForm ? fieldsOf(document, schema, media.encoding) : undefined,
    check: contentType.includes("json") ? compile(schema) : isForm ? formCheck(compile(schema)) : checkBytes,
  };
}

/** The content of a request body or of a response. */
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

/** All forms that a request body or a response can have. */
export function contentTypes({ content }: JsonObject): string[] {
  return isObject(content) ? Object.keys(content) : [];
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
const checkBytes: Check = (value, pointer) => {
  if (bodyLength(value) !== undefined) return [];
  const message = "expected the bytes of the body";
  return [
    violation({ code: "TYPE_INVALID", pointer, expected: "the bytes of the body", message, actual: value }),
  ];
};
