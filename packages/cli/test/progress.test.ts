import type { FileProgress, UploadProgress } from "@sf-image-store/client/node";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { createOutput, type Level, type Output } from "../src/output/output.js";
import { startProgress, watch } from "../src/output/progress.js";
import { figures, type ProgressDisplay, type ProgressState } from "../src/output/progress-state.js";
import type { Clock } from "../src/output/status-line.js";

const MiB = 1024 * 1024;
const running = new AbortController().signal;

/** A clock that moves when it is told to. */
function manualClock(): Clock & { advance(ms: number): void } {
  let now = 0;
  const timers = new Set<{ ms: number; next: number; tick: () => void }>();
  return {
    now: () => now,
    every(ms, tick) {
      const timer = { ms, next: now + ms, tick };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      for (const end = now + ms; now < end; ) {
        now += 1;
        for (const timer of timers) {
          if (timer.next > now) continue;
          timer.next += timer.ms;
          timer.tick();
        }
      }
    },
  };
}

function progress(committedMiB: number, more: Partial<UploadProgress> = {}): UploadProgress {
  const totalBytes = 100 * MiB;
  const committedBytes = committedMiB * MiB;
  const bytes = {
    totalBytes,
    committedBytes,
    sentBytes: committedBytes,
    sendingBytes: 0,
    resumedBytes: 0,
    copiedBytes: 0,
  };
  const sessionId = "3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60";
  const file: FileProgress = {
    ...bytes,
    hashedBytes: totalBytes,
    storePath: "big",
    phase: "sending",
    sessionId,
  };
  return { ...bytes, files: { total: 1, committed: 0 }, file, ...more };
}

function outputTo(
  lines: string[],
  environment: Record<string, string> = {},
  json = false,
  level: Level = "normal",
): Output {
  const stream = Object.assign(Object.create(process.stderr), {
    isTTY: false,
    write: (text: string) => void lines.push(text.trimEnd()),
  });
  const choice = { json, level, color: true };
  return createOutput({ stdout: stream, stderr: stream }, environment, "upload", choice);
}

/** Sends at a steady pace of one MiB each second. */
async function steadily(
  seconds: number,
  environment: Record<string, string> = {},
  json = false,
): Promise<string[]> {
  const lines: string[] = [];
  const clock = manualClock();
  const shown = await startProgress(outputTo(lines, environment, json), "big", running, clock);
  for (let second = 0; second <= seconds; second += 1) {
    shown.onProgress(progress(second));
    clock.advance(1000);
  }
  shown.end(false);
  clock.advance(60_000);
  return lines;
}

describe("progress in a log", () => {
  it("is a line every ten seconds, and at every 10 %", async () => {
    expect(await steadily(30)).toEqual([
      "9 %, 9.00/100 MiB, 1.00 MiB/s, 1 min 31 s left",
      "12 %, 12.0/100 MiB, 1.00 MiB/s, 1 min 28 s left",
      "20 %, 20.0/100 MiB, 1.00 MiB/s, 1 min 20 s left",
      "30 %, 30.0/100 MiB, 1.00 MiB/s, 1 min 10 s left",
    ]);
  });

  it("is printed at most every three seconds", async () => {
    const lines: string[] = [];
    const clock = manualClock();
    const shown = await startProgress(outputTo(lines), "big", running, clock);
    for (let percent = 0; percent <= 100; percent += 1) {
      shown.onProgress(progress(percent));
      clock.advance(70);
    }
    expect(lines).toHaveLength(2);
  });

  it("is printed every ten seconds without progress, too", async () => {
    const lines: string[] = [];
    const clock = manualClock();
    const shown = await startProgress(outputTo(lines), "big", running, clock);
    shown.onProgress(progress(5));
    clock.advance(35_000);
    expect(lines).toEqual(Array(3).fill("5 %, 5.00/100 MiB, 0 B/s"));
  });

  it("shows resumed bytes and the number of files", async () => {
    const lines: string[] = [];
    const clock = manualClock();
    const shown = await startProgress(outputTo(lines), "big", running, clock);
    shown.onProgress(progress(40, { resumedBytes: 30 * MiB, files: { total: 7, committed: 3 } }));
    clock.advance(3000);
    expect(lines).toEqual(["40 %, 40.0/100 MiB, 0 B/s, 30.0 MiB resumed, 3 of 7 files"]);
  });
});

describe("reading for the fingerprint", () => {
  it("shows its progress, because nothing is sent before", async () => {
    const lines: string[] = [];
    const clock = manualClock();
    const shown = await startProgress(outputTo(lines), "big", running, clock);
    const file = { ...progress(0).file, phase: "hashing", hashedBytes: 30 * MiB } as const;
    shown.onProgress(progress(0, { file }));
    clock.advance(10_000);
    expect(lines).toEqual(["0 %, 0 B/100 MiB, reading 30 %"]);
  });

  it("is followed by waiting for the cluster", async () => {
    const lines: string[] = [];
    const clock = manualClock();
    const shown = await startProgress(outputTo(lines), "big", running, clock);
    shown.onProgress(progress(0, { file: { ...progress(0).file, phase: "hashing" } }));
    clock.advance(10_000);
    expect(lines).toEqual(["0 %, 0 B/100 MiB, asking the cluster"]);
  });
});

