import type { ServerResponse } from "node:http";
import type { FiredFault } from "../faults/fault.js";
import type { ImageStore } from "../image-store.js";
import type { RequestLogEntry } from "../options.js";
import type { UploadSession } from "../sessions/session-table.js";
import type { StoredFile } from "../store/catalog.js";
import type { Clock } from "../wire/time.js";
import type {
  ClusterChanges,
  FileChanges,
  FileState,
  LiveEvents,
  LoggedRequest,
  NewRequests,
  SessionState,
  StoreFacts,
} from "./live-events.js";

/** How often to look for changes while a page is open. */
const tickMs = 250;
/** A page that got nothing for longer assumes that the connection is lost. */
export const heartbeatMs = 10_000;
/** A page that does not read this much is not sent more until it has, and then starts over. */
const maxUnreadBytes = 8 * 1024 * 1024;
const maxShownRanges = 200;
const filesPerEvent = 2000;

/** An open page. */
interface Viewer {
  readonly response: ServerResponse;
  isBehind: boolean;
}

/**
 * Sends the state of the store, and then its changes, to every open page. It finds changes by comparing the state with the one
 * before, a few times per second and only while a page is open, so that requests never wait for it.
 */
export class LiveFeed {
  readonly #store: ImageStore;
  readonly #clock: Clock;
  readonly #facts: StoreFacts;
  readonly #describeCluster: () => ClusterChanges;
  readonly #log = new RequestLog();
  readonly #viewers = new Set<Viewer>();
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  /** What up-to-date pages know. */
  #files: readonly StoredFile[] = [];
  #sessions = "";
  #cluster = "";
  #clockOffset = 0;
  #lastRequest = 0;

  constructor(store: ImageStore, clock: Clock, facts: StoreFacts, describeCluster: () => ClusterChanges) {
    this.#describeCluster = describeCluster;
    this.#store = store;
    this.#clock = clock;
    this.#facts = facts;
  }

