import type { IncomingMessage } from "node:http";
import { TransportError } from "./transport-error.js";

/** Up to here the content of an answer is read at once, which frees the connection and costs a fraction of a stream. */
const bufferedBytes = 64 * 1024;

/** The begin of an answer's content, or all of it. */
export interface Collected {
  readonly bytes: Buffer;
  readonly isAll: boolean;
}

/** Calls back once all of a short answer is there, or too much of a long one; never when the connection fails first. */
export function collect(incoming: IncomingMessage, done: (collected: Collected) => void): void {
  const pieces: Buffer[] = [];
  let size = 0;
  const onEnd = () => done({ bytes: Buffer.concat(pieces), isAll: true });
  const onData = (piece: Buffer) => {
    pieces.push(piece);
    size += piece.byteLength;
    if (size <= bufferedBytes) return;
    incoming.off("data", onData).off("end", onEnd).pause();
    done({ bytes: Buffer.concat(pieces), isAll: false });
  };
  incoming.on("data", onData).on("end", onEnd);
}

/** The content of a long answer. Who cancels it ends the connection. */
export function streamRest(
  begin: Uint8Array,
  incoming: IncomingMessage,
  explain: (error: unknown) => unknown,
): ReadableStream<Uint8Array> {
  const rest: AsyncIterator<Uint8Array> = incoming[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(begin),
      async pull(controller) {
        try {
          const { done, value } = await rest.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          controller.error(explain(error));
        }
      },
      cancel: () => void incoming.destroy(),
    },
    { highWaterMark: 0 },
  );
}

/** The content of a long answer whose rest nobody waited for. */
export function cutOff(begin: Uint8Array): ReadableStream<Uint8Array> {
  let isGiven = false;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (isGiven) {
          const message =
            "the server answered before it had the whole request: the rest of a long answer is lost";
          controller.error(
            new TypeError("terminated", { cause: new TransportError("ERR_ANSWER_CUT_OFF", message) }),
          );
        } else {
          isGiven = true;
          controller.enqueue(begin);
        }
      },
    },
    { highWaterMark: 0 },
  );
}
