import type { StorePath } from "../store/store-path.js";
import { FabricError } from "../wire/fabric-error.js";
import type { Clock } from "../wire/time.js";
import { type ByteRange, type ContentRange, ReceivedRanges, rangeError } from "./ranges.js";

/** A chunk that arrived. `file` is its staged file, whose length nobody compared with the range (protocol §2.2). */
export interface ReceivedChunk extends ByteRange {
  readonly file: string;
}

/** One file under way. */
export interface UploadSession {
  /** Lower case. */
  readonly id: string;
  readonly path: StorePath;
  readonly ranges: ReceivedRanges;
  readonly chunks: readonly ReceivedChunk[];
  /** Milliseconds since 1970: creation, or the last newly recorded chunk (protocol §2.8). */
  readonly modifiedAt: number;
}

/** A chunk that was staged and asks to be recorded. */
export interface ChunkArrival {
  readonly sessionId: string;
  readonly path: StorePath;
  readonly range: ContentRange;
  readonly file: string;
}

/** The upload sessions, held in memory only: the cluster forgets them on fail-over too (protocol §2.9). */
export class SessionTable {
  readonly #sessions = new Map<string, UploadSession & { modifiedAt: number; chunks: ReceivedChunk[] }>();
  readonly #clock: Clock;
  readonly #schedule: SweepSchedule;

  constructor(clock: Clock, expiry: Expiry = defaultExpiry) {
    this.#clock = clock;
    this.#schedule = new SweepSchedule(expiry);
  }

  /** Every live session, in GUID order. */
  all(): UploadSession[] {
    return inOrder(this.#sessions.values());
  }

  find(id: string): UploadSession | undefined {
    return this.#sessions.get(id);
  }

  /** Sessions whose path was spelt exactly so: case and separators count, unlike for files (protocol §2.7). */
  findByPath(path: StorePath): UploadSession[] {
    return inOrder([...this.#sessions.values()].filter((session) => session.path.text === path.text));
  }

  /**
   * Records a chunk, creating its session if there is none (protocol §2.2, steps 2 to 4). The whole step runs without
   * a pause, so the races of a real cluster (protocol §2.3, "known defects") cannot happen here.
   * @returns whether the chunk's file now belongs to the session; if not, the caller disposes of it.
   * @throws FabricError when the chunk does not fit the session that has its id.
   */
  record(arrival: ChunkArrival): boolean {
    const { range } = arrival;
    const existing = this.#sessions.get(arrival.sessionId);
    if (existing !== undefined) refuseMisfit(existing, arrival);
    const session = existing ?? this.#create(arrival);
    const result = session.ranges.add(range);
    if (result === "overlaps") throw rangeError();
    if (result === "held-already") return false;
    session.chunks.push({ start: range.start, end: range.end, file: arrival.file });
    session.modifiedAt = this.#clock.now();
    return true;
  }

  /** Forgets a session. @returns its staged files for disposal, or undefined when there was no such session. */
  remove(id: string): string[] | undefined {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    return session?.chunks.map((chunk) => chunk.file);
  }

  /** Forgets every session at once, as a fail-over does (protocol §2.9). */
  clear(): void {
    this.#sessions.clear();
  }

  /**
   * Does the sweeps that are due by now, each as of its own moment. Until its sweep an overdue session works as ever
   * (protocol §2.8). @returns the staged files of the sessions that expired, for disposal.
   */
  sweep(): string[] {
    const files: string[] = [];
    for (let at = this.#schedule.due(this.#clock.now()); at !== undefined; ) {
      for (const session of this.#sessions.values()) {
        if (this.#schedule.isOverdue(session.modifiedAt, at)) files.push(...(this.remove(session.id) ?? []));
      }
      this.#schedule.swept(at, this.#sessions.size > 0);
      at = this.#schedule.due(this.#clock.now());
    }
    return files;
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

/** Path before size before range, each with its own answer (protocol §2.2, steps 3b to 3d). */
function refuseMisfit(session: UploadSession, { path, range }: ChunkArrival): void {
  if (session.path.text !== path.text) throw new FabricError("FABRIC_E_UPLOAD_SESSION_ID_CONFLICT");
  if (session.ranges.size !== range.size) throw new FabricError("E_INVALIDARG");
  if (!session.ranges.expects(range)) throw rangeError();
}

/** How long upload sessions live. */
export interface Expiry {
  /** Milliseconds a session is kept after its creation or its last new chunk. */
  readonly lifetimeMs: number;
  /** Milliseconds between two looks for sessions past that. */
  readonly sweepIntervalMs: number;
}

const minuteMs = 60_000;

/** What a cluster has, unless its operator changed it (protocol §2.8). */
export const defaultExpiry: Expiry = { lifetimeMs: 30 * minuteMs, sweepIntervalMs: 5 * minuteMs };

/**
 * When sessions are swept: once a lifetime after the first session came, then at every interval while any remain. A
 * session therefore lives for its lifetime and up to one interval more (protocol §2.8).
 */
export class SweepSchedule {
  readonly #expiry: Expiry;
  #next: number | undefined;

  constructor(expiry: Expiry) {
    this.#expiry = expiry;
  }

  /** A session came when there was none. */
  start(now: number): void {
    this.#next = now + this.#expiry.lifetimeMs;
  }

  /** The moment of a sweep that should have happened by now. */
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
 * The GUID in lower case, or undefined. Only the dashed form of 36 characters counts (protocol §3). The GUID of all
 * zeros is undefined too: the cluster cannot tell it from an absent parameter.
 */
export function parseGuid(text: string | undefined): string | undefined {
  if (text === undefined || !pattern.test(text)) return undefined;
  const guid = text.toLowerCase();
  return guid === zeroGuid ? undefined : guid;
}

/**
 * Orders lower-case GUIDs as the cluster's map does (protocol §2.7): by the bytes of the structure in memory, whose
 * first three fields are little-endian.
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
