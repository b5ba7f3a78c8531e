import stringWidth from "string-width";

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
