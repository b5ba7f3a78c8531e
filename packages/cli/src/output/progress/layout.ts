import stringWidth from "string-width";

const leastBar = 10;
const mostBar = 30;
const gap = "  ";

/** How much of a bar is filled, from 0 to 1. `resumed` is a part of `committed`. */
export interface Shares {
  readonly resumed: number;
  readonly committed: number;
}

/** A line of at most so many columns: the name, a bar, and as many of the figures as there is room for. */
export function barLine(columns: number, name: string, shares: Shares, parts: readonly string[]): string {
  const shown = fitting(parts, columns);
  const room = columns - stringWidth(shown);
  const barWidth = Math.min(mostBar, Math.floor(room / 2) - gap.length);
  if (barWidth < leastBar) return shown;
  const nameWidth = room - barWidth - 2 * gap.length;
  const bar = barText(barWidth, shares);
  return [shorten(name, nameWidth), bar, shown].filter((text) => text !== "").join(gap);
}

/** The first parts, as many as leave half of the line to name and bar; at least one. */
function fitting([first = "", ...others]: readonly string[], columns: number): string {
  let text = shorten(first, columns);
  for (const part of others) {
    const longer = `${text}${gap}${part}`;
    if (stringWidth(longer) > Math.max(columns * 0.6, columns - 60)) break;
    text = longer;
  }
  return text;
}

function barText(width: number, { resumed, committed }: Shares): string {
  const filled = Math.floor(committed * width);
  const held = Math.min(filled, Math.round(resumed * width));
  return "▓".repeat(held) + "█".repeat(filled - held) + "░".repeat(width - filled);
}

/** Cut in the middle, as names differ at their ends; filled up with blanks. */
export function fitName(text: string, width: number): string {
  const short = shorten(text, width);
  return short + " ".repeat(Math.max(0, width - stringWidth(short)));
}

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
  let used = 0;
  const end = characters.findIndex((character) => (used += stringWidth(character)) > width);
  return characters.slice(0, end < 0 ? characters.length : end);
}
