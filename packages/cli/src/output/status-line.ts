import { oneLine } from "./escape.js";

/** Where the line is drawn. */
interface Terminal {
  readonly columns?: number;
  write(text: string): unknown;
}

/** A clock that tests can replace. */
export interface Clock {
  /** In milliseconds, from an arbitrary start. */
  now(): number;
  /** Calls `tick` repeatedly until the returned function is called. Does not keep the process alive. */
  every(ms: number, tick: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  every(ms, tick) {
    const timer = setInterval(tick, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** Moves the cursor to the start of the line and clears it. */
export const clearLine = "\r\u001b[2K";

/** Fast commands show nothing. Together with the start of Node.js, this is less than 300 ms. */
const intervalMs = 150;
/** From then on, the line says how long the command has been waiting. */
const minShownMs = 2000;

/** A line on the terminal that says what the command waits for, such as `Connecting to https://cluster:19080... 3 s`. */
export class StatusLine {
  readonly #terminal: Terminal | undefined;
  readonly #paint: (text: string) => string;
  readonly #clock: Clock;
  #text = "";
  #begin = 0;
  #drawn = "";
  #stopTimer: (() => void) | undefined;

  /** @param terminal Undefined if nothing can be drawn. */
  constructor(terminal: Terminal | undefined, paint: (text: string) => string, clock: Clock) {
    this.#terminal = terminal;
    this.#paint = paint;
    this.#clock = clock;
  }

  /** Shows the text, after a moment, until `stop`. */
  start(text: string): void {
    if (this.#terminal === undefined) return;
    if (text !== this.#text) this.#begin = this.#clock.now();
    this.#text = text;
    this.#stopTimer ??= this.#clock.every(intervalMs, () => this.#draw());
  }

  /** Removes the line until it is drawn again. Must precede everything that is printed. */
  hide(): void {
    if (this.#drawn === "") return;
    this.#drawn = "";
    this.#terminal?.write(clearLine);
  }

  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#text = "";
    this.hide();
  }

  #draw(): void {
    const elapsedMs = this.#clock.now() - this.#begin;
    const elapsed = elapsedMs < minShownMs ? "" : ` ${Math.floor(elapsedMs / 1000)} s`;
    // A pseudo-terminal without a size has 0 columns.
    const room = (this.#terminal?.columns || 80) - 1 - "...".length - elapsed.length;
    const line = `${shortened(oneLine(this.#text), room)}...${elapsed}`;
    if (line === this.#drawn) return;
    this.#drawn = line;
    this.#terminal?.write(clearLine + this.#paint(line));
  }
}

/** A line that wraps could not be removed. Characters outside of ASCII may be two columns wide. */
function shortened(text: string, columns: number): string {
  const isWide = /[^\x20-\x7e]/.test(text);
  const characters = [...text];
  const room = Math.max(0, isWide ? Math.floor(columns / 2) : columns);
  return characters.length <= room ? text : characters.slice(0, Math.max(0, room - 1)).join("");
}
