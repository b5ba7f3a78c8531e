import type { FileProgress } from "@sf-image-store/client/node";
import type { SingleBar } from "cli-progress";
import cliProgress from "cli-progress";
import stringWidth from "string-width";
import { oneLine } from "./escape.js";
import type { Output } from "./output.js";
import {
  figures,
  fileStep,
  type ProgressDisplay,
  type ProgressState,
  percentOf,
  shareText,
} from "./progress-state.js";

/** Rows for single files, below the one for all: however many are in work, the screen stays quiet. */
const mostRows = 4;

/** Bars on a terminal: one for all files, and one for each of those in work. They are gone when all is done. */
export function barDisplay({ terminal, note }: Output, name: string): ProgressDisplay {
  const bars = new cliProgress.MultiBar({
    stream: terminal,
    clearOnComplete: true,
    // Rows are drawn whole, and nothing of the terminal is changed that a killed process could not change back.
    forceRedraw: true,
    linewrap: true,
    hideCursor: false,
    gracefulExit: false,
    format: (_options, _params, payload: { text: string }) => payload.text,
  });
  const rows: SingleBar[] = [];
  const rowsInUse = new Rows();
  const columns = () => Math.max(1, (terminal.columns ?? 80) - 1);
  const draw = (row: number, text: string) => {
    const bar = rows[row];
    if (bar === undefined) rows[row] = bars.create(1, 0, { text });
    else bar.update({ text });
  };
  return {
    intervalMs: 100,
    show(state) {
      draw(0, totalLine(columns(), name, state));
      const room = Math.min(mostRows, (terminal.rows ?? 24) - 2);
      const shown = state.files.total === 1 ? [] : rowsInUse.assign(state.active, room);
      shown.forEach(
        (file, row) => void draw(row + 1, file === undefined ? "" : fileLine(columns(), name, file)),
      );
      bars.update();
    },
    end(state, isDone) {
      bars.stop();
      if (state !== undefined && !isDone) note(totalLine(columns(), name, state));
    },
  };
}

/** Which file has which row: as long as it is in work, it keeps its own. */
class Rows {
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

function totalLine(columns: number, name: string, state: ProgressState): string {
  return barLine(columns, oneLine(name), sharesOf(state), figures(state));
}

function fileLine(columns: number, name: string, file: FileProgress): string {
  const { storePath, committedBytes, totalBytes } = file;
  const inside = storePath.startsWith(`${name}/`) ? storePath.slice(name.length + 1) : storePath;
  const sizes = shareText(committedBytes, totalBytes);
  const parts = [`${percentOf(file)} %`, sizes, fileStep(file) ?? ""].filter((text) => text !== "");
  return barLine(columns, `  ${oneLine(inside)}`, sharesOf(file), parts);
}

function sharesOf({
  totalBytes,
  committedBytes,
  resumedBytes,
  sendingBytes,
}: Pick<FileProgress, "totalBytes" | "committedBytes" | "resumedBytes" | "sendingBytes">) {
  if (totalBytes === 0) return { resumed: 0, committed: 1, sending: 0 };
  return {
    resumed: resumedBytes / totalBytes,
    committed: committedBytes / totalBytes,
    sending: sendingBytes / totalBytes,
  };
}

const gap = "  ";

/** How much of a bar is filled, from 0 to 1. `resumed` is a part of `committed`, and `sending` comes on top of that. */
export interface Shares {
  readonly sending: number;
  readonly resumed: number;
  readonly committed: number;
}

/**
 * A line of at most so many columns: a name, a bar, and as many of the figures, in their order, as there is room for.
 * Name and bar have the same place in every line, whatever the figures. A narrow terminal has the figures first.
 */
export function barLine(columns: number, name: string, shares: Shares, parts: readonly string[]): string {
  const nameWidth = columns < 60 ? 0 : Math.min(30, Math.floor(columns * 0.22));
  const barWidth = columns < 40 ? 0 : Math.min(30, Math.floor(columns * 0.2));
  const begin = [
    ...(nameWidth === 0 ? [] : [padded(shorten(name, nameWidth), nameWidth)]),
    ...(barWidth === 0 ? [] : [barText(barWidth, shares)]),
  ].map((part) => part + gap);
  return begin.join("") + fitting(parts, columns - stringWidth(begin.join("")));
}

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

function barText(width: number, { resumed, committed, sending }: Shares): string {
  const filled = Math.floor(committed * width);
  const held = Math.min(filled, Math.round(resumed * width));
  const underWay = Math.min(width, Math.floor((committed + sending) * width)) - filled;
  const empty = width - filled - underWay;
  return "▓".repeat(held) + "█".repeat(filled - held) + "▒".repeat(underWay) + "░".repeat(empty);
}

/** Cut in the middle, as names differ at their ends. */
function shorten(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  if (width < 3) return "";
  const characters = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
  const half = (width - 1) / 2;
  const head = takeWidth(characters, Math.floor(half));
  const tail = takeWidth(characters.reverse(), Math.ceil(half));
  return `${head.join("")}…${tail.reverse().join("")}`;
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
