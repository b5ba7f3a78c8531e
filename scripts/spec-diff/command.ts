import { SpecError } from "../spec/index.js";

/** Where a command writes to; the console is one. */
export interface Output {
  log(text: string): void;
  error(what: unknown): void;
}

/** Runs a command to its exit code. A wrong input or argument is told in words, a mistake of ours with its stack. */
export async function exitCodeOf(output: Output, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const expected = error instanceof SpecError || (error instanceof TypeError && "code" in error);
    output.error(expected ? error.message : error);
    return 2;
  }
}
