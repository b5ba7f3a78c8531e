import type { Connection, ConnectionUser } from "./connections.js";
import { codeOf, fetchFailed, hangUp, TransportError } from "./options.js";
import type { Outgoing } from "./request.js";
import { bufferedBytes, cutOff, LazyResponse, RestOfResponse } from "./response.js";
import { type ResponseEvents, type ResponseHead, ResponseParser } from "./response-parser.js";
import type { BodySender, ExchangeParts } from "./send-request.js";
import { continueLimits, headOf, sendRequest, writeWhenQuiet } from "./send-request.js";

const earlyResponse = "the server sent a response before the request";

/**
 * Sends one request on a connection and receives the response. Settles only when nothing reads the request body anymore: it was
 * sent completely, or the socket is closed. Until then, an early response or a failure is held back. An object with few closures,
 * because small requests are sent by the thousand.
 */
export class Exchange implements ConnectionUser, ResponseEvents, BodySender {
  readonly connection: Connection;
  readonly onBodySent: Outgoing["onBodySent"];
  readonly #parts: ExchangeParts;
  readonly #parser: ResponseParser;
  readonly #bytesReadBefore: number;
  /** Whether the request may have been written to the connection. */
  #mayWrite = false;
  /** Whether all of it was given to the socket, and to the operating system. */
  #isWritten = false;
  #isSent = false;
  /** Whether bytes arrived before the request was written. */
  #isEarly = false;
  #head: ResponseHead | undefined;
  #mustClose = false;
  #hasExtraBytes = false;
  #content: Buffer[] = [];
  #contentBytes = 0;
  #rest: RestOfResponse | undefined;
  /** The first error is the reason for later ones. */
  #failure: unknown;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #isSettling = false;
  #respondsOnClose = false;
  #isSettled = false;
  #isOver = false;

  constructor(parts: ExchangeParts) {
    const { connection, outgoing } = parts;
    this.#parts = parts;
    this.connection = connection;
    this.onBodySent = outgoing.onBodySent;
    this.#parser = new ResponseParser(outgoing.method, this);
    this.#bytesReadBefore = connection.socket.bytesRead;
  }

  get isOver(): boolean {
    return this.#isOver || this.connection.socket.destroyed;
  }

  begin(): void {
    const { outgoing, settings } = this.#parts;
    const { socket } = this.connection;
    this.connection.use(this);
    outgoing.signal?.addEventListener("abort", this);
    this.connection.limitIdle(socket.connecting ? settings.connectTimeoutMs : settings.idleTimeoutMs);
    if (outgoing.signal?.aborted || socket.destroyed) this.destroy(outgoing.signal?.reason);
    // The socket of a connection that was just made may be destroyed and closed already.
    if (socket.closed) this.onClose();
    else if (!socket.connecting) writeWhenQuiet(this);
  }

  /** The signal is aborted. */
  handleEvent(): void {
    this.connection.socket.destroy();
  }

  destroy(error: unknown): void {
    this.#failure ??= error;
    this.connection.socket.destroy();
  }

