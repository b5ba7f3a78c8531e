import type { Difference } from "@sf-image-store/client/node";

/** What is in the store is not what it was compared with. Ends the command as a verification that failed. */
export class DifferenceError extends Error {
  override readonly name = "VerificationError";
  readonly differences: readonly Difference[];

  constructor(message: string, differences: readonly Difference[], options: ErrorOptions) {
    super(message, options);
    this.differences = differences;
  }
}
