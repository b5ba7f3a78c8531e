import { readFileSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { parseDocument } from "yaml";
import { isObject, type Json, type JsonObject } from "./json.js";
import { SpecError } from "./problem.js";

export interface Loaded {
  /** The path to name the file by in messages: relative to the working directory. */
  readonly file: string;
  readonly value: JsonObject;
}

/** Reads a YAML or JSON file whose root is an object. Throws SpecError, with line and column for a syntax error. */
export function loadObject(path: string): Loaded {
  const file = displayPath(path);
  const value = parse(file, readText(path, file));
  if (!isObject(value)) {
    throw new SpecError([{ file, pointer: "#", message: "expected an object at the root of the document" }]);
  }
  return { file, value };
}

/** `path` as a person in the working directory would write it: relative below it, absolute elsewhere, always with `/`. */
export function displayPath(path: string): string {
  const below = relative(process.cwd(), path);
  const shown = below.startsWith("..") || isAbsolute(below) ? resolve(path) : below || ".";
  return shown.replaceAll("\\", "/");
}

function readText(path: string, file: string): string {
  try {
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new SpecError([{ file, pointer: "", message: `cannot be read (${reason})` }], { cause });
  }
}

function parse(file: string, text: string): Json {
  if (!file.endsWith(".json")) return parseYaml(file, text);
  // JSON.parse is ten times faster on a document of a megabyte, and stricter.
  try {
    return JSON.parse(text);
  } catch (cause) {
    parseYaml(file, text); // knows line and column, unless it is YAML of a kind
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SpecError([{ file, pointer: "", message: `is not JSON: ${reason}` }], { cause });
  }
}

function parseYaml(file: string, text: string): Json {
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
  try {
    // Written out and read again, what an anchor names twice is two things, so that changing one leaves the other alone.
    return JSON.parse(JSON.stringify(document.toJS()));
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
    throw new SpecError([{ file, pointer: "", message: `has an alias that cannot be followed: ${reason}` }], {
      cause,
    });
  }
}