  recordRequest(entry: RequestLogEntry): void {
    const { method, url, operationId, contentRange, status, code, durationMs } = entry;
    this.#log.add({
      method,
      url,
      code,
      durationMs,
      ...(operationId === undefined ? {} : { operationId }),
      ...(contentRange === undefined ? {} : { contentRange }),
      ...(status === undefined ? {} : { status }),
    });
  }

  recordFault({ fault, method, url }: FiredFault): void {
    this.#log.add({ method, url, code: fault.do });
  }

  /** Sends events until the connection closes. The head of the response has been written. */
  follow(response: ServerResponse): void {
    // Bring the others up to date, so that the next changes are the same for all.
    this.#tick();
    const viewer = { response, isBehind: false };
    this.#viewers.add(viewer);
    // Reconnect soon: the emulator is on the same machine.
    response.write(`retry: 1000\n\n${this.#everything()}`);
    response.on("close", () => {
      this.#viewers.delete(viewer);
      if (this.#viewers.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    });
    this.#timer ??= setInterval(() => this.#tick(), tickMs).unref();
  }

  #tick(): void {
    this.#ticks += 1;
    const changes = this.#changes();
    for (const viewer of this.#viewers) {
      const { response } = viewer;
      if (response.writableLength > maxUnreadBytes) {
        viewer.isBehind = true;
      } else if (viewer.isBehind) {
        viewer.isBehind = false;
        response.write(this.#everything());
      } else if (changes !== "") {
        response.write(changes);
      }
    }
  }

  /** The events for a page that knows nothing. */
  #everything(): string {
    return [
      event("hello", this.#facts),
      ...filesEvents({ removed: [], written: this.#files.map(describeFile) }),
      event("sessions", this.#openSessions()),
      event("applications", this.#describeCluster()),
      event("requests", this.#log.since(0, this.#lastRequest)),
    ].join("");
  }

  /** The events for the pages that are up to date. */
  #changes(): string {
    const events: string[] = [];
    const files = [...this.#store.content.below(undefined)];
    const changes = changesBetween(this.#files, files);
    if (changes.removed.length + changes.written.length > 0) events.push(...filesEvents(changes));
    this.#files = files;

    const sessions = JSON.stringify(this.#openSessions().sessions);
    // `advance` moves the emulator's clock, and with it the time that is left.
    const clockOffset = Math.round((this.#clock.now() - Date.now()) / 1000);
    if (sessions !== this.#sessions || (clockOffset !== this.#clockOffset && sessions !== "[]")) {
      events.push(event("sessions", this.#openSessions()));
    }
    this.#sessions = sessions;
    this.#clockOffset = clockOffset;

    const applications = this.#describeCluster();
    const cluster = JSON.stringify(applications);
    if (cluster !== this.#cluster) events.push(event("applications", applications));
    this.#cluster = cluster;

    const requests = this.#log.since(this.#lastRequest);
    if (requests.entries.length > 0) events.push(event("requests", requests));
    this.#lastRequest = this.#log.last;

    if (this.#ticks % (heartbeatMs / tickMs) === 0) events.push(event("heartbeat", {}));
    return events.join("");
  }

  #openSessions() {
    const { sessions } = this.#store;
    const { lifetimeMs } = sessions;
    return {
      now: this.#clock.now(),
      sessions: sessions.all().map((session) => describeSession(session, lifetimeMs)),
    };
  }
}

function event<Name extends keyof LiveEvents>(name: Name, payload: LiveEvents[Name]): string {
  // JSON contains no line break, so it is one line of data.
  return `event: ${name}\ndata: ${JSON.stringify(payload)}\n\n`;
}

/** Several events, so that the page can draw between them. At least one, because the page waits for it. */
function filesEvents({ removed, written }: FileChanges): string[] {
  const events = [event("files", { removed, written: written.slice(0, filesPerEvent) })];
  for (let at = filesPerEvent; at < written.length; at += filesPerEvent) {
    events.push(event("files", { removed: [], written: written.slice(at, at + filesPerEvent) }));
  }
  return events;
}

function describeFile({ path, size, modifiedAt, version }: StoredFile): FileState {
  return { path, size, modifiedAt, version: version.number };
}

function describeSession({ id, path, ranges, modifiedAt }: UploadSession, lifetimeMs: number): SessionState {
  const missing = ranges.size === 0n ? [] : ranges.expected();
  const missingBytes = missing.reduce((sum, { start, end }) => sum + end - start + 1n, 0n);
  return {
    id,
    path: path.text,
    size: Number(ranges.size),
    receivedBytes: Number(ranges.size - missingBytes),
    missing: missing.slice(0, maxShownRanges).map(({ start, end }) => [Number(start), Number(end)] as const),
    missingCount: missing.length,
    expiresAt: modifiedAt + lifetimeMs,
  };
}

/** Compares two sorted states of the catalog, which replaces the object of a file with every write. */
export function changesBetween(before: readonly StoredFile[], after: readonly StoredFile[]): FileChanges {
  const removed: string[] = [];
  const written: FileState[] = [];
  let at = 0;
  for (const file of after) {
    for (let old = before[at]; old !== undefined && old.key < file.key; old = before[at]) {
      removed.push(old.path);
      at += 1;
    }
    const old = before[at]?.key === file.key ? before[at] : undefined;
    if (old !== undefined) at += 1;
    if (old === file) continue;
    // A write can change the spelling of a path.
    if (old !== undefined && old.path !== file.path) removed.push(old.path);
    written.push(describeFile(file));
  }
  removed.push(...before.slice(at).map(({ path }) => path));
  return { removed, written };
}

/** The page shows this many requests. */
const maxLogged = 500;
/** A longer URL is cut off in the log, which stays in memory. */
const maxUrlLength = 2000;

/** The last requests and faults, also those before a page was opened. */
class RequestLog {
  #entries: LoggedRequest[] = [];
  #last = 0;

  /** The number of the last entry. 0 if there is none. */
  get last(): number {
    return this.#last;
  }

  add(entry: Omit<LoggedRequest, "number" | "at">): void {
    this.#last += 1;
    const url = entry.url.length > maxUrlLength ? `${entry.url.slice(0, maxUrlLength)}…` : entry.url;
    this.#entries.push({ ...entry, url, number: this.#last, at: Date.now() });
    // Rarely, because removing from the start moves all the others.
    if (this.#entries.length > 2 * maxLogged) this.#entries = this.#entries.slice(-maxLogged);
  }

  /** The entries after a number, but only the newest ones. */
  since(number: number, last = this.#last): NewRequests {
    const entries = this.#entries
      .filter((entry) => entry.number > number && entry.number <= last)
      .slice(-maxLogged);
    return { entries, skipped: last - number - entries.length };
  }
}
