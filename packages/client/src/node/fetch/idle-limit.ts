import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { TransportError } from "./transport-error.js";

/**
 * Destroys a request while nothing moves. Counts from the connecting until all is sent, and again from the answer's head
 * until its end. (A socket's own timer also sees the progress inside one large write.)
 */
export function limitIdleTime(request: ClientRequest, idleTimeoutMs: number): void {
  request.once("socket", (socket: Socket) => {
    let doing = "sending the request";
    const onTimeout = () => {
      const message = `nothing moved for ${idleTimeoutMs} ms while ${doing}`;
      request.destroy(new TransportError("ETIMEDOUT", message));
    };
    const pause = () => socket.setTimeout(0);
    socket.on("timeout", onTimeout).setTimeout(idleTimeoutMs);
    request.once("finish", pause);
    request.once("response", () => {
      doing = "receiving the answer";
      request.off("finish", pause);
      socket.setTimeout(idleTimeoutMs);
    });
    request.once("close", () => socket.off("timeout", onTimeout));
  });
}
