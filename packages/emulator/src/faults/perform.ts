import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, errorAnswer } from "../answers.js";
import type { DueFault } from "./fault-plan.js";

/** What faults do to a request. */
export interface FaultTarget {
  readonly body: AsyncIterable<Uint8Array>;
  /** Breaks the connection. */
  drop(): void;
  /** Lets the store fail over. */
  loseSessions(): Promise<void>;
  /** Called when a fault happens, and not before. */
  report(due: DueFault): void;
  /** Ends every wait. */
  readonly closing: AbortSignal;
}

/** The answer to send; undefined when the connection was broken on purpose. */
export type FaultyOutcome = Answer | undefined;

/** Does a request with everything that shall go wrong with it. */
export async function performWithFaults(
  faults: readonly DueFault[],
  target: FaultTarget,
  perform: (body: AsyncIterable<Uint8Array>) => Promise<Answer>,
): Promise<FaultyOutcome> {
  const answer = await before(faults, target);
  if (answer !== "proceed") return answer;
  const body = faults.reduce((source, due) => troubled(source, due, target), target.body);
  const done = await perform(body);
  return after(faults, target, done);
}

async function before(faults: readonly DueFault[], target: FaultTarget): Promise<FaultyOutcome | "proceed"> {
  for (const due of faults) {
    const { fault } = due;
    if (fault.do === "lose-sessions" || fault.do === "delay") {
      target.report(due);
      await (fault.do === "delay" ? wait(fault.ms, target) : target.loseSessions());
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

function troubled(
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
      throw new Error("The connection was dropped on purpose.");
    }
    yield piece;
  }
}

async function wait(ms: number, { closing }: FaultTarget): Promise<void> {
  // Cut short when the emulator closes, which breaks the connection anyway.
  await sleep(ms, undefined, { signal: closing }).catch(() => undefined);
}

/** A reason phrase takes printable ASCII only. */
function reasonPhrase(code: string): string {
  return code.replace(/[^\x20-\x7e]/g, "?");
}
