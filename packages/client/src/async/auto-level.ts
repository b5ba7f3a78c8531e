import { isFabricError, isTimeoutError } from "../errors/errors.js";
import type { Clock } from "./clock.js";
import type { MovingLevel, Priority } from "./concurrency.js";

/** A task that ended, and what it says about the server. Times are in milliseconds. */
export interface EndedTask {
  readonly priority: Priority;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Whether as many tasks ran as the level allows. Otherwise, its duration says nothing about the level. */
  readonly isFull: boolean;
  /** `overloaded`: the server asked for fewer requests, or did not respond in time. */
  readonly outcome: "done" | "overloaded" | "failed";
}

const startLevel = 8;
const maxLevel = 64;
/** Trials go no lower: fewer requests save nothing. */
const lowestTried = 16;
/** Shorter windows would measure pauses of this machine. */
const minWindowMs = 50;
/** The windows without a trial after the first one that failed, and the most there will be. */
const [firstPause, maxPause] = [16, 64] as const;

/** How long tasks of one kind took at a level. */
interface Measurement {
  readonly priority: Priority;
  readonly level: number;
  readonly ms: number;
}

type Direction = "up" | "down";

/**
 * Finds how many tasks to run at the same time. It compares two levels by how long tasks take, because the throughput is the
 * level divided by that time: if tasks take as long at the higher level, the server handles more of them, so it stays there and
 * goes on. If they take longer, they only wait for each other, so it takes the level at which they would not.
 *
 * It doubles from 8 as long as that helps, up to 64. Later it tries a higher or lower level now and then, and a lower one as
 * soon as tasks take twice as long. It halves when the server is overloaded, and then recovers carefully.
 */
export class AutoLevel {
  #level = startLevel;
  #changedAt = Number.NEGATIVE_INFINITY;
  /** How many tasks to ignore, because the server has to get used to a new level: connections open in the first round. */
  #unsettled = startLevel;
  #openedAt = 0;
  #durations: Record<Priority, number[]> = { small: [], chunk: [] };
  /** The trial of the current level: what was measured before it. */
  #trial: { readonly before: Measurement; readonly direction: Direction } | undefined;
  /** The first measurement of the current pause. */
  #usual: Measurement | undefined;
  #pause: number = firstPause;
  #pauseLeft = 0;
  #growth = 2;
  #direction: Direction = "up";
  /** Below this level, the tasks that succeed are reason enough to double it. Set when the server is overloaded. */
  #safeLevel = 0;

  get value(): number {
    return this.#level;
  }

  record(task: EndedTask): void {
    const { priority, startedAt, endedAt, isFull, outcome } = task;
    // It started at another level.
    if (startedAt <= this.#changedAt) return;
    if (outcome === "overloaded") this.#reduce(endedAt);
    if (outcome !== "done" || !isFull) return;
    if (this.#unsettled > 0) {
      this.#unsettled -= 1;
      this.#openedAt = endedAt;
      return;
    }
    const durations = this.#durations[priority];
    durations.push(endedAt - startedAt);
    if (durations.length < Math.max(2 * this.#level, 4) || endedAt - this.#openedAt < minWindowMs) return;
    const measured = { priority, level: this.#level, ms: typical(durations) };
    this.#durations = { small: [], chunk: [] };
    this.#openedAt = endedAt;
    this.#decide(measured, endedAt);
  }

  #decide(measured: Measurement, now: number): void {
    const { level, priority, ms } = measured;
    if (level < this.#safeLevel) {
      this.#set(Math.min(2 * level, this.#safeLevel), now);
    } else if (this.#trial !== undefined) {
      const { before, direction } = this.#trial;
      const chosen = before.priority === priority ? better(before, measured) : before.level;
      if (chosen === level) this.#try(direction, measured, now);
      else this.#endTrial(chosen, now, before);
    } else if (this.#pauseLeft === 0) {
      this.#try(this.#direction, measured, now);
    } else {
      this.#pauseLeft -= 1;
      if (this.#usual?.priority !== priority) this.#usual = measured;
      else if (ms > 2 * this.#usual.ms) this.#try("down", measured, now);
    }
  }

  #try(direction: Direction, before: Measurement, now: number): void {
    const { level } = before;
    const target =
      direction === "up"
        ? Math.min(Math.round(level * this.#growth), maxLevel)
        : Math.max(Math.round(level / this.#growth), Math.min(lowestTried, level));
    if (target === level) {
      this.#endTrial(level, now, before);
    } else {
      this.#trial = { before, direction };
      this.#set(target, now);
    }
  }

  /** Stays at this level for some time. */
  #endTrial(level: number, now: number, before: Measurement): void {
    this.#trial = undefined;
    this.#growth = 1.5;
    this.#pauseLeft = this.#pause;
    this.#pause = Math.min(2 * this.#pause, maxPause);
    this.#direction = this.#direction === "up" && level > lowestTried ? "down" : "up";
    this.#set(level, now);
    // If the server is slower since, that is noticed in the next window.
    if (level === before.level) this.#usual = before;
  }

  #reduce(now: number): void {
    if (this.#trial?.direction === "up") {
      // The level before the trial was fine.
      const { before } = this.#trial;
      this.#endTrial(before.level, now, before);
      return;
    }
    const half = Math.max(Math.floor(this.#level / 2), 1);
    // Several reductions in a row are one overload.
    if (this.#level >= this.#safeLevel) this.#safeLevel = half;
    this.#trial = undefined;
    this.#growth = 1.5;
    this.#pauseLeft = firstPause;
    this.#direction = "up";
    this.#set(half, now);
  }

  #set(level: number, now: number): void {
    this.#level = level;
    this.#changedAt = now;
    this.#unsettled = level;
    this.#durations = { small: [], chunk: [] };
    this.#usual = undefined;
  }
}

/** The better of two levels, or a level between them. */
function better(a: Measurement, b: Measurement): number {
  const [low, high] = a.level < b.level ? [a, b] : [b, a];
  const slowdown = high.ms / low.ms;
  if (!(slowdown > 1.15)) return high.level;
  // At this level, as many tasks per second take little longer than at the lower level (Little's law).
  const level = Math.round((1.1 * high.level) / slowdown);
  const isFaster = high.level > 1.05 * slowdown * low.level;
  return Math.max(level, low.level, isFaster ? Math.min(lowestTried, high.level) : 0);
}

/** The mean of the fastest three quarters, so that few slow tasks do not count. */
function typical(durations: readonly number[]): number {
  const fastest = [...durations].sort((a, b) => a - b).slice(0, Math.ceil(durations.length * 0.75));
  return fastest.reduce((sum, ms) => sum + ms, 0) / fastest.length;
}

/** Statuses of servers and proxies that have too much to do. */
const overloadStatuses = new Set([429, 503, 504]);

/**
 * A level that measures the requests of an upload.
 * @param isPaced Whether requests wait for a limit of their own, so that their duration says nothing about the server.
 */
export function autoLevel(clock: Pick<Clock, "now">, isPaced: () => boolean): MovingLevel {
  const level = new AutoLevel();
  return {
    get value() {
      return level.value;
    },
    async run(priority, task, isFull) {
      const startedAt = clock.now();
      let outcome: EndedTask["outcome"] = "failed";
      try {
        const value = await task();
        outcome = "done";
        return value;
      } catch (error) {
        const isOverload =
          isTimeoutError(error) || (isFabricError(error) && overloadStatuses.has(error.status));
        if (isOverload) outcome = "overloaded";
        throw error;
      } finally {
        level.record({ priority, startedAt, endedAt: clock.now(), isFull: isFull() && !isPaced(), outcome });
      }
    },
  };
}
