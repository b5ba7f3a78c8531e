/** How much is said besides results and errors. */
export type Level = "quiet" | "normal" | "verbose" | "debug";

/** What the command line asks for. */
export interface OutputChoice {
  readonly json: boolean;
  readonly level: Level;
  readonly color: boolean;
}
