import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Emulator, EmulatorOptions } from "../src/index.js";
import { SweepSchedule } from "../src/sessions/session-table.js";
import {
  commit,
  deleteSession,
  emulatorForTest,
  expectedRanges,
  getSession,
  sendChunk,
  session1,
  session2,
} from "./exchange.js";

const minute = 60_000;
const rangeCode = "FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE";

/** An emulator whose time stands still until it is moved. */
function stillEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  return emulatorForTest({ clock: { now: () => Date.parse("2026-03-02T08:00:00.000Z") }, ...options });
}

const isLive = async (emulator: Emulator, id = session1) => (await getSession(emulator, id)).status === 200;
const first = { range: "bytes 0-4/10", body: "01234" };
const second = { range: "bytes 5-9/10", body: "56789" };

describe("§2.8 expiry", () => {
  it("removes a session and its staged file 30 minutes after its only chunk", async () => {
    const emulator = await stillEmulator();
    await sendChunk(emulator, first);
    emulator.advance(30 * minute - 1);
    expect(await isLive(emulator)).toBe(true);
    emulator.advance(1);
    expect((await getSession(emulator)).status).toBe(204);
    expect((await deleteSession(emulator)).status).toBe(404);
    expect((await commit(emulator)).status).toBe(400);
    const [run = ""] = await readdir(join(emulator.location, "staging"));
    await expect.poll(() => readdir(join(emulator.location, "staging", run))).toEqual([]);
    expect((await sendChunk(emulator, second)).status).toBe(200);
    expect(expectedRanges(await getSession(emulator))).toEqual(["0-4"]);
  });

  it("is counted from the last new chunk, and checked every 5 minutes after the first 30", async () => {
    const emulator = await stillEmulator();
    await sendChunk(emulator, first);
    emulator.advance(1 * minute);
    await sendChunk(emulator, second);
    emulator.advance(29 * minute); // Sweep at 30: too young by a minute.
    expect(await isLive(emulator)).toBe(true);
    emulator.advance(4 * minute + 59_999); // Overdue since 31, and still at work.
    expect(await isLive(emulator)).toBe(true);
    expect((await commit(emulator)).status).toBe(200);
    emulator.advance(1); // Sweep at 35.
    expect(await isLive(emulator)).toBe(false);
  });

  it.each([
    ["reading the session", (emulator: Emulator) => getSession(emulator)],
    ["a duplicate", (emulator: Emulator) => sendChunk(emulator, first)],
    ["a chunk that fails", (emulator: Emulator) => sendChunk(emulator, { ...first, range: "bytes 4-7/10" })],
    ["a commit", (emulator: Emulator) => commit(emulator)],
  ])("is not delayed by %s", async (_, act) => {
    const emulator = await stillEmulator();
    await sendChunk(emulator, first);
    emulator.advance(29 * minute);
    await act(emulator);
    emulator.advance(minute);
    expect(await isLive(emulator)).toBe(false);
  });

  it("removes each session at its own time", async () => {
    const emulator = await stillEmulator();
    await sendChunk(emulator, first);
    emulator.advance(3 * minute);
    await sendChunk(emulator, { ...first, id: session2, path: "App/b" });
    emulator.advance(27 * minute);
    expect([await isLive(emulator), await isLive(emulator, session2)]).toEqual([false, true]);
    emulator.advance(5 * minute);
    expect(await isLive(emulator, session2)).toBe(false);
  });

  it("restarts its timer if a session is created after the last one was deleted", async () => {
    const emulator = await stillEmulator();
    await sendChunk(emulator, first);
    emulator.advance(20 * minute);
    await deleteSession(emulator);
    await sendChunk(emulator, first);
    emulator.advance(29 * minute);
    expect(await isLive(emulator)).toBe(true);
    emulator.advance(minute);
    expect(await isLive(emulator)).toBe(false);
  });

  it("also works if the clock jumps over several sweeps", async () => {
    const emulator = await stillEmulator();
    await sendChunk(emulator, first);
    emulator.advance(10 * minute);
    await sendChunk(emulator, { ...first, id: session2, path: "App/b" });
    emulator.advance(1000 * minute);
    expect([await isLive(emulator), await isLive(emulator, session2)]).toEqual([false, false]);
    // The timer is at rest: a new session has its whole life.
    await sendChunk(emulator, first);
    emulator.advance(29 * minute);
    expect(await isLive(emulator)).toBe(true);
  });

  it("has configurable times", async () => {
    const emulator = await stillEmulator({ sessionLifetimeMs: 1000, sweepIntervalMs: 100 });
    await sendChunk(emulator, first);
    emulator.advance(50);
    await sendChunk(emulator, second);
    emulator.advance(950);
    expect(await isLive(emulator)).toBe(true);
    emulator.advance(100);
    expect(await isLive(emulator)).toBe(false);
  });

  it("follows an injected clock", async () => {
    let now = 0;
    const emulator = await emulatorForTest({ clock: { now: () => now } });
    await sendChunk(emulator, first);
    now = 30 * minute;
    expect(await isLive(emulator)).toBe(false);
  });

  it("rejects moving the clock backward", async () => {
    const emulator = await stillEmulator();
    expect(() => emulator.advance(-1)).toThrow(RangeError);
    expect(() => emulator.advance(Number.NaN)).toThrow(RangeError);
  });
});

describe("§2.2 an overdue session before its sweep", () => {
  it("still rejects a chunk that it has", async () => {
    const emulator = await stillEmulator({ sweepIntervalMs: 60 * minute });
    await sendChunk(emulator, first);
    emulator.advance(minute);
    await sendChunk(emulator, second);
    emulator.advance(60 * minute);
    expect(await sendChunk(emulator, first)).toMatchObject({ status: 400, code: rangeCode });
  });
});

describe("the schedule of sweeps", () => {
  it("stops with the last session, so that an idle emulator uses no CPU", () => {
    const schedule = new SweepSchedule({ lifetimeMs: 100, sweepIntervalMs: 10 });
    schedule.start(0);
    expect([schedule.due(99), schedule.due(100)]).toEqual([undefined, 100]);
    schedule.swept(100, true);
    expect([schedule.due(109), schedule.due(110)]).toEqual([undefined, 110]);
    schedule.swept(110, false);
    expect(schedule.due(Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });
});
