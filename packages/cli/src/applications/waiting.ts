import { setTimeout } from "node:timers/promises";
import { isFabricError, isNetworkError, isTimeoutError } from "@sf-image-store/client/node";
import type { Cli } from "../connection/cli.js";
import { Interruption, reasonOf, WaitTimeoutError } from "../errors/errors.js";
import { durationText } from "../output/units.js";

/** What a command waits for. */
export interface Wait {
  /** @default no limit */
  readonly timeoutMs: number | undefined;
  /** What the cluster continues with, for example `provisions Shop 1.0.0`. */
  readonly work: string;
  /** The command that shows what became of it. */
  readonly check: string;
}

const firstPauseMs = 250;
const longestPauseMs = 2000;
/** How long the cluster may fail to respond while it works. Gateways restart during an upgrade. */
const silenceMs = 120_000;

/**
 * Asks until there is a value. Pauses are short at first. Throws WaitTimeoutError after the time limit, and Interruption after
 * Ctrl+C.
 */
export async function pollUntil<Value>(
  cli: Pick<Cli, "signal" | "output">,
  wait: Wait,
  ask: () => Promise<Value | undefined>,
): Promise<Value> {
  const begin = performance.now();
  cli.output.status("Waiting for the cluster");
  let answeredAt = Number.NEGATIVE_INFINITY;
  try {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        const value = await ask();
        if (value !== undefined) return value;
        answeredAt = performance.now();
      } catch (error) {
        if (!isTransient(error) || performance.now() - answeredAt > silenceMs) throw error;
        cli.output.detail(`Waiting although the cluster did not respond: ${reasonOf(error)}`);
      }
      const { timeoutMs } = wait;
      if (timeoutMs !== undefined && performance.now() - begin > timeoutMs)
        throw timeoutError(wait, timeoutMs);
      await setTimeout(pauseMs, undefined, { signal: cli.signal });
    }
  } catch (cause) {
    if (!cli.signal.aborted) throw cause;
    const text = `Stopped waiting. ${continuesText(wait)}`;
    throw new Interruption(text, { check: wait.check }, { cause });
  }
}

function timeoutError(wait: Wait, timeoutMs: number): WaitTimeoutError {
  const text = `The result is not there after ${durationText(timeoutMs)}. ${continuesText(wait)}`;
  return new WaitTimeoutError(text, { timeoutMs, check: wait.check }, {});
}

function continuesText({ work, check }: Wait): string {
  return `The cluster still ${work}. To check, run:\n  ${check}`;
}

/** Whether a repeated request may succeed. */
function isTransient(error: unknown): boolean {
  if (isFabricError(error)) return error.status >= 500;
  return isNetworkError(error) || isTimeoutError(error);
}
