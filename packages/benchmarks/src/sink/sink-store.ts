import type { IncomingMessage } from "node:http";
import { ListingPages } from "./listing-pages.js";
import { listing, SinkTree, storeFile } from "./sink-tree.js";

interface Session {
  readonly path: string;
  readonly size: number;
  /** Bytes received; chunks that came twice would count twice, which is an error in an upload nothing disturbs. */
  received: number;
}

export interface SinkAnswer {
  readonly status: number;
  /** JSON in ASCII, or nothing. */
  readonly body: string;
}

const done: SinkAnswer = { status: 200, body: "" };
const refused: SinkAnswer = { status: 500, body: '{"Error":{"Code":"E_FAIL","Message":"benchmark sink"}}' };

/** A folder that is there from the beginning, when asked for. */
const fullFolder = "Full";

/** What a sink knows: sizes. */
export class SinkStore {
  readonly #full: ListingPages;
  readonly #sessions = new Map<string, Session>();
  readonly #tree = new SinkTree();

  /** @param entries How many files its folder `Full` has, which it lists in pages. */
  constructor(entries: number) {
    this.#full = new ListingPages(fullFolder, entries, (paths, next) =>
      listing(
        paths.map((path) => storeFile(path, 1)),
        [],
        next,
      ),
    );
  }

  /** The answer to a request with a body of so many bytes. */
  handle(request: IncomingMessage, bytes: number): SinkAnswer {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://sink");
    const path = decodeURIComponent(pathname).replace(/^\/ImageStore\/?/, "");
    const id = searchParams.get("session-id") ?? "";
    const operation = `${request.method} ${path.match(/\$\/\w+$/)?.[0] ?? ""}`;
    switch (operation) {
      case "PUT $/UploadChunk":
        return this.#chunk(
          id,
          path.replace(/\/\$\/UploadChunk$/, ""),
          request.headers["content-range"],
          bytes,
        );
      case "GET $/GetUploadSession":
        return this.#session(id);
      case "POST $/CommitUploadSession":
        return this.#commit(id);
      case "DELETE $/DeleteUploadSession":
        return this.#sessions.delete(id) ? done : refused;
      case "PUT ":
        this.#tree.add(path, bytes);
        return done;
      case "GET ":
        return this.#list(path, searchParams.get("ContinuationToken") ?? "");
      default:
        return refused;
    }
  }

  #chunk(id: string, path: string, contentRange: string | undefined, bytes: number): SinkAnswer {
    const [start = 0, end = 0, size = 0] = (contentRange?.match(/\d+/g) ?? []).map(Number);
    const session = this.#sessions.get(id) ?? { path, size, received: 0 };
    if (bytes !== end - start + 1 || session.size !== size) return refused;
    session.received += bytes;
    this.#sessions.set(id, session);
    return done;
  }

  #commit(id: string): SinkAnswer {
    const session = this.#sessions.get(id);
    if (session === undefined || session.received !== session.size) return refused;
    this.#tree.add(session.path, session.size);
    return done;
  }

  /** What is missing is right as long as chunks come in order, one at a time. */
  #session(id: string): SinkAnswer {
    const session = this.#sessions.get(id);
    if (session === undefined) return { status: 204, body: "" };
    const { path, size, received } = session;
    const answer = {
      StoreRelativePath: path,
      SessionId: id,
      FileSize: String(size),
      ModifiedDate: "2026-01-01T00:00:00.000Z",
      ExpectedRanges:
        received === size ? [] : [{ StartPosition: String(received), EndPosition: String(size - 1) }],
    };
    return { status: 200, body: JSON.stringify({ UploadSessions: [answer] }) };
  }

  #list(path: string, token: string): SinkAnswer {
    const body = path === fullFolder ? this.#full.page(token) : this.#tree.list(path);
    return body === undefined ? { status: 404, body: "" } : { status: 200, body };
  }
}
