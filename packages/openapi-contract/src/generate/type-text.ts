import { isObject, type Json, type JsonObject } from "../document/json.js";

/** A TypeScript type as text. */
export interface Type {
  readonly text: string;
  /** The members of a union, or the parts of an intersection; such a type needs parentheses inside another one. */
  readonly union?: readonly Type[];
  readonly isIntersection?: boolean;
}

export const step = "    ";
export const plain = (text: string): Type => ({ text });
export const unknown = plain("unknown");
export const never = plain("never");
export const text = plain("string");
export const nothing = plain("null");
/** An object that says nothing about its members. */
export const anyObject = (indent: string) => plain(`{\n${indent}${step}[key: string]: unknown;\n${indent}}`);
export const emptyObject = plain("Record<string, never>");
/** What a property holds that is present, whatever its type is. */
export const present = plain("{} | null");
export const bytes = unionOf([plain("Blob"), plain("Uint8Array")]);

/** How lists of values that may grow are written. */
export type OpenEnums =
  /** `"A" | "B" | (string & {})`: an editor offers the known values. */
  | "listed"
  /** `string`: survives types that rebuild an object property by property, such as those of openapi-fetch. */
  | "plain";

/** `A | B`: each type once, nothing beside `unknown`. */
export function unionOf(types: readonly Type[], openEnums: OpenEnums = "listed"): Type {
  const flat = types.flatMap((type) => type.union ?? [type]).filter((type) => type.text !== "never");
  const unique = [...new Map(flat.map((type) => [type.text, type])).values()];
  if (unique.some((type) => type.text === "unknown")) return unknown;
  const members = opened(opened(unique, "string", /^"/, openEnums), "number", /^-?\d/, openEnums);
  const [only, second] = members;
  if (only === undefined) return never;
  if (second === undefined) return only;
  return { text: members.map(inner).join(" | "), union: members };
}

/** `"A" | string` is `string` to the compiler; only an intersection keeps the values apart. */
function opened(
  members: readonly Type[],
  keyword: "string" | "number",
  literal: RegExp,
  form: OpenEnums,
): readonly Type[] {
  const isOpen = members.some((type) => type.text === keyword || type.text === `${keyword} & {}`);
  if (!isOpen || !members.some((type) => literal.test(type.text))) return members;
  const others = members.filter((type) => type.text !== keyword && type.text !== `${keyword} & {}`);
  if (form === "listed") return [...others, { text: `${keyword} & {}`, isIntersection: true }];
  return [...others.filter((type) => !literal.test(type.text)), plain(keyword)];
}

/** `A & B`, without what adds nothing. */
export function intersectionOf(types: readonly Type[]): Type {
  const unique = [...new Map(types.map((type) => [type.text, type])).values()];
  if (unique.some((type) => type.text === "never")) return never;
  const parts = unique.filter((type) => type.text !== "unknown");
  const [only, second] = parts;
  if (only === undefined) return unknown;
  if (second === undefined) return only;
  return {
    text: parts.map((part) => (part.union ? inner(part) : part.text)).join(" & "),
    isIntersection: true,
  };
}

export function arrayOf(type: Type): Type {
  return plain(`${inner(type)}[]`);
}

function inner(type: Type): string {
  return type.union !== undefined || type.isIntersection ? `(${type.text})` : type.text;
}

/** The type of exactly this value. A number that JavaScript cannot hold is any number. */
export function literal(value: Json): Type {
  if (Array.isArray(value)) return plain(`[${value.map((item) => literal(item).text).join(", ")}]`);
  if (isObject(value)) {
    const members = Object.entries(value).map(([name, item]) => `${memberName(name)}: ${literal(item).text}`);
    return members.length === 0 ? emptyObject : plain(`{ ${members.join("; ")} }`);
  }
  if (typeof value === "number" && !isExact(value)) return plain("number");
  return plain(JSON.stringify(value));
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && (Number.isSafeInteger(value) || !Number.isInteger(value));
}

/** A name as the member of a type: numbers stay numbers, since those who look up a status use one. */
export function memberName(name: string): string {
  const isBare = /^(?:[A-Za-z_$][\w$]*|0|[1-9]\d{0,14})$/.test(name);
  return isBare ? name : JSON.stringify(name);
}

export interface Member {
  readonly name: string;
  readonly type: Type;
  readonly optional?: boolean;
  readonly readonly?: boolean;
  /** The comment above it; see `comment`. */
  readonly doc?: string;
}

/** `{ … }` with a line for each member. */
export function objectOf(members: readonly Member[], indent: string, indexType?: Type): Type {
  const inside = indent + step;
  const lines = members.map(({ name, type, optional, readonly, doc = "" }) => {
    const written = `${readonly ? "readonly " : ""}${memberName(name)}${optional ? "?" : ""}`;
    return `${doc}${inside}${written}: ${type.text};\n`;
  });
  if (indexType !== undefined) lines.push(`${inside}[key: string]: ${indexType.text};\n`);
  return plain(`{\n${lines.join("")}${indent}}`);
}

/** What a document says about a schema, parameter, response or operation, as a comment at `indent`; else nothing. */
export function comment(owner: Json | undefined, indent: string): string {
  if (!isObject(owner)) return "";
  const lines = [
    ...["title", "summary"].flatMap((name) => shown(owner[name])),
    ...shown(owner["format"]).map((format) => `Format: ${format}`),
    ...(owner["deprecated"] === true ? ["@deprecated"] : []),
    ...["description", "default", "example"].flatMap((name) => tag(name, owner[name])),
    ...(Array.isArray(owner["examples"]) ? owner["examples"].flatMap((each) => tag("example", each)) : []),
    ...("const" in owner ? ["@constant"] : []),
    ...(Array.isArray(owner["enum"]) ? [`@enum {${typeNames(owner)}}`] : []),
  ].map((line) => line.replaceAll("*/", "*\\/"));
  const [first, second] = lines;
  if (first === undefined) return "";
  if (second === undefined && !first.includes("\n")) return `${indent}/** ${first} */\n`;
  const body = lines.join("\n").replaceAll("\n", `\n${indent} * `);
  return `${indent}/**\n${indent} * ${body}\n${indent} */\n`.replaceAll(/ +\n/g, "\n");
}

function shown(value: Json | undefined): string[] {
  return typeof value === "string" && value.trim() !== "" ? [lined(value)] : [];
}

function tag(name: string, value: Json | undefined): string[] {
  if (value === undefined || (name === "description" && value === "")) return [];
  const written = typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
  return [`@${name} ${lined(written)}`.trimEnd()];
}

/** Further lines are indented, so that they read as one entry. */
function lined(value: string): string {
  return value.trim().replaceAll(/\r\n?|\n|\u2028|\u2029/g, "\n    ");
}

function typeNames({ type }: JsonObject): string {
  return type === undefined ? "unknown" : [type].flat().map(String).join("|");
}
