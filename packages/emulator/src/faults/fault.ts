import type { OperationId } from "@sf-image-store/types";

/** Which requests a fault is for. */
export interface FaultMatch {
  /** The operation. Default: any. */
  readonly operation?: OperationId;
  /**
   * The store path in the URL, or that of the session the URL names; `*` stands for any text. Separators are alike, and on
   * Windows case does not count. Refused for an operation whose URL names neither, such as a copy. Default: any, and
   * requests without a path.
   */
  readonly path?: string;
  /** The first matching request to suffer, counted from 1. Default: 1. */
  readonly nth?: number;
  /** How many matching requests suffer, from that one on. Default: 1. */
  readonly times?: number;
}

/** What goes wrong. */
export type FaultAction =
  /** The connection breaks before anything is done. */
  | { readonly do: "drop-before" }
  /** Everything is done, and the connection breaks instead of an answer. */
  | { readonly do: "drop-after" }
  /** The connection breaks when more than so many bytes of the body have come. */
  | { readonly do: "drop-in-body"; readonly afterBytes: number }
  /** Nothing is done for so many milliseconds. */
  | { readonly do: "delay"; readonly ms: number }
  /** Nothing is done, and this is the answer. */
  | { readonly do: "answer"; readonly status: number; readonly code: string; readonly message?: string }
  /** Before anything is done, the store fails over: every session is lost (protocol §2.9). */
  | { readonly do: "lose-sessions" }
  /** Everything is done at once, and the answer comes so many milliseconds later. */
  | { readonly do: "answer-late"; readonly ms: number }
  /** The body is read no faster than this. */
  | { readonly do: "throttle"; readonly bytesPerSecond: number };

/** Something that shall go wrong: when, and what. */
export type Fault = FaultMatch & FaultAction;

/** A fault that happened. */
export interface FiredFault {
  readonly fault: Fault;
  /** Which matching request suffered, counted from 1. */
  readonly matchNumber: number;
  readonly method: string;
  /** Path and query exactly as they stood in the request line. */
  readonly url: string;
}
