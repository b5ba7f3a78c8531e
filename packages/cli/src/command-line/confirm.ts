import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import type { Cli } from "../cli.js";
import { UsageError } from "../failure/usage-error.js";

/** The person said no. */
class DeclinedError extends Error {
  override readonly name = "DeclinedError";
}

/**
 * Asks whether to go on. Only `y` and `yes` mean yes. Throws DeclinedError for anything else, and UsageError where nobody
 * can be asked.
 */
export async function confirm({ output, stdin, signal }: Cli, what: string): Promise<void> {
  if (stdin.isTTY !== true || !output.isDrawn) {
    throw new UsageError("Refusing to delete without confirmation. Pass --yes.");
  }
  output.ask(`${what} [y/N] `);
  // Not as a terminal: Ctrl+C stays the signal that it is everywhere else.
  const lines = createInterface({ input: stdin, terminal: false });
  try {
    const answer = await Promise.race([nextLine(lines, signal), once(lines, "close", { signal })]);
    if (!/^y(es)?$/i.test(String(answer[0] ?? "").trim())) throw new DeclinedError("Nothing was deleted.");
  } finally {
    lines.close();
    // Otherwise the process waits for more to be typed.
    stdin.unref?.();
  }
}

async function nextLine(lines: ReturnType<typeof createInterface>, signal: AbortSignal): Promise<unknown[]> {
  return once(lines, "line", { signal });
}