describe("sending on a slow network", () => {
  const slow = (sendingMiB: number, phase: FileProgress["phase"] = "sending"): UploadProgress => {
    const sendingBytes = sendingMiB * MiB;
    return { ...progress(0, { file: { ...progress(0).file, phase, sendingBytes } }), sendingBytes };
  };

  it("shows bytes in flight and the rate before anything is confirmed", async () => {
    const lines: string[] = [];
    const clock = manualClock();
    const shown = await startProgress(outputTo(lines), "big", running, clock);
    for (let second = 0; second <= 10; second += 1) {
      // The buffers of the system take 8 MiB at once, and let go of one each second.
      shown.onProgress(slow(second === 0 ? 0 : 8 + second));
      clock.advance(1000);
    }
    expect(lines).toEqual(["0 %, 0 B/100 MiB, 1.00 MiB/s, 1 min 40 s left, 17.0 MiB in flight"]);
  });

  it("estimates no time from a second of bytes that nothing has confirmed", async () => {
    const lines: string[] = [];
    const clock = manualClock();
    const shown = await startProgress(outputTo(lines, {}, true), "big", running, clock);
    for (let second = 0; second <= 8; second += 1) {
      shown.onProgress(slow(second));
      clock.advance(1000);
    }
    const estimates = lines.map((line) => JSON.parse(line)).map(({ remainingMs }) => remainingMs !== null);
    expect(estimates).toEqual([false, false, false, false, false, false, false, true, true]);
  });

  it("shows no hashing while sending, and no estimate of days", async () => {
    const lines: string[] = [];
    const clock = manualClock();
    const shown = await startProgress(outputTo(lines), "big", running, clock);
    for (let second = 0; second <= 10; second += 1) {
      shown.onProgress(slow(1 + second / 10_000, "hashing"));
      clock.advance(1000);
    }
    expect(lines).toEqual(["0 %, 0 B/100 MiB, 105 B/s, 1.00 MiB in flight"]);
  });

  it("shows no negative rate after failed requests", async () => {
    const lines: string[] = [];
    const clock = manualClock();
    const shown = await startProgress(outputTo(lines), "big", running, clock);
    for (let second = 0; second <= 10; second += 1) {
      shown.onProgress(slow(second === 0 ? 0 : 20 - second));
      clock.advance(1000);
    }
    expect(lines).toEqual([expect.stringMatching(/^0 %, 0 B\/100 MiB, 0 B\/s, /)]);
  });
});

describe("progress with --verbose", () => {
  it("names the session of each file once, for another terminal", async () => {
    const lines: string[] = [];
    const shown = await startProgress(outputTo(lines, {}, false, "verbose"), "big", running, manualClock());
    for (const megabytes of [0, 1, 2]) shown.onProgress(progress(megabytes));
    shown.onProgress(progress(3, { file: { ...progress(3).file, sessionId: undefined } }));
    expect(lines).toEqual(["Session 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60: big"]);
  });
});

describe("progress for services", () => {
  it("updates the progress of Azure Pipelines, once per percent", async () => {
    const lines = await steadily(1, { TF_BUILD: "True" });
    expect(lines).toEqual([0, 1].map((percent) => `##vso[task.setprogress value=${percent};]Upload`));
  });

  it("is a JSON line per second, and a final one", async () => {
    const events: unknown[] = (await steadily(4, {}, true)).map((line) => JSON.parse(line));
    expect(events).toHaveLength(6);
    expect(events[4]).toEqual({
      event: "progress",
      text: "4 %, 4.00/100 MiB, 1.00 MiB/s, 1 min 36 s left",
      ...{ totalBytes: 100 * MiB, committedBytes: 4 * MiB, sendingBytes: 0 },
      ...{ sentBytes: 4 * MiB, resumedBytes: 0, copiedBytes: 0 },
      ...{ files: { total: 1, committed: 0 }, bytesPerSecond: MiB, remainingMs: 96_000 },
      file: progress(4).file,
    });
    expect(events[5]).toMatchObject({ bytesPerSecond: null, remainingMs: null });
  });
});

