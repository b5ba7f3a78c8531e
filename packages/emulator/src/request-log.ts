/** What happened to one request. */
export interface RequestLogEntry {
  readonly method: string;
  /** Path and query exactly as they stood in the request line. */
  readonly url: string;
  /** The operation the URL named; absent when it named none. */
  readonly operationId?: string;
  /** The `Content-Range` header as sent. */
  readonly contentRange?: string;
  /** The HTTP status; absent when the connection broke before there was an answer. */
  readonly status?: number;
  /** `OK`, `NoContent`, `ConnectionBroken`, or the error's code. */
  readonly code: string;
  readonly durationMs: number;
  /** What went wrong inside, when the answer is the emulator's own failure (a 500). */
  readonly cause?: unknown;
}
