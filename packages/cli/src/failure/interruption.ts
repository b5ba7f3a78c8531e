/** The user has stopped a command that can go on later. The message says how. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  /** For programs, beside the message. */
  readonly details: object;

  constructor(message: string, details: object, options: ErrorOptions) {
    super(message, options);
    this.details = details;
  }
}
