/** The command line, the environment or a profile asks for something that cannot be. The message says what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** An error's message, to be put into a sentence. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
