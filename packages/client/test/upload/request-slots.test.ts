import { expect, it } from "vitest";
import { RequestSlots } from "../../src/async/request-slots.js";

it("a small request goes before chunks that have waited longer", async () => {
  const slots = new RequestSlots(1);
  const { signal } = new AbortController();
  const order: string[] = [];
  let free = () => {};
  const first = slots.run("chunk", signal, () => new Promise<void>((resolve) => (free = resolve)));
  const others = (["chunk", "chunk", "small", "small"] as const).map((kind, index) =>
    slots.run(kind, signal, async () => void order.push(`${kind} ${index}`)),
  );
  free();
  await Promise.all([first, ...others]);
  expect(order).toEqual(["small 2", "small 3", "chunk 0", "chunk 1"]);
});
