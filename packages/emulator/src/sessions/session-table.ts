import type { Clock } from "../clock.js";
import { FabricError } from "../fabric-error.js";
import type { StorePath } from "../store/store-path.js";
import { type ByteRange, type ContentRange, rangeError } from "./content-range.js";
import { defaultExpiry, type Expiry, SweepSchedule } from "./expiry.js";
import { compareGuids } from "./guid.js";
import { ReceivedRanges } from "./received-ranges.js";

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
