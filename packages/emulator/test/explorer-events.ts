import { get } from "node:http";
import { onTestFinished } from "vitest";
import type { LiveEvents } from "../src/explorer/live-events.js";
import { eventsPath } from "../src/explorer/pages.js";
import type { Emulator } from "../src/index.js";

type Name = keyof LiveEvents;

/** An open page, as the emulator sees it. */
export interface EventStream {
  readonly headers: Readonly<Record<string, unknown>>;
  /** Waits for the next event of this name, also one that has arrived before. Skips the others. */
  next<Of extends Name>(name: Of): Promise<LiveEvents[Of]>;
  /** The number of events that have arrived and were not read. */
  readonly unread: number;
  /** Disconnects. */
  close(): void;
  /** Resolves when the emulator has ended the connection. */
  readonly ended: Promise<void>;
}

/** Opens the stream of the explorer page. It closes when the running test ends. */
export async function openEvents({ endpoint }: Pick<Emulator, "endpoint">): Promise<EventStream> {
  const arrived: { name: string; payload: unknown }[] = [];
  let wake = () => {};
  return new Promise((resolve, reject) => {
    const request = get(`${endpoint}${eventsPath}`, { agent: false }, (response) => {
      let text = "";
      const ended = new Promise<void>((end) => {
        response.on("error", () => {});
        response.on("close", end);
      });
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        const blocks = (text + piece).split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) {
          const found = /^event: (\w+)\ndata: (.*)$/.exec(block);
          if (found !== null) arrived.push({ name: found[1] ?? "", payload: JSON.parse(found[2] ?? "") });
        }
        wake();
      });
      resolve({
        headers: response.headers,
        ended,
        close: () => request.destroy(),
        get unread() {
          return arrived.length;
        },
        async next(name) {
          for (;;) {
            const event = arrived.shift();
            if (event === undefined) {
              await new Promise<void>((resume) => {
                wake = resume;
              });
            } else if (event.name === name) {
              return JSON.parse(JSON.stringify(event.payload));
            }
          }
        },
      });
    });
    request.on("error", reject);
    onTestFinished(() => {
      request.destroy();
    });
  });
}
