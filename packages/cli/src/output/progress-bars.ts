import { Writable } from "node:stream";
import type { FileProgress } from "@sf-image-store/client/node";
import type { SingleBar } from "cli-progress";
import cliProgress from "cli-progress";
import stringWidth from "string-width";
import { oneLine } from "./escape.js";
import type { Colors, Output, TextStream } from "./output.js";
import {
  figures,
  fileStep,
  type ProgressDisplay,
  type ProgressState,
  percentOf,
  shareText,
} from "./progress-state.js";

/** Maximum number of rows for single files, to limit the height of the display. */
const maxFileRows = 4;

/** Progress bars on a terminal: one for the upload, and one for each file in progress. Removed at the end. */
export function barDisplay({ terminal, note, colors, status }: Output, name: string): ProgressDisplay {
  const bars = new cliProgress.MultiBar({
    stream: unlimited(terminal),
    clearOnComplete: true,
    // Redraw whole rows, and change no terminal state that a killed process could not restore.
    forceRedraw: true,
    linewrap: true,
    hideCursor: false,
    gracefulExit: false,
    format: (_options, _params, payload: { text: string }) => payload.text,
  });
  const rows: SingleBar[] = [];
  const rowsInUse = new RowAssignment();
  // A pseudo-terminal without a size has 0 columns and rows.
  const columns = () => (terminal.columns || 80) - 1;
  const draw = (row: number, text: string) => {
    const bar = rows[row];
    if (bar === undefined) rows[row] = bars.create(1, 0, { text });
    else bar.update({ text });
  };
  return {
    intervalMs: 100,
    show(state) {
      status(undefined);
      draw(0, totalLine(columns(), name, state, colors));
      const room = Math.min(maxFileRows, (terminal.rows || 24) - 2);
      const shown = state.files.total === 1 ? [] : rowsInUse.assign(state.active, room);
      shown.forEach(
        (file, row) => void draw(row + 1, file === undefined ? "" : fileLine(columns(), name, file, colors)),
      );
      bars.update();
    },
    end(state, isDone) {
      bars.stop();
      if (state !== undefined && !isDone) note(totalLine(columns(), name, state));
    },
  };
}

/** cli-progress cuts lines at the width of the stream, counts colors, too, and so would cut off figures that fit. */
function unlimited(terminal: TextStream) {
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _, done) {
      terminal.write(text);
      done();
    },
  });
  return Object.assign(stream, { isTTY: true, columns: Number.MAX_SAFE_INTEGER });
}

/** Assigns files to rows. A file keeps its row while it is in progress. */
class RowAssignment {
  #paths: (string | undefined)[] = [];

