import type { ClientRequest } from "node:http";

export interface ContinueLimits {
  /** Bodies of at least so many bytes wait. */
  readonly minBytes: number;
  readonly timeoutMs: number;
}

/** Sends the head alone over a connection that is there, and the body once the server has asked for it or has been silent for too long. */
export function sendAfterContinue(
  request: ClientRequest,
  { timeoutMs }: ContinueLimits,
  send: () => void,
): void {
  const stop = () => {
    clearTimeout(timer);
    request.off("continue", goOn);
  };
  const goOn = () => {
    stop();
    if (!request.destroyed) send();
  };
  const timer = setTimeout(goOn, timeoutMs);
  request.once("continue", goOn);
  // An answer in its place: the server does not want the body.
  request.once("response", stop);
  request.once("close", stop);
  request.flushHeaders();
}
