import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { fetchForTest, httpServer } from "./servers.js";

/** Runs the garbage collector. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
}

describe("a Request that only fetch references", () => {
  it.each<[string, RequestInit | undefined]>([
    ["as it is", undefined],
    ["with other headers", { headers: { "x-y": "z" } }],
  ])(
    "%s can be aborted, even after garbage collection and while the response is delayed",
    async (_, init) => {
      const { url, server } = await httpServer(() => {});
      const controller = new AbortController();
      const fetch = fetchForTest();
      const asked = once(server, "request");
      const answer = fetch(new Request(url, { signal: controller.signal }), init);
      const outcome = answer.then(
        () => "an answer",
        () => "stopped",
      );
      await asked;
      // The collector frees what was released before the last turn of the event loop.
      for (let round = 0; round < 3; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        collectGarbage();
      }
      controller.abort();
      const late = new Promise((resolve) => setTimeout(resolve, 2000, "not stopped").unref());
      expect(await Promise.race([outcome, late])).toBe("stopped");
    },
  );
});