  assign(active: readonly FileProgress[], room: number): readonly (FileProgress | undefined)[] {
    const byPath = new Map(active.map((file) => [file.storePath, file]));
    this.#paths = this.#paths.map((path) => (path !== undefined && byPath.has(path) ? path : undefined));
    const waiting = active
      .filter(({ storePath }) => !this.#paths.includes(storePath))
      .sort((a, b) => b.totalBytes - a.totalBytes);
    for (const { storePath } of waiting) {
      const free = this.#paths.indexOf(undefined);
      const row = free < 0 ? this.#paths.length : free;
      if (row >= room) break;
      this.#paths[row] = storePath;
    }
    return this.#paths.map((path) => (path === undefined ? undefined : byPath.get(path)));
  }
}

function totalLine(columns: number, name: string, state: ProgressState, colors?: Colors): string {
  return barLine(columns, oneLine(name), sharesOf(state), figures(state), colors);
}

function fileLine(columns: number, name: string, file: FileProgress, colors: Colors): string {
  const { storePath, committedBytes, totalBytes } = file;
  const inside = storePath.startsWith(`${name}/`) ? storePath.slice(name.length + 1) : storePath;
  const sizes = shareText(committedBytes, totalBytes);
  const parts = [`${percentOf(file)} %`, sizes, fileStep(file) ?? ""].filter((text) => text !== "");
  return barLine(columns, `  ${oneLine(inside)}`, sharesOf(file), parts, colors);
}

function sharesOf({
  totalBytes,
  committedBytes,
  resumedBytes,
  copiedBytes,
  sendingBytes,
}: Pick<FileProgress, "totalBytes" | "committedBytes" | "resumedBytes" | "copiedBytes" | "sendingBytes">) {
  if (totalBytes === 0) return { resumed: 0, committed: 1, sending: 0 };
  return {
    resumed: (resumedBytes + copiedBytes) / totalBytes,
    committed: committedBytes / totalBytes,
    sending: sendingBytes / totalBytes,
  };
}

const gap = "  ";

/** The filled parts of a bar, from 0 to 1. `resumed` also has copied bytes. `committed` includes `resumed`, and `sending` is additional. */
export interface Shares {
  readonly sending: number;
  readonly resumed: number;
  readonly committed: number;
}

/**
 * Formats a line of at most `columns` columns: a name, a bar, and as many figures as fit, in order. The name and the
 * bar have the same position in every line. A narrow terminal shows only figures.
 */
export function barLine(
  columns: number,
  name: string,
  shares: Shares,
  parts: readonly string[],
  colors: Pick<Colors, "green" | "cyan" | "dim"> = plain,
): string {
  // The name of a file says more than the length of its bar.
  const nameWidth = columns < 50 ? 0 : Math.min(40, Math.floor(columns * 0.3));
  const barWidth = columns < 30 ? 0 : Math.min(30, Math.max(8, Math.floor((columns - 40) / 4)));
  const texts = nameWidth === 0 ? [] : [padded(shortenPath(name, nameWidth), nameWidth)];
  const bars = barWidth === 0 ? [] : [barText(barWidth, shares, colors)];
  const begin = [...texts, ...bars].map((part) => part + gap).join("");
  return begin + fitting(parts, columns - stringWidth(begin));
}

const plain = { green: String, cyan: String, dim: String };

function fitting([first = "", ...others]: readonly string[], room: number): string {
  let text = shorten(first, room);
  for (const part of others) {
    const longer = `${text}${gap}${part}`;
    if (stringWidth(longer) > room) break;
    text = longer;
  }
  return text;
}

function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - stringWidth(text)));
}

function barText(
  width: number,
  { resumed, committed, sending }: Shares,
  { green, cyan, dim }: Pick<Colors, "green" | "cyan" | "dim">,
): string {
  const filled = Math.floor(committed * width);
  const resumedCells = Math.min(filled, Math.round(resumed * width));
  const sendingCells = Math.min(width, Math.floor((committed + sending) * width)) - filled;
  const empty = width - filled - sendingCells;
  return [
    [cyan, "▓", resumedCells] as const,
    [green, "█", filled - resumedCells] as const,
    // The server has not confirmed these bytes.
    [dim, "▒", sendingCells] as const,
    [dim, "░", empty] as const,
  ]
    .map(([paint, cell, count]) => (count === 0 ? "" : paint(cell.repeat(count))))
    .join("");
}

/** Shortens a path so that the name of the file remains. */
function shortenPath(path: string, width: number): string {
  if (stringWidth(path) <= width) return path;
  const file = path.slice(path.lastIndexOf("/") + 1);
  const room = width - 1 - stringWidth(file);
  // A part of a name, and the end of a path, are not worth the place of the name.
  if (file === path.trimStart() || room < 3) return shorten(padding(path) + file, width);
  return `${takeWidth(charactersOf(path), room).join("")}…${file}`;
}

/** Files are indented below the total. */
function padding(text: string): string {
  return " ".repeat(text.length - text.trimStart().length);
}

/** Shortens in the middle, because names usually differ at their start and end. */
function shorten(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  if (width < 3) return "";
  const characters = charactersOf(text);
  const half = (width - 1) / 2;
  const head = takeWidth(characters, Math.floor(half));
  const tail = takeWidth(characters.reverse(), Math.ceil(half));
  return `${head.join("")}…${tail.reverse().join("")}`;
}

function charactersOf(text: string): string[] {
  return [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
}

function takeWidth(characters: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let left = width;
  for (const character of characters) {
    left -= stringWidth(character);
    if (left < 0) break;
    taken.push(character);
  }
  return taken;
}
