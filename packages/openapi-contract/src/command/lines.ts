import { readFileSync } from "node:fs";
import { type Document, isCollection, isNode, LineCounter, type Node, parseDocument } from "yaml";
import { type Problem, referencePath } from "../document/json.js";

/** Adds the line to problems whose place is in a file that can be read: `petstore.yaml:12#/paths/~1pets`. */
export function locator(): (problem: Problem) => Problem {
  const files = new Map<string, Source | undefined>();
  return (problem) => {
    const { file, pointer } = problem;
    const path = pointer.startsWith("#/") ? referencePath(pointer) : undefined;
    if (path === undefined) return problem;
    if (!files.has(file)) files.set(file, read(file));
    const line = lineOf(files.get(file), path) ?? lineOf(files.get(file), inSwagger(path));
    return line === undefined ? problem : { ...problem, file: `${file}:${line}` };
  };
}

interface Source {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

function read(file: string): Source | undefined {
  try {
    const lines = new LineCounter();
    const document = parseDocument(readFileSync(file, "utf8"), {
      lineCounter: lines,
      logLevel: "silent",
      merge: true,
    });
    return { document, lines };
  } catch {
    return undefined;
  }
}

/** Where OpenAPI 3 has its components, Swagger 2.0 has members of the root. */
function inSwagger(path: readonly string[]): string[] {
  const [root, group = "", ...rest] = path;
  const groups: Readonly<Record<string, string>> = {
    schemas: "definitions",
    securitySchemes: "securityDefinitions",
  };
  return root === "components" ? [groups[group] ?? group, ...rest] : [...path];
}

/** The line of the deepest part of `path` that is in the file: what a conversion adds is not. */
function lineOf(source: Source | undefined, path: readonly string[]): number | undefined {
  let node: unknown = source?.document.contents;
  let offset: number | undefined;
  let depth = 0;
  for (const part of path) {
    const next: Node | undefined = isCollection(node) ? child(node, part) : undefined;
    if (next === undefined) break;
    offset = keyOffset(node, part) ?? next.range?.[0];
    node = next;
    depth++;
  }
  // A root member alone would point at the whole document.
  if (source === undefined || offset === undefined || depth < Math.min(2, path.length)) return undefined;
  return source.lines.linePos(offset).line;
}

function child(node: Parameters<typeof isCollection>[0], part: string): Node | undefined {
  if (!isCollection(node)) return undefined;
  const key = /^\d+$/.test(part) && !node.has(part) ? Number(part) : part;
  const found = node.get(key, true);
  return isNode(found) ? found : undefined;
}

function keyOffset(node: unknown, part: string): number | undefined {
  if (!isCollection(node)) return undefined;
  for (const item of node.items) {
    const key = typeof item === "object" && item !== null && "key" in item ? item.key : undefined;
    if (isNode(key) && "value" in key && String(key.value) === part) return key.range?.[0];
  }
  return undefined;
}
