/** An error that has something to say to programs beside its message. */
export abstract class DetailedError extends Error {
  readonly details: object;

  constructor(message: string, details: object, options: ErrorOptions) {
    super(message, options);
    this.details = details;
  }
}

/** The user has stopped a command that can go on later. The message says how. */
export class Interruption extends DetailedError {
  override readonly name = "Interruption";
}

/** Some of what was to be deleted is gone, and the rest is not: the cause says why. */
export class PartialDeletionError extends DetailedError {
  override readonly name = "PartialDeletionError";
}
