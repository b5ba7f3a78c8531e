import { arrayAt, isObject, type Json, SpecError, stringAt } from "./json.js";
import { loadObject } from "./load.js";

/** What an entry of an ignore file can name, and how it is found in an item. */
export type IgnoreFields<Item> = Readonly<
  Record<
    string,
    {
      readonly of: (item: Item) => string | undefined;
      /** In a pattern, `*` stands for everything but `/`, `**` for everything. Default: false. */
      readonly isPattern?: boolean;
    }
  >
>;

interface Entry {
  readonly conditions: ReadonlyMap<string, string>;
  readonly reason: string;
  readonly place: string;
}

export interface IgnoreResult<Item> {
  readonly kept: readonly Item[];
  readonly ignored: readonly { readonly item: Item; readonly reason: string }[];
  /** Entries that match nothing. */
  readonly unused: readonly { readonly file: string; readonly place: string; readonly reason: string }[];
}

/**
 * Removes the items that an ignore file lists. Throws SpecError for an entry without a reason or without a condition.
 * @param question Asks for the reason. The message contains it.
 */
export function applyIgnoreFile<Item>(
  path: string,
  items: readonly Item[],
  fields: IgnoreFields<Item>,
  question: string,
): IgnoreResult<Item> {
  const { file, value } = loadObject(path);
  const names = Object.keys(fields);
  const entries = arrayAt(value, "ignore").map((entry, index) =>
    readEntry(file, entry, index, names, question),
  );
  const used = new Set<Entry>();
  const kept: Item[] = [];
  const ignored: { item: Item; reason: string }[] = [];
  for (const item of items) {
    const matching = entries.filter((entry) => matches(entry, item, fields));
    for (const entry of matching) used.add(entry);
    const [first] = matching;
    if (first === undefined) kept.push(item);
    else ignored.push({ item, reason: first.reason });
  }
  const unused = entries
    .filter((entry) => !used.has(entry))
    .map(({ place, reason }) => ({ file, place, reason }));
  return { kept, ignored, unused };
}

function readEntry(
  file: string,
  entry: Json,
  index: number,
  names: readonly string[],
  question: string,
): Entry {
  const place = `#/ignore/${index}`;
  const wrong = (message: string) => new SpecError([{ file, pointer: place, message }]);
  if (!isObject(entry)) throw wrong("expected an object");
  const known = [...names, "reason"];
  const unknown = Object.keys(entry).find((name) => !known.includes(name));
  if (unknown !== undefined) throw wrong(`${unknown} is unknown; use ${known.join(", ")}`);
  const reason = stringAt(entry, "reason")?.trim() ?? "";
  if (reason === "") throw wrong(`needs a reason: ${question}`);
  const conditions = names.flatMap((name): [string, string][] => {
    const text = stringAt(entry, name);
    return text === undefined ? [] : [[name, text]];
  });
  if (conditions.length === 0) {
    const list = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
    throw wrong(`would ignore everything; add ${list}`);
  }
  return { conditions: new Map(conditions), reason, place };
}

function matches<Item>({ conditions }: Entry, item: Item, fields: IgnoreFields<Item>): boolean {
  return [...conditions].every(([name, wanted]) => {
    const field = fields[name];
    const text = field?.of(item);
    if (text === undefined) return false;
    return field?.isPattern === true ? fits(wanted, text) : wanted === text;
  });
}

function fits(pattern: string, text: string): boolean {
  const parts = pattern.split(/(\*+)/).map((part) => {
    if (part.startsWith("*")) return part.length > 1 ? ".*" : "[^/]*";
    return part.replaceAll(/[$.+?^()|[\]\\{}]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`, "s").test(text);
}
