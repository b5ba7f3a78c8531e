/** The cluster cannot do what a command is for. The message says what can be done instead. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
}
