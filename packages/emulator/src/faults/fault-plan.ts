import { setTimeout as sleep } from "node:timers/promises";
import type { HealthReport } from "../applications/state.js";
import type { Platform } from "../store/store-path.js";
import { type Answer, errorAnswer } from "../wire/answers.js";
import type { OperationId } from "../wire/operations.js";
import type { Fault } from "./fault.js";

/** A fault that affects a request. */
export interface DueFault {
  readonly fault: Fault;
  readonly matchNumber: number;
}

interface Planned {
  readonly fault: Fault;
  readonly path: RegExp | undefined;
  matches: number;
}

/** The planned faults, each with its own count of matching requests. */
export class FaultPlan {
  readonly #platform: Platform;
  readonly #planned = new Set<Planned>();

  constructor(platform: Platform, faults: readonly Fault[]) {
    this.#platform = platform;
    for (const fault of faults) this.add(fault);
  }

  /** @returns A function that removes the fault. */
  add(fault: Fault): () => void {
    const path = fault.path === undefined ? undefined : pattern(fault.path, this.#platform);
    const planned = { fault, path, matches: 0 };
    this.#planned.add(planned);
    return () => void this.#planned.delete(planned);
  }

  /** Counts the request, and returns the faults that affect it, in the order they were added. */
  take(operation: OperationId, path: string | undefined): DueFault[] {
    return [...this.#planned].flatMap((planned) => {
      const { nth = 1, times = 1 } = planned.fault;
      if (!matches(planned, operation, path)) return [];
      planned.matches += 1;
      const isDue = planned.matches >= nth && planned.matches < nth + times;
      return isDue ? [{ fault: planned.fault, matchNumber: planned.matches }] : [];
    });
  }
}

function matches({ fault, path }: Planned, operation: OperationId, requested: string | undefined): boolean {
  if (fault.operation !== undefined && fault.operation !== operation) return false;
  return path === undefined || (requested !== undefined && path.test(withSlashes(requested)));
}

function pattern(path: string, platform: Platform): RegExp {
  const pieces = withSlashes(path).split("*");
  const source = pieces.map((piece) => piece.replace(/[\\^$.+?()[\]{}|]/g, "\\$&")).join(".*");
  return new RegExp(`^${source}$`, platform === "windows" ? "is" : "s");
}

/** Normalizes separators: none at the ends, and only `/` between names. */
function withSlashes(path: string): string {
  return path
    .split(/[\\/]/)
    .filter((name) => name !== "")
    .join("/");
}

/** The request that faults act on. */
export interface FaultTarget {
  readonly body: AsyncIterable<Uint8Array>;
  /** Closes the connection without a response. */
  drop(): void;
  /** Makes the store fail over. */
  loseSessions(): Promise<void>;
  setHealth(report: HealthReport): void;
  /** Called when a fault happens. */
  report(due: DueFault): void;
  /** Ends every delay. */
  readonly closing: AbortSignal;
}

/** The response to send. Undefined if a fault closed the connection. */
export type FaultyOutcome = Answer | undefined;

/** Performs a request with the faults that affect it. */
export async function performWithFaults(
  faults: readonly DueFault[],
  target: FaultTarget,
  perform: (body: AsyncIterable<Uint8Array>) => Promise<Answer>,
): Promise<FaultyOutcome> {
  const answer = await before(faults, target);
  if (answer !== "proceed") return answer;
  const body = faults.reduce((source, due) => withBodyFaults(source, due, target), target.body);
  const done = await perform(body);
  return after(faults, target, done);
}

async function before(faults: readonly DueFault[], target: FaultTarget): Promise<FaultyOutcome | "proceed"> {
  for (const due of faults) {
    const { fault } = due;
    if (fault.do === "lose-sessions" || fault.do === "delay") {
      target.report(due);
      await (fault.do === "delay" ? wait(fault.ms, target) : target.loseSessions());
    } else if (fault.do === "report-health") {
      target.report(due);
      target.setHealth(reportIn(fault));
    } else if (fault.do === "drop-before") {
      target.report(due);
      target.drop();
      return undefined;
    } else if (fault.do === "answer") {
      target.report(due);
      const { status, code, message = "Null" } = fault;
      return errorAnswer({ status, code, message, reason: reasonPhrase(code) });
    }
  }
  return "proceed";
}

function reportIn(fault: Extract<Fault, { do: "report-health" }>): HealthReport {
  const { do: _, operation: __, path: ___, nth: ____, times: _____, ...report } = fault;
  return report;
}

async function after(
  faults: readonly DueFault[],
  target: FaultTarget,
  answer: Answer,
): Promise<FaultyOutcome> {
  for (const due of faults) {
    const { fault } = due;
    if (fault.do === "answer-late") {
      target.report(due);
      await wait(fault.ms, target);
    } else if (fault.do === "drop-after") {
      target.report(due);
      target.drop();
      return undefined;
    }
  }
  return answer;
}

function withBodyFaults(
  source: AsyncIterable<Uint8Array>,
  due: DueFault,
  target: FaultTarget,
): AsyncIterable<Uint8Array> {
  const { fault } = due;
  if (fault.do === "throttle") return throttled(source, fault.bytesPerSecond, due, target);
  if (fault.do === "drop-in-body") return dropped(source, fault.afterBytes, due, target);
  return source;
}

async function* throttled(
  source: AsyncIterable<Uint8Array>,
  bytesPerSecond: number,
  due: DueFault,
  target: FaultTarget,
): AsyncGenerator<Uint8Array> {
  target.report(due);
  for await (const piece of source) {
    await wait((piece.length / bytesPerSecond) * 1000, target);
    yield piece;
  }
}

async function* dropped(
  source: AsyncIterable<Uint8Array>,
  afterBytes: number,
  due: DueFault,
  target: FaultTarget,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const piece of source) {
    received += piece.length;
    if (received > afterBytes) {
      target.report(due);
      target.drop();
      throw new Error("A fault closed the connection.");
    }
    yield piece;
  }
}

async function wait(ms: number, { closing }: FaultTarget): Promise<void> {
  // If the emulator closes, the connection closes too, so the delay can end.
  await sleep(ms, undefined, { signal: closing }).catch(() => undefined);
}

/** A reason phrase can contain only printable ASCII characters. */
function reasonPhrase(code: string): string {
  return code.replace(/[^\x20-\x7e]/g, "?");
}
