/** What a command is about does not exist. */
export class NotFoundError extends Error {
  override readonly name = "NotFoundError";
}
