import type { IncomingMessage } from "node:http";
import { SinkTree } from "./sink-tree.js";

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

/** What a sink knows: sizes. */
export class SinkStore {
  readonly #sessions = new Map<string, Session>();
  readonly #tree = new SinkTree();

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
        return this.#list(path);
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

  /** Only ever asked about sessions that have not begun. */
  #session(id: string): SinkAnswer {
    return this.#sessions.has(id) ? refused : { status: 204, body: "" };
  }

  #list(path: string): SinkAnswer {
    const body = this.#tree.list(path);
    return body === undefined ? { status: 404, body: "" } : { status: 200, body };
  }
}
