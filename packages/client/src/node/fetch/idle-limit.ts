import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { TransportError } from "./transport-error.js";

export interface IdleLimits {
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/**
 * Destroys a request while nothing moves. Counts from the connecting until all is sent, and again from the answer's head
 * until its end. (A socket's own timer also sees the progress inside one large write.)
 */
export function limitIdleTime(request: ClientRequest, { connectTimeoutMs, idleTimeoutMs }: IdleLimits): void {
  request.once("socket", (socket: Socket) => {
    let doing = "sending the request";
    const onTimeout = () => {
      const what = socket.connecting
        ? `there was no connection after ${connectTimeoutMs} ms`
        : `nothing moved for ${idleTimeoutMs} ms while ${doing}`;
      request.destroy(new TransportError("ETIMEDOUT", what));
    };
    const pause = () => socket.setTimeout(0);
    // Over TLS, the socket comes when it is connected, within a limit of its own.
    socket.on("timeout", onTimeout).setTimeout(socket.connecting ? connectTimeoutMs : idleTimeoutMs);
    if (socket.connecting) socket.once("connect", () => socket.setTimeout(idleTimeoutMs));
    request.once("finish", pause);
    request.once("response", () => {
      doing = "receiving the answer";
      request.off("finish", pause);
      socket.setTimeout(idleTimeoutMs);
    });
    request.once("close", () => socket.off("timeout", onTimeout));
  });
}
