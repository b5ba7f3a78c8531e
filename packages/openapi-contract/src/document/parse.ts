import { isPair, isScalar, isSeq, type Node, parseDocument, visit } from "yaml";
import { isObject, type Json, type JsonObject, type Path, SpecError, valueAt } from "./json.js";

/** What a text holds, and where in it an integer stands that no JavaScript number holds exactly. */
export interface Parsed {
  readonly value: Json;
  /** The places of such integers. Their digits stand there as a text. */
  readonly bigIntegers: readonly Path[];
}

/** Reads JSON or YAML. Throws SpecError with line and column for a syntax error and for a member that is there twice. */
export function parseText(file: string, text: string): Parsed {
  if (!/^\s*[[{]/.test(text)) return parseYaml(file, text);
  const json = new JsonParser(file, text).parse();
  if (json !== undefined) return json;
  // YAML may begin with a brace too, and its parser knows best what is wrong with the text. A JSON file is not YAML: comments
  // would become part of names.
  const yaml = parseYaml(file, text);
  if (!/\.json$/i.test(file)) return yaml;
  throw new SpecError([{ file, pointer: "", message: `is not valid JSON: ${jsonReason(text)}` }]);
}

function jsonReason(text: string): string {
  try {
    JSON.parse(text);
    return "unknown syntax";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Digits that a JavaScript number would change. */
function isTooBig(digits: string): boolean {
  return /^-?\d{16,}$/.test(digits) && BigInt(digits).toString() !== String(Number(digits));
}

function parseYaml(file: string, text: string): Parsed {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true, merge: true });
  const problems = document.errors.map((error) => {
    const at = error.linePos?.[0];
    return {
      file,
      pointer: at ? `:${at.line}:${at.col}` : "",
      message: error.message.split(" at line ")[0] ?? error.message,
    };
  });
  if (problems.length > 0) throw new SpecError(problems);
  const bigIntegers: Path[] = [];
  if (/\d{16,}/.test(text)) {
    visit(document, {
      Scalar(_, scalar, ancestors) {
        if (typeof scalar.value !== "number" || !isTooBig(scalar.source ?? "")) return;
        bigIntegers.push(placeOf(scalar, ancestors));
        scalar.value = scalar.source;
      },
    });
  }
  // Versions are texts that look like numbers: `1.10` is not `1.1`.
  for (const place of [["openapi"], ["swagger"], ["info", "version"]]) {
    const scalar = document.getIn(place, true);
    if (isScalar(scalar) && typeof scalar.value === "number") scalar.value = scalar.source;
  }
  try {
    // Written out and read again, what an anchor names twice is two things, so that changing one leaves the other alone.
    return { value: JSON.parse(JSON.stringify(document.toJS()) ?? "null"), bigIntegers };
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
    throw new SpecError([{ file, pointer: "", message: `has an alias that cannot be followed: ${reason}` }], {
      cause,
    });
  }
}

function placeOf(scalar: Node, ancestors: readonly unknown[]): Path {
  const line = [...ancestors, scalar];
  return line.flatMap((node, index): (string | number)[] => {
    if (isPair(node)) return [String(node.key)];
    return isSeq(node) ? [node.items.indexOf(line[index + 1])] : [];
  });
}

const space = /[ \t\n\r]*/y;
const literal = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** JSON.parse, which also tells of members that are there twice and of integers that it would round. */
class JsonParser {
  readonly #bigIntegers: Path[] = [];
  readonly #path: (string | number)[] = [];
  #at = 0;

  constructor(
    readonly file: string,
    readonly text: string,
  ) {}

  /** Undefined: the text is not JSON. */
  parse(): Parsed | undefined {
    const value = this.#value();
    this.#match(space);
    if (value === undefined || this.#at < this.text.length) return undefined;
    return { value, bigIntegers: this.#bigIntegers };
  }

  #value(): Json | undefined {
    this.#match(space);
    const first = this.text[this.#at];
    if (first === "{") return this.#object();
    if (first === "[") return this.#array();
    if (first === '"') return this.#string();
    const found = this.#match(literal);
    if (found === undefined) return undefined;
    if (!isTooBig(found)) return JSON.parse(found);
    this.#bigIntegers.push([...this.#path]);
    return found;
  }

  #object(): JsonObject | undefined {
    const members: [string, Json][] = [];
    const names = new Set<string>();
    this.#at++;
    if (this.#take("}")) return {};
    do {
      this.#match(space);
      const start = this.#at;
      const name = this.text[start] === '"' ? this.#string() : undefined;
      if (name === undefined || !this.#take(":")) return undefined;
      if (names.has(name)) throw this.#repeated(name, start);
      names.add(name);
      this.#path.push(name);
      const value = this.#value();
      this.#path.pop();
      if (value === undefined) return undefined;
      members.push([name, value]);
    } while (this.#take(","));
    return this.#take("}") ? Object.fromEntries(members) : undefined;
  }

  #array(): Json[] | undefined {
    const items: Json[] = [];
    this.#at++;
    if (this.#take("]")) return items;
    do {
      this.#path.push(items.length);
      const value = this.#value();
      this.#path.pop();
      if (value === undefined) return undefined;
      items.push(value);
    } while (this.#take(","));
    return this.#take("]") ? items : undefined;
  }

  #string(): string | undefined {
    const start = this.#at;
    let end = start;
    do end = this.text.indexOf('"', end + 1);
    while (end > 0 && isEscaped(this.text, end));
    if (end < 0) return undefined;
    this.#at = end + 1;
    const found = this.text.slice(start, end + 1);
    if (!found.includes("\\")) return found.slice(1, -1);
    try {
      return JSON.parse(found);
    } catch {
      return undefined;
    }
  }

  #take(sign: string): boolean {
    this.#match(space);
    if (this.text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #repeated(name: string, start: number): SpecError {
    const before = this.text.slice(0, start).split("\n");
    const place = `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
    const message = `the member ${JSON.stringify(name)} is there twice; delete or rename one of them`;
    return new SpecError([{ file: this.file, pointer: place, message }]);
  }
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === "\\") first--;
  return (at - first) % 2 === 1;
}

/** Keywords of schemas that hold a number. */
const numberKeywords = [
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "default",
  "const",
];

/** Where what stands inside is data. */
const data = new Set(["example", "examples", "default", "enum", "const", "value"]);

/**
 * Keeps integers exact that no JavaScript number can hold: their keyword becomes an extension, with the digits as text
 * (`maximum` becomes `x-maximum`). In data they are texts. Returns a line of explanation for each place.
 */
export function keepBigIntegers({ value, bigIntegers }: Parsed): { path: Path; message: string }[] {
  return bigIntegers.map((path) => {
    const isListed = path.at(-2) === "enum" && typeof path.at(-1) === "number";
    const place = isListed ? path.slice(0, -1) : path;
    const keyword = String(place.at(-1));
    const owners = place.slice(0, -1);
    const isData = owners.some((part) => data.has(String(part)) || String(part).startsWith("x-"));
    const owner = valueAt(value, owners);
    const renamed = isListed ? [...owners, `x-${keyword}`, path.at(-1) ?? 0] : path;
    const digits = [path, renamed].map((each) => valueAt(value, each)).find((each) => each !== undefined);
    const subject = `${String(digits ?? "an integer")} is beyond the integers that JavaScript numbers hold exactly`;
    if (isData || !isObject(owner) || !(isListed || numberKeywords.includes(keyword)))
      return { path, message: `${subject}; it is kept as a text` };
    if (owner[keyword] !== undefined) {
      const kept = owner[keyword];
      owner[`x-${keyword}`] = Array.isArray(kept) ? kept.map(String) : kept;
      delete owner[keyword];
    }
    return { path, message: `${subject}; ${keyword} is kept as a text, in x-${keyword}` };
  });
}
