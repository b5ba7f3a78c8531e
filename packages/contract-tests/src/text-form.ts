import {
  isObject,
  type JsonObject,
  resolveReference,
  typeName,
  valueSchema,
} from "@sf-image-store/scripts/spec";

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