describe("a progress display", () => {
  function recording(): ProgressDisplay & { readonly states: ProgressState[] } {
    const states: ProgressState[] = [];
    return { states, intervalMs: 100, show: (state) => void states.push(state), end: () => {} };
  }

  it("is updated at intervals, not at every event", () => {
    const clock = manualClock();
    const display = recording();
    const shown = watch(display, running, clock);
    for (let step = 0; step < 10_000; step += 1) shown.onProgress(progress(step / 100));
    clock.advance(100);
    expect(display.states).toHaveLength(1);
  });

  it("gets the files in progress, and none that is done", () => {
    const clock = manualClock();
    const display = recording();
    const shown = watch(display, running, clock);
    const file = (storePath: string, phase: FileProgress["phase"]) => ({
      ...progress(0).file,
      storePath,
      phase,
    });
    shown.onProgress(progress(1, { file: file("a", "hashing") }));
    shown.onProgress(progress(1, { file: file("b", "sending") }));
    shown.onProgress(progress(1, { file: file("a", "done") }));
    clock.advance(100);
    expect(display.states[0]?.active.map(({ storePath }) => storePath)).toEqual(["b"]);
  });

  it("gets no current step at the end", () => {
    const clock = manualClock();
    const ends: (ProgressState | undefined)[] = [];
    const shown = watch({ ...recording(), end: (state) => void ends.push(state) }, running, clock);
    shown.onProgress(progress(40, { file: { ...progress(40).file, phase: "committing" } }));
    shown.end(false);
    expect(ends.map((state) => state && figures(state))).toEqual([["40 %", "40.0/100 MiB"]]);
  });

  it("never makes the upload fail, and is not called again after an error", () => {
    const clock = manualClock();
    let calls = 0;
    const fail = () => {
      calls += 1;
      throw new Error("EIO");
    };
    const shown = watch({ intervalMs: 100, show: fail, end: fail }, running, clock);
    shown.onProgress(progress(1));
    clock.advance(1000);
    expect(calls).toBe(1);
    shown.end(false);
    expect(calls).toBe(2);
  });
});

describe("a rate", () => {
  it("is not 0 only because everything is in flight for a moment, but it is if that lasts", async () => {
    const states: ProgressState[] = [];
    const clock = manualClock();
    const display = { intervalMs: 1000, show: (state: ProgressState) => void states.push(state), end() {} };
    const shown = watch(display, running, clock);
    shown.onProgress(progress(40, { sendingBytes: 60 * MiB }));
    clock.advance(5000);
    expect(states.map(({ bytesPerSecond }) => bytesPerSecond)).toEqual(Array(5).fill(undefined));
    clock.advance(5000);
    expect(states.at(-1)?.bytesPerSecond).toBe(0);
  });
});

describe("the status on a terminal", () => {
  const clear = "\r\u001b[2K";

  function terminal(columns = 40, level: Level = "normal") {
    const written: string[] = [];
    const stream = Object.assign(Object.create(process.stderr), {
      ...{ isTTY: true, columns },
      write: (text: string) => void written.push(text),
    });
    const clock = manualClock();
    const choice = { json: false, level, color: false };
    const output = createOutput({ stdout: stream, stderr: stream }, {}, "ls", choice, clock);
    return { output, clock, written };
  }

  it("is drawn within 150 ms, with the time from two seconds on, and removed before the result", () => {
    const { output, clock, written } = terminal();
    output.status("Connecting to http://a");
    expect(written).toEqual([]);
    clock.advance(150);
    clock.advance(1000);
    expect(written).toEqual([`${clear}Connecting to http://a...`]);
    clock.advance(1000);
    expect(written.at(-1)).toBe(`${clear}Connecting to http://a... 2 s`);
    output.result({}, "done");
    clock.advance(10_000);
    expect(written.slice(2)).toEqual([clear, "done\n"]);
  });

  it("makes way for messages, returns after them, and shows the latest text", () => {
    const { output, clock, written } = terminal();
    output.status("Reading .");
    clock.advance(150);
    output.note("a note");
    output.status("Connecting");
    clock.advance(150);
    expect(written).toEqual([`${clear}Reading ....`, clear, "a note\n", `${clear}Connecting...`]);
    output.failure({ message: "failed" }, "failed");
    clock.advance(10_000);
    expect(written.slice(4)).toEqual([clear, "Error: failed\n"]);
  });

  it("shows nothing for fast commands, with --quiet, and when it ends", () => {
    const fast = terminal();
    fast.output.status("Connecting");
    fast.clock.advance(149);
    fast.output.status(undefined);
    const quiet = terminal(40, "quiet");
    quiet.output.status("Connecting");
    for (const { clock, written } of [fast, quiet]) {
      clock.advance(10_000);
      expect(written).toEqual([]);
    }
  });

  it("never wraps, because a wrapped line could not be removed", () => {
    for (const name of ["a".repeat(300), "\u{1f4e6}\u4e2d".repeat(99)]) {
      const { output, clock, written } = terminal(30);
      output.status(`Reading ${name}`);
      clock.advance(3000);
      expect(written.length).toBeGreaterThan(1);
      for (const line of written) expect(stringWidth(line.replace(clear, ""))).toBeLessThan(30);
    }
  });

  it("takes a terminal without a size for one of 80 columns", () => {
    const { output, clock, written } = terminal(0);
    output.status("Connecting to http://a");
    clock.advance(150);
    expect(written).toEqual([`${clear}Connecting to http://a...`]);
  });

  it("ends when bars are drawn", async () => {
    const { output, clock, written } = terminal(80);
    const shown = await startProgress(output, "big", running, clock);
    clock.advance(200);
    expect(written).toEqual([`${clear}Looking for big in the image store...`]);
    shown.onProgress(progress(1));
    clock.advance(5000);
    expect(written[1]).toBe(clear);
    expect(written.slice(2).join("")).not.toContain("Looking");
    shown.end(true);
  });
});
