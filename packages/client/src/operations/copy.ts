import type { OperationOptions } from "../http/options.js";

export type CopyFlag = "Echo" | "Overwrite";

export interface CopyContentOptions extends OperationOptions {
  /** The file or folder to copy. A folder must hold its mark file `_.dir`. */
  readonly source: string;
  /** Must lie apart from the source, in any case: overwriting deletes it first, which would take the source along. */
  readonly destination: string;
  /** Names of files to leave out, in any folder and any case. */
  readonly skipFiles?: readonly string[];
  /**
   * `Overwrite` deletes the destination first; `Echo` leaves a destination alone that has its mark file.
   * @default "Overwrite", applied by the server
   */
  readonly copyFlag?: CopyFlag;
  /** Documented, but no server is known to read it (protocol §1.5). */
  readonly checkMarkFile?: boolean;
}