  onConnect(): void {
    this.connection.limitIdle(this.#parts.settings.idleTimeoutMs);
    writeWhenQuiet(this);
  }

  write(): void {
    if (this.#isOver || this.connection.socket.destroyed) return;
    this.#mayWrite = true;
    const { outgoing, route, settings } = this.#parts;
    const limits = this.connection.ignoresExpect
      ? undefined
      : continueLimits(outgoing, settings.expectContinue);
    const head = headOf(outgoing, route, settings.keepAlive ? "keep-alive" : "close", limits !== undefined);
    if (limits === undefined) return void sendRequest(this, head, outgoing.body);
    this.connection.socket.write(head, "latin1");
    const proceed = () => {
      if (this.#waiting !== undefined) this.connection.ignoresExpect = true;
      this.#proceed();
    };
    // After a blocked event loop, the timer fires before the server's response is read.
    this.#waiting = setTimeout(() => setImmediate(proceed), limits.timeoutMs);
  }

  /** Sends the body after `100 Continue` or the timeout. */
  #proceed(): void {
    if (this.#waiting === undefined) return;
    this.#stopWaiting();
    if (!this.connection.socket.destroyed) sendRequest(this, "", this.#parts.outgoing.body);
  }

  #stopWaiting(): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
  }

  onWritten(): void {
    this.#isWritten = true;
  }

  onSent(): void {
    this.#isWritten = true;
    this.#isSent = true;
  }

  /** TLS may report the last piece only after the response has arrived. */
  get #isHandedOver(): boolean {
    return this.#isSent || (this.#isWritten && this.connection.isSecure);
  }

  onData(data: Buffer): void {
    if (this.connection.socket.destroyed) return;
    if (!this.#mayWrite) {
      this.#isEarly = true;
      // On a new connection, let the parser report it: most likely the server speaks another protocol.
      if (this.connection.isReused) return void this.#refuse(earlyResponse);
    }
    try {
      if (this.#parser.isComplete || this.#parser.push(data) > 0) this.#hasExtraBytes = true;
    } catch (error) {
      return void this.destroy(error);
    }
    // An informational response may have been refused.
    if (this.connection.socket.destroyed) return;
    this.#passOn();
    if (this.#parser.isComplete) this.#complete();
  }

  onInformation(status: number): void {
    if (this.#isEarly) this.#refuse(earlyResponse);
    else if (status === 100) this.#proceed();
    else if (status === 101) this.#refuse("the server sent no response to the request");
  }

  onHead(head: ResponseHead): void {
    if (this.#isEarly) return void this.#refuse(earlyResponse);
    this.#head = head;
    // After a response instead of `100 Continue`, do not send the body.
    this.#stopWaiting();
    // A server that responds before it has the request leaves the connection in an unknown state.
    if (!head.isPersistent || !this.#isHandedOver) this.#mustClose = true;
  }

  onContent(piece: Buffer): void {
    this.#content.push(piece);
    this.#contentBytes += piece.byteLength;
  }

  /** Passes on the content that arrived at once, which may have been sent in thousands of small chunks. */
  #passOn(): void {
    if (this.#rest === undefined) {
      if (this.#contentBytes > bufferedBytes[this.#isHandedOver ? "sent" : "unsent"]) this.#settleSoon();
    } else if (this.#content.length > 0) this.#rest.add(this.#joined());
  }

  #complete(): void {
    if (this.#isOver || this.connection.socket.destroyed) return;
    if (this.#rest === undefined) return void this.#settleSoon();
    if (this.#hasExtraBytes) this.#mustClose = true;
    this.#rest.end();
    this.#release();
  }

  #settleSoon(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    if (this.#isSent || !this.#isHandedOver) this.#settle();
    else setImmediate(() => this.#settle());
  }

  #settle(): void {
    if (this.#isOver || this.#head === undefined) return;
    if (!this.#isSent) {
      this.#respondsOnClose = true;
      this.connection.socket.destroy();
    } else if (this.#parser.isComplete && this.#hasExtraBytes) {
      this.#refuse("the server sent more than one response to the request");
    } else this.#respond();
  }

  #respond(): void {
    const { outgoing, resolve } = this.#parts;
    const { socket } = this.connection;
    if (this.#head === undefined) return;
    try {
      const response = new LazyResponse(this.#head, outgoing, this.#takeContent(), socket);
      if (this.#parser.isComplete && this.#isSent) this.#release();
      this.#isSettled = true;
      resolve({ response });
    } catch (error) {
      // A status that Response does not support.
      this.destroy(error);
      if (this.#isOver) this.#fail();
    }
  }

  #takeContent(): Uint8Array | ReadableStream<Uint8Array> {
    const bytes = this.#joined();
    if (this.#parser.isComplete) return bytes;
    if (!this.#isSent) return cutOff(bytes);
    this.#rest = new RestOfResponse(bytes, this.connection.socket);
    return this.#rest.stream;
  }

  #joined(): Buffer {
    const [first] = this.#content;
    const bytes = first !== undefined && this.#content.length === 1 ? first : Buffer.concat(this.#content);
    this.#content = [];
    return bytes;
  }

  onEnd(): void {
    if (this.#parser.close()) {
      this.#mustClose = true;
      this.#complete();
    } else this.destroy(hangUp());
  }

  onTimeout(): void {
    const { connectTimeoutMs, idleTimeoutMs } = this.#parts.settings;
    // The server may take its time to respond.
    if (this.#isSent && this.#head === undefined) return;
    const doing = this.#head === undefined ? "sending the request" : "receiving the response";
    const what = this.connection.socket.connecting
      ? `no connection within ${connectTimeoutMs} ms`
      : `no bytes moved for ${idleTimeoutMs} ms while ${doing}`;
    this.destroy(new TransportError("ETIMEDOUT", what));
  }

  onError(error: Error): void {
    this.#failure ??= error;
  }

  onClose(): void {
    if (this.#isOver) return;
    this.#end();
    if (this.#respondsOnClose && !this.#parts.outgoing.signal?.aborted) this.#respond();
    else this.#fail();
  }

  #refuse(what: string): void {
    this.destroy(new TransportError("ERR_UNEXPECTED_BYTES", what));
  }

  #fail(): void {
    const failure = this.#failure ?? hangUp();
    const { signal } = this.#parts.outgoing;
    const error = signal?.aborted ? signal.reason : fetchFailed(failure, { neverSent: !this.#mayWrite });
    if (this.#isSettled) return void this.#rest?.fail(error);
    this.#isSettled = true;
    const isUnsent = !this.#mayWrite && this.connection.isReused;
    this.#parts.resolve({ error, fault: isUnsent ? "unsent" : this.#isStale(failure) ? "stale" : undefined });
  }

  /** Whether the kept connection had been closed while it was idle. */
  #isStale(failure: unknown): boolean {
    const code = codeOf(failure);
    const isReset = code === "ECONNRESET" || code === "EPIPE";
    const { isReused, socket } = this.connection;
    return isReset && isReused && socket.bytesRead === this.#bytesReadBefore;
  }

  /** Gives the connection back after the whole response. */
  #release(): void {
    const { settings, target } = this.#parts;
    this.#end();
    this.connection.release();
    if (this.#mustClose) this.connection.socket.destroy();
    else settings.connections.park(this.connection, target, this.#head?.keepAliveSeconds);
  }

  #end(): void {
    this.#isOver = true;
    this.#stopWaiting();
    this.#parts.outgoing.signal?.removeEventListener("abort", this);
    this.#parts.onClosed();
  }
}
