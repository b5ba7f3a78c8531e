import { escapeYamlString, oneLine } from "./escape.js";
import { table } from "./table.js";

/** The values of --output in addition to `json`, which the output itself writes. */
export type ResultFormat = "table" | "tsv" | "yaml";

/**
 * Formats the document of a result.
 * @param list The name of the member with the entries that tables show, if the result is a list.
 */
export type FormatResult = (document: object, list: string | undefined) => string;

export const resultFormatters: Readonly<Record<ResultFormat, FormatResult>> = {
  yaml: (document) => yamlLines(asJson(document)).join("\n"),

  table(document, list) {
    const { columns, rows } = recordsOf(document, list);
    const cells = rows.map((row) => columns.map((name) => row.get(name) ?? ""));
    // A single record has too many members for one line.
    const lines =
      list === undefined
        ? columns.map((name, index) => [name, cells[0]?.[index] ?? ""])
        : [columns, ...cells];
    const isNumber = (index: number) => rows.some((row) => /^\d+$/.test(row.get(columns[index] ?? "") ?? ""));
    const align = columns.map((_, index) => (list !== undefined && isNumber(index) ? "right" : "left"));
    return table(lines, list === undefined ? ["left", "left"] : align);
  },

  tsv(document, list) {
    const { columns, rows } = recordsOf(document, list);
    // With a header, because the members of the entries, and so the columns, depend on what is listed.
    const lines = [columns, ...rows.map((row) => columns.map((name) => row.get(name) ?? ""))];
    return lines.map((cells) => cells.map(oneLine).join("\t")).join("\n");
  },
};

/** A document as it would be in JSON. */
function asJson(document: object): unknown {
  return JSON.parse(JSON.stringify(document));
}

/** The members of records, by name. Nested objects have names such as `diskInfo.capacity`, and lists are left out. */
function recordsOf(document: object, list: string | undefined) {
  const value = asJson(document);
  const records = list === undefined ? [value] : isObject(value) ? listIn(value, list) : [];
  const rows = records.map((record) => new Map(isObject(record) ? membersOf(record) : []));
  return { columns: [...new Set(rows.flatMap((row) => [...row.keys()]))], rows };
}

function listIn(document: Readonly<Record<string, unknown>>, name: string): readonly unknown[] {
  const list = document[name];
  return Array.isArray(list) ? list : [];
}

function membersOf(record: Readonly<Record<string, unknown>>): (readonly [string, string])[] {
  return Object.entries(record).flatMap(([name, value]) => {
    if (Array.isArray(value)) return [];
    if (isObject(value)) return membersOf(value).map(([below, text]) => [`${name}.${below}`, text] as const);
    return [[name, value === null ? "" : String(value)] as const];
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** YAML in block style. Its scalars are those of JSON, so it needs no library: every JSON string is a YAML string. */
function yamlLines(value: unknown): readonly string[] {
  if (Array.isArray(value)) {
    return value.length === 0
      ? ["[]"]
      : value.flatMap((item) => yamlLines(item).map((line, index) => (index === 0 ? "- " : "  ") + line));
  }
  if (!isObject(value)) return [typeof value === "string" ? yamlString(value) : JSON.stringify(value)];
  const members = Object.entries(value);
  if (members.length === 0) return ["{}"];
  return members.flatMap(([name, member]) => {
    const lines = yamlLines(member);
    const isNested = typeof member === "object" && member !== null && Object.keys(member).length > 0;
    return isNested
      ? [`${yamlString(name)}:`, ...lines.map((line) => `  ${line}`)]
      : [`${yamlString(name)}: ${lines[0] ?? ""}`];
  });
}

/** Without quotation marks only if no version of YAML reads anything else than this string. */
function yamlString(text: string): string {
  const isPlain =
    /^[a-z]([\w./ -]*[\w/])?$/i.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isPlain ? text : escapeYamlString(text);
}
