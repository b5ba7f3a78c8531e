import CliTable from "cli-table3";
import { oneLine } from "./escape.js";

const bare = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
} as const;
const sides = {
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
} as const;
const ends = { right: "", "right-mid": "", middle: "  " } as const;

/** Formats a table for people and for `awk`: no borders, two spaces between columns, one line per row. */
export function table(rows: readonly (readonly string[])[], align: readonly ("left" | "right")[]): string {
  const made = new CliTable({
    chars: { ...bare, ...sides, ...ends },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    colAligns: [...align],
  });
  made.push(...rows.map((row) => row.map(oneLine)));
  return made
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
