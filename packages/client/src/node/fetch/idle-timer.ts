import type { Socket } from "node:net";

/**
 * Decides whether no bytes moved on a socket for some time. After the event loop was blocked, the timer of the socket fires
 * before the bytes that arrived meanwhile are read. Therefore, the socket's timer measures half of the time, and only two halves
 * in a row count: in between, the event loop reads and writes.
 */
export class IdleTimer {
  readonly #socket: Socket;
  #halfMs = 0;
  /** The end of the first half. */
  #first: { readonly at: number; readonly moved: string } | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  start(ms: number): void {
    this.#first = undefined;
    this.#halfMs = Math.ceil(ms / 2);
    this.#socket.setTimeout(this.#halfMs);
  }

  stop(): void {
    this.replace(0);
  }

  /** Stops, and uses the timer of the socket for one event after `ms`; 0 for none. */
  replace(ms: number): void {
    this.#first = undefined;
    this.#socket.setTimeout(ms);
  }

  /** Call it for each `timeout` event of the socket. Returns whether the whole time has elapsed. */
  hasElapsed(): boolean {
    const { bytesRead, bytesWritten, writableLength } = this.#socket;
    const moved = `${bytesRead} ${bytesWritten} ${writableLength}`;
    const at = performance.now();
    // A later event means that the event loop was blocked again, or that Node started over because a part of a write was sent.
    const latest = this.#halfMs + Math.max(this.#halfMs / 2, 20);
    if (this.#first?.moved === moved && at - this.#first.at < latest) return true;
    const first = { at, moved };
    this.#first = first;
    // After the event loop has read and written.
    setImmediate(() => {
      if (this.#first === first) this.#socket.setTimeout(this.#halfMs);
    });
    return false;
  }
}
