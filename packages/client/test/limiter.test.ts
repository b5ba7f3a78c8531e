import { expect, it } from "vitest";
import { autoLevel } from "../src/async/auto-level.js";
import { Limiter } from "../src/async/concurrency.js";

it("a small request starts before chunks that have waited longer", async () => {
  const limiter = new Limiter(1);
  const { signal } = new AbortController();
  const order: string[] = [];
  let free = () => {};
  const first = limiter.run("chunk", signal, () => new Promise<void>((resolve) => (free = resolve)));
  const others = (["chunk", "chunk", "small", "small"] as const).map((kind, index) =>
    limiter.run(kind, signal, async () => void order.push(`${kind} ${index}`)),
  );
  free();
  await Promise.all([first, ...others]);
  expect(order).toEqual(["small 2", "small 3", "chunk 0", "chunk 1"]);
});

it.each([false, true])("grows only if no other limit makes its tasks wait: %s", async (isPaced) => {
  let time = 0;
  const level = autoLevel({ now: () => time++ }, () => isPaced);
  const limiter = new Limiter(level, 1);
  const { signal } = new AbortController();
  // The clock advances whenever it is read, so time passes as tasks start and end.
  const task = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  await Promise.all(Array.from({ length: 500 }, () => limiter.run("small", signal, task)));
  expect(limiter.level > 8).toBe(!isPaced);
});
