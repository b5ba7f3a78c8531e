import { describe, expect, it } from "vitest";
import { AutoLevel, type EndedTask } from "../src/async/auto-level.js";

/** What a server does with a request that begins at `now`, while `running` requests run, itself included. */
type Server = (now: number, running: number) => Pick<EndedTask, "endedAt"> & Partial<EndedTask>;

/** Keeps as many requests running as the level allows, until so many have succeeded. Time passes only here. */
function simulate(requests: number, server: Server, level: { value: number; record?: AutoLevel["record"] }) {
  const running: EndedTask[] = [];
  const levels = [level.value];
  let failures = 0;
  let now = 0;
  let most = 0;
  let levelTimesMs = 0;
  let measuredMs = 0;
  for (let done = 0; done < requests; ) {
    while (running.length < level.value) {
      const startedAt = now;
      const task = { priority: "small", isFull: true, outcome: "done", startedAt } as const;
      running.push({ ...task, ...server(now, running.length + 1) });
    }
    most = Math.max(most, running.length);
    running.sort((a, b) => a.endedAt - b.endedAt);
    const ended = running.shift();
    if (ended === undefined) break;
    if (done > requests / 2) {
      levelTimesMs += level.value * (ended.endedAt - now);
      measuredMs += ended.endedAt - now;
    }
    now = ended.endedAt;
    if (ended.outcome === "done") done += 1;
    else failures += 1;
    level.record?.(ended);
    if (level.value !== levels.at(-1)) levels.push(level.value);
  }
  const perSecond = (requests / now) * 1000;
  // The mean level of the second half, because a trial may be running at the end.
  return { levels, most, usual: levelTimesMs / measuredMs, failures, perSecond };
}

const auto = (requests: number, server: Server) => {
  const level = new AutoLevel();
  return simulate(requests, server, {
    get value() {
      return level.value;
    },
    record: (task) => level.record(task),
  });
};
const fixed = (value: number, requests: number, server: Server) => simulate(requests, server, { value });

/** A server that takes the same time however many requests it has. */
const constant =
  (ms: number): Server =>
  (now) => ({ endedAt: now + ms });

/** A server that handles so many requests per second, one after the other, and is `ms` away. */
function limited(ms: number, perSecond: number): Server {
  let free = 0;
  return (now) => {
    free = Math.max(free, now) + 1000 / perSecond;
    return { endedAt: free + ms };
  };
}

/** Random numbers from 0 to 1, the same in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Requests take 70 to 130 % of their time. */
function noisy(server: Server, seed: number): Server {
  const random = randomNumbers(seed);
  return (now, running) => {
    const { endedAt } = server(now, running);
    return { endedAt: now + (endedAt - now) * (0.7 + 0.6 * random()) };
  };
}

describe("With a server that is only far away", () => {
  it.each([20, 100, 500])("and takes %d ms, the level doubles up to 64", (ms) => {
    const { levels, perSecond } = auto(2000, constant(ms));
    expect(levels).toEqual([8, 16, 32, 64]);
    expect(perSecond).toBeGreaterThan(2.5 * fixed(16, 2000, constant(ms)).perSecond);
  });

  it("reaches the highest level before 300 requests", () => {
    expect(auto(300, constant(20)).levels.at(-1)).toBe(64);
  });

  it("requests in a hundred that hang for a second do not keep it from growing", () => {
    const random = randomNumbers(3);
    const outliers: Server = (now) => ({ endedAt: now + (random() < 0.01 ? 1000 : 20) });
    expect(auto(2000, outliers).levels).toContain(64);
  });
});

describe("With a server that handles a limited number of requests", () => {
  it.each([
    [1000, 20],
    [1500, 30],
    [2000, 40],
  ])("%d per second, the level settles where requests do not wait for each other", (perSecond, ideal) => {
    const { usual, perSecond: reached } = auto(20_000, limited(20, perSecond));
    expect(usual).toBeGreaterThan(ideal * 0.95);
    expect(usual).toBeLessThan(ideal * 1.25);
    expect(reached).toBeGreaterThan(0.95 * perSecond);
  });

  it.each([
    [20, 300],
    [20, 600],
    [20, 1000],
    [20, 3000],
    [0, 1000],
    [0, 3000],
    [100, 200],
  ])("%d ms away, %d per second, it is as fast as 16 requests", (ms, perSecond) => {
    const server = () => noisy(limited(ms, perSecond), perSecond);
    const { perSecond: reached } = auto(4000, server());
    expect(reached).toBeGreaterThan(0.97 * fixed(16, 4000, server()).perSecond);
  });

  it("goes back to about 8 when more requests only take longer", () => {
    const { usual, most } = auto(4000, limited(0, 1000));
    expect(usual).toBeLessThan(16);
    expect(most).toBeLessThanOrEqual(24);
  });

  it("uses fewer requests when the server becomes slower, and more when it becomes faster", () => {
    const slow = limited(20, 600);
    const fast = limited(20, 2500);
    const changing = (first: Server, second: Server) => {
      let count = 0;
      return auto(20_000, (now, running) => (count++ < 3000 ? first : second)(now, running));
    };
    expect(changing(fast, slow).usual).toBeLessThan(35);
    expect(changing(slow, fast).usual).toBeGreaterThan(40);
  });
});

describe("With a server that is overloaded", () => {
  const overloaded = (now: number) => ({ endedAt: now + 2, outcome: "overloaded" }) as const;

  it.each([4, 10, 20, 40])("by more than %d requests, few fail and the level stays near that", (limit) => {
    const server: Server = (now, running) => (running > limit ? overloaded(now) : { endedAt: now + 20 });
    const { usual, failures, perSecond } = auto(4000, server);
    expect(failures).toBeLessThan(150);
    expect(usual).toBeLessThan(limit * 1.1);
    expect(perSecond).toBeGreaterThan(0.7 * limit * 50);
  });

  it("for a second, the level falls to 1 and then recovers", () => {
    const { levels } = auto(6000, (now) =>
      now > 300 && now < 1300 ? overloaded(now) : { endedAt: now + 20 },
    );
    const lowest = levels.indexOf(1);
    expect(lowest).toBeGreaterThan(0);
    expect(levels.slice(lowest)).toContain(64);
  });

  it("answers to requests from before count once", () => {
    const level = new AutoLevel();
    const task = { priority: "small", isFull: true, outcome: "overloaded" } as const;
    for (let index = 0; index < 8; index += 1) level.record({ ...task, startedAt: 0, endedAt: 10 + index });
    expect(level.value).toBe(4);
  });
});

describe("Chunks that share a slow network", () => {
  it("do not become more than 8, because they would only take longer", () => {
    const network = limited(30, 5);
    const chunks: Server = (now, running) => ({ ...network(now, running), priority: "chunk" });
    expect(auto(400, chunks).usual).toBeLessThan(12);
  });
});

describe("Tasks that say nothing about the level", () => {
  it("do not change it: those that failed, and those that had the server to themselves", () => {
    const level = new AutoLevel();
    for (let now = 0; now < 10_000; now += 10) {
      const task = { priority: "small", startedAt: now, endedAt: now + 10 } as const;
      level.record({ ...task, isFull: false, outcome: "done" });
      level.record({ ...task, isFull: true, outcome: "failed" });
    }
    expect(level.value).toBe(8);
  });
});
