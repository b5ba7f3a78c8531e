import type { StagedChunk } from "../store/session-files.js";
import type { StorePath } from "../store/store-path.js";
import { FabricError } from "../wire/fabric-error.js";
import type { Clock } from "../wire/time.js";
import { type ByteRange, type ContentRange, ReceivedRanges, rangeError } from "./ranges.js";

/** A chunk that arrived. As on a cluster, the number of its staged bytes can differ from the range (protocol §2.2). */
export interface ReceivedChunk extends StagedChunk, ByteRange {}

/** The upload of one file. */
export interface UploadSession {
  /** Lower case. */
  readonly id: string;
  readonly path: StorePath;
  readonly ranges: ReceivedRanges;
  readonly chunks: readonly ReceivedChunk[];
  /** Milliseconds since 1970: creation, or the last newly recorded chunk (protocol §2.8). */
  readonly modifiedAt: number;
}

/** A chunk that is staged but not recorded yet. */
export interface ChunkArrival extends StagedChunk {
  readonly sessionId: string;
  readonly path: StorePath;
  readonly range: ContentRange;
}

/** The upload sessions. They exist only in memory, because a cluster loses them on failover too (protocol §2.9). */
export class SessionTable {
  readonly #sessions = new Map<string, UploadSession & { modifiedAt: number; chunks: ReceivedChunk[] }>();
  readonly #clock: Clock;
  readonly #schedule: SweepSchedule;
  /** How long a session is kept after its creation or its last new chunk, in milliseconds. */
  readonly lifetimeMs: number;

  constructor(clock: Clock, expiry: Expiry = defaultExpiry) {
    this.#clock = clock;
    this.lifetimeMs = expiry.lifetimeMs;
    this.#schedule = new SweepSchedule(expiry);
  }

  /** All open sessions, in GUID order. */
  all(): UploadSession[] {
    return inOrder(this.#sessions.values());
  }

  find(id: string): UploadSession | undefined {
    return this.#sessions.get(id);
  }

  /** Sessions with exactly this path. Unlike for files, case and separators matter (protocol §2.7). */
  findByPath(path: StorePath): UploadSession[] {
    return inOrder([...this.#sessions.values()].filter((session) => session.path.text === path.text));
  }

  /**
   * Records a chunk, and creates its session if there is none (protocol §2.2, steps 2 to 4). This method is synchronous, so
   * the races of a real cluster (protocol §2.3, "known defects") cannot happen here.
   * @returns Whether the session now owns the staged chunk. If not, the caller must discard it.
   * @throws FabricError if the chunk does not fit the session with its ID.
   */
  record(arrival: ChunkArrival): boolean {
    const { range, file, part } = arrival;
    const existing = this.#sessions.get(arrival.sessionId);
    if (existing !== undefined) checkArrival(existing, arrival);
    const session = existing ?? this.#create(arrival);
    const result = session.ranges.add(range);
    if (result === "overlaps") throw rangeError();
    if (result === "held-already") return false;
    session.chunks.push({ start: range.start, end: range.end, file, ...(part && { part }) });
    session.modifiedAt = this.#clock.now();
    return true;
  }

  /** Removes a session. @returns Its chunks, which the caller must discard. Undefined if there is no such session. */
  remove(id: string): readonly StagedChunk[] | undefined {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    return session?.chunks;
  }

  /** Removes all sessions, as a failover does (protocol §2.9). */
  clear(): void {
    this.#sessions.clear();
  }

  /**
   * Runs all sweeps that are due, each with its scheduled time. Until the next sweep, an expired session still works
   * (protocol §2.8). @returns The chunks of the removed sessions, which the caller must discard.
   */
  sweep(): StagedChunk[] {
    const chunks: StagedChunk[] = [];
    for (let at = this.#schedule.due(this.#clock.now()); at !== undefined; ) {
      for (const session of this.#sessions.values()) {
        if (this.#schedule.isOverdue(session.modifiedAt, at)) chunks.push(...(this.remove(session.id) ?? []));
      }
      this.#schedule.swept(at, this.#sessions.size > 0);
      at = this.#schedule.due(this.#clock.now());
    }
    return chunks;
  }

  #create({ sessionId: id, path, range }: ChunkArrival) {
    const session = {
      id,
      path,
      ranges: new ReceivedRanges(range.size),
      chunks: [],
      modifiedAt: this.#clock.now(),
    };
    if (this.#sessions.size === 0) this.#schedule.start(session.modifiedAt);
    this.#sessions.set(id, session);
    return session;
  }
}

function inOrder(sessions: Iterable<UploadSession>): UploadSession[] {
  return [...sessions].sort((left, right) => compareGuids(left.id, right.id));
}

/** Checks path, size and range, in this order. Each has its own error (protocol §2.2, steps 3b to 3d). */
function checkArrival(session: UploadSession, { path, range }: ChunkArrival): void {
  if (session.path.text !== path.text) throw new FabricError("FABRIC_E_UPLOAD_SESSION_ID_CONFLICT");
  if (session.ranges.size !== range.size) throw new FabricError("E_INVALIDARG");
  if (!session.ranges.expects(range)) throw rangeError();
}

/** When upload sessions expire. */
export interface Expiry {
  /** How long a session is kept after its creation or its last new chunk, in milliseconds. */
  readonly lifetimeMs: number;
  /** Time between two checks for expired sessions, in milliseconds. */
  readonly sweepIntervalMs: number;
}

const minuteMs = 60_000;

/** The defaults of a cluster (protocol §2.8). */
export const defaultExpiry: Expiry = { lifetimeMs: 30 * minuteMs, sweepIntervalMs: 5 * minuteMs };

/**
 * Schedules sweeps: the first one a lifetime after the first session was created, then one per interval while there are
 * sessions. A session is therefore removed up to one interval after its lifetime ends (protocol §2.8).
 */
export class SweepSchedule {
  readonly #expiry: Expiry;
  #next: number | undefined;

  constructor(expiry: Expiry) {
    this.#expiry = expiry;
  }

  /** Call this when the first session is created. */
  start(now: number): void {
    this.#next = now + this.#expiry.lifetimeMs;
  }

  /** The scheduled time of a sweep that is due. */
  due(now: number): number | undefined {
    return this.#next !== undefined && this.#next <= now ? this.#next : undefined;
  }

  isOverdue(modifiedAt: number, at: number): boolean {
    return modifiedAt + this.#expiry.lifetimeMs <= at;
  }

  swept(at: number, anyLeft: boolean): void {
    this.#next = anyLeft ? at + this.#expiry.sweepIntervalMs : undefined;
  }
}

const zeroGuid = "00000000-0000-0000-0000-000000000000";
const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * The GUID in lower case, or undefined. Only the form of 36 characters with dashes is valid (protocol §3). The all-zero GUID
 * is undefined too, because the cluster treats it like a missing parameter.
 */
export function parseGuid(text: string | undefined): string | undefined {
  if (text === undefined || !pattern.test(text)) return undefined;
  const guid = text.toLowerCase();
  return guid === zeroGuid ? undefined : guid;
}

/**
 * Sorts lower-case GUIDs like the cluster (protocol §2.7): by the bytes of the structure in memory, whose first three fields
 * are little-endian.
 */
export function compareGuids(left: string, right: string): number {
  const a = memoryLayout(left);
  const b = memoryLayout(right);
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function memoryLayout(guid: string): string {
  const fields = guid.split("-");
  return fields.map((field, index) => (index < 3 ? reverseBytes(field) : field)).join("");
}

function reverseBytes(hex: string): string {
  return (hex.match(/../g) ?? []).reverse().join("");
}
