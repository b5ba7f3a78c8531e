/** Runtimes wrap the telling error, sometimes twice: "fetch failed", caused by "connect ECONNREFUSED …". */
export function deepestCause(error: unknown): { code?: string; message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return deepestCause(error.errors[0]);
  if (!(error instanceof Error)) return { message: excerpt(String(error)) };
  if (error.cause instanceof Error) return deepestCause(error.cause);
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  // Longer than foreign text: what is to be compared in a refused certificate stands at the end.
  return { ...code, message: excerpt(error.message, 1000) };
}

/** Foreign text, for one line of a message. It may hold escape sequences, which must not reach a terminal. */
export function excerpt(text: string, maxLength = 200): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}
