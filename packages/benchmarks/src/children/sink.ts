import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { Inputs, Service } from "../resources.js";

/**
 * A gateway that stores nothing: it implements the part of the protocol that uploads need, and counts bytes. It answers 500
 * for a chunk of the wrong length, and refuses to commit an incomplete upload, so that a benchmark cannot measure an upload
 * that did not happen.
 */
export async function startSink({ delayMs = 0, entries = 0, tls }: Inputs["sink"]): Promise<Service> {
  const store = new SinkStore(entries);
  /** The maximum number of requests in progress while each one was. */
  let levels: number[] = [];
  const inProgress = new Set<{ level: number }>();
  const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
    const own = { level: 0 };
    inProgress.add(own);
    for (const other of inProgress) other.level = Math.max(other.level, inProgress.size);
    response.on("close", () => {
      inProgress.delete(own);
      levels.push(own.level);
    });
    let bytes = 0;
    request.on("data", (data: Buffer) => {
      bytes += data.length;
    });
    request.on("end", () => {
      const answer = () => {
        const { status, body } = store.handle(request, bytes);
        response.writeHead(status, { "Content-Type": "application/json", "Content-Length": body.length });
        response.end(body);
      };
      if (delayMs === 0) answer();
      else setTimeout(answer, delayMs);
    });
  };
  const server = tls === undefined ? http.createServer(onRequest) : https.createServer(tls, onRequest);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The sink has no TCP port.");
  return {
    ready: { port: address.port },
    /** Returns the number of requests since the last call, and the median of how many were in progress at a time. */
    async run() {
      const sorted = levels.sort((a, b) => a - b);
      levels = [];
      return { requests: sorted.length, level: sorted[Math.floor(sorted.length / 2)] ?? 0 };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

interface Session {
  readonly path: string;
  readonly size: number;
  /** Bytes received. A chunk that arrives twice counts twice: without faults, that is an error of the client. */
  received: number;
}

interface SinkAnswer {
  readonly status: number;
  /** JSON in ASCII, or undefined. */
  readonly body: string;
}

const done: SinkAnswer = { status: 200, body: "" };
const refused: SinkAnswer = { status: 500, body: '{"Error":{"Code":"E_FAIL","Message":"benchmark sink"}}' };

/** Says that packages are in the image store service. */
const manifest = JSON.stringify({
  Manifest:
    '<ClusterManifest><FabricSettings><Section Name="Management"><Parameter Name="ImageStoreConnectionString" Value="fabric:ImageStore"/></Section></FabricSettings></ClusterManifest>',
});

/** A folder that exists from the start if `entries` is set. */
const fullFolder = "Full";

/** The state of a sink: only sizes. */
class SinkStore {
  readonly #full: ListingPages;
  readonly #sessions = new Map<string, Session>();
  readonly #tree = new SinkTree();

  /** @param entries The number of files in its folder `Full`, which it lists in pages. */
  constructor(entries: number) {
    this.#full = new ListingPages(fullFolder, entries, (paths, next) =>
      listing(
        paths.map((path) => storeFile(path, 1)),
        [],
        next,
      ),
    );
  }

  /** Responds to a request with a body of `length` bytes. */
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
      case "GET $/GetClusterManifest":
        return { status: 200, body: manifest };
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

  /** The missing ranges are correct only if chunks arrive in order, one at a time. */
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

const perPage = 1000;

/** A folder with many files, whose pages are made in advance so that serving one takes little time. */
class ListingPages {
  readonly #pages = new Map<string, string>();

  /** The first page has no token; the token of every other is the last name before it. */
  constructor(folder: string, entries: number, write: (paths: readonly string[], next: string) => string) {
    const paths = Array.from({ length: entries }, (_, index) => `${folder}/File${index}.bin`);
    let token = "";
    for (let start = 0; start < entries; start += perPage) {
      const page = paths.slice(start, start + perPage);
      const next = start + perPage < entries ? encodeURIComponent(page.at(-1) ?? "") : "";
      this.#pages.set(decodeURIComponent(token), write(page, next));
      token = next;
    }
  }

  /** @param token The decoded token. */
  page(token: string): string | undefined {
    return this.#pages.get(token);
  }
}

interface SinkFile {
  readonly size: number;
  readonly version: number;
}

/** The files by folder, with their sizes and versions, as a listing shows them. */
class SinkTree {
  readonly #folders = new Map<string, Map<string, SinkFile>>();
  #writes = 0;
  /** The names of the folders in each folder. */
  readonly #subfolders = new Map<string, Set<string>>();

  add(path: string, size: number): void {
    const { folder, name } = split(path);
    const files = this.#folders.get(folder);
    this.#writes += 1;
    const file = { size, version: this.#writes };
    if (files === undefined) {
      this.#folders.set(folder, new Map([[name, file]]));
      this.#addFolder(folder);
    } else files.set(name, file);
  }

  /** The JSON response of a gateway for a path; undefined if it does not exist. */
  list(path: string): string | undefined {
    const { folder, name } = split(path);
    const found = this.#folders.get(folder)?.get(name);
    if (found !== undefined) return listing([storeFile(path, found.size, found.version)], []);
    const files = [...(this.#folders.get(path) ?? [])];
    const folders = [...(this.#subfolders.get(path) ?? [])];
    if (files.length + folders.length === 0) return undefined;
    return listing(
      files.map(([file, { size, version }]) => storeFile(`${path}/${file}`, size, version)),
      folders.map((subfolder) => ({ StoreRelativePath: `${path}/${subfolder}`, FileCount: "1" })),
    );
  }

  #addFolder(path: string): void {
    if (path === "") return;
    const { folder, name } = split(path);
    const siblings = this.#subfolders.get(folder);
    if (siblings !== undefined) siblings.add(name);
    else {
      this.#subfolders.set(folder, new Set([name]));
      this.#addFolder(folder);
    }
  }
}

function split(path: string): { readonly folder: string; readonly name: string } {
  const end = path.lastIndexOf("/");
  return { folder: path.slice(0, Math.max(end, 0)), name: path.slice(end + 1) };
}

function storeFile(path: string, size: number, version = 1) {
  return {
    StoreRelativePath: path,
    FileVersion: {
      EpochDataLossNumber: "1",
      VersionNumber: String(version),
      EpochConfigurationNumber: "1",
    },
    FileSize: String(size),
    ModifiedDate: "2026-01-01T00:00:00.000Z",
  };
}

function listing(
  StoreFiles: readonly unknown[],
  StoreFolders: readonly unknown[],
  ContinuationToken = "",
): string {
  return JSON.stringify({ StoreFiles, StoreFolders, ContinuationToken });
}
