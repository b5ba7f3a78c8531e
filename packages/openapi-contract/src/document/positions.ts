import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";

/** A place in a file. Lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
  /** What stands there, as it is written; undefined for objects, lists, and where nothing is. */
  readonly text: string | undefined;
}

/** Whether a pointer to a property means its value or its name. */
export type Aspect = "value" | "name";

/** Finds the place of a JSON pointer such as `#/paths/~1a/get`. What does not exist is where its parent is. */
export type Positions = (pointer: string, aspect?: Aspect) => Position;

/** Reads the positions of everything in a YAML or JSON text. JSON is YAML; its texts keep their quotes. */
export function positionsIn(text: string): Positions {
  const lines = new LineCounter();
  const { contents } = parseDocument(text, { lineCounter: lines, uniqueKeys: false, merge: false });
  const at = (offset: number, source: string | undefined): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1), text: source };
  };
  const placeOf = (node: unknown): Position => {
    const [start = 0, end = 0] = (isNode(node) ? node.range : undefined) ?? [];
    return at(start, isScalar(node) ? text.slice(start, end) : undefined);
  };
  return (pointer, aspect = "value") => {
    let node: unknown = contents;
    let name: unknown = contents;
    for (const part of partsOf(pointer)) {
      const pair = isMap(node) ? node.items.findLast(({ key }) => keyText(key) === part) : undefined;
      const item = isSeq(node) ? node.items[Number(part)] : undefined;
      if (pair === undefined && item === undefined) return placeOf(aspect === "name" ? name : node);
      node = pair === undefined ? item : pair.value;
      name = pair === undefined ? item : pair.key;
      // A key without a value has no node of its own.
      if (node === null) node = name;
    }
    const { line, column } = placeOf(name);
    return aspect === "name" ? { line, column, text: placeOf(node).text } : placeOf(node);
  };
}

function partsOf(pointer: string): string[] {
  const parts = pointer.split("/").slice(1);
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}
