import { type OperationId, operations } from "@sf-image-store/types";
import { isMembers, type Violation, violation } from "openapi-contract";

/** Sends one request. `isAnonymous`: without any credentials. */
export type Send = (request: LiveRequest) => Promise<LiveAnswer>;

export interface LiveRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly isAnonymous?: boolean;
}

export interface LiveAnswer {
  /** 0: the connection was refused. */
  readonly status: number;
  readonly text: string;
}

/** A check of several requests. Its violations say what a single exchange cannot tell. */
export interface NamedCheck {
  readonly name: string;
  readonly writes: boolean;
  /** Credentials are needed to tell anything. */
  readonly needsCredentials?: boolean;
  run(session: LiveSession): Promise<Violation[]>;
}

/** The requests of a check, by operation. */
export class LiveSession {
  constructor(
    readonly send: Send,
    /** Everything that is written is below this folder of the store. */
    readonly folder: string,
  ) {}

  request(
    id: OperationId,
    parameters: Readonly<Record<string, string>> = {},
    more: Partial<LiveRequest> = {},
  ) {
    const { method, path, apiVersion, parameters: declared } = operationOf(id);
    const query = Object.entries(parameters).filter(([name]) => declared[name]?.in === "query");
    const pairs = [...(apiVersion === undefined ? [] : [["api-version", apiVersion]]), ...query];
    const search = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value ?? "")}`).join("&");
    const url = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => escapedPath(parameters[name] ?? ""));
    const headers = Object.fromEntries(
      Object.entries(parameters).filter(([name]) => declared[name]?.in === "header"),
    );
    return this.send({ method, path: `${url}?${search}`, ...more, headers: { ...headers, ...more.headers } });
  }

  upload(contentPath: string, body: Uint8Array<ArrayBuffer>): Promise<LiveAnswer> {
    return this.request("UploadFile", { contentPath }, { body, headers: octets });
  }

  uploadChunk(
    contentPath: string,
    session: string,
    range: string,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<LiveAnswer> {
    const parameters = { contentPath, "session-id": session, "Content-Range": range };
    return this.request("UploadFileChunk", parameters, { body, headers: octets });
  }

  /** The sizes of the files in a folder, by their paths; undefined when there is no such folder. */
  async filesIn(contentPath: string): Promise<ReadonlyMap<string, unknown> | undefined> {
    const { status, text } = await this.request("GetImageStoreContent", { contentPath });
    if (status !== 200) return undefined;
    const body: unknown = JSON.parse(text);
    const files =
      isMembers(body) && Array.isArray(body["StoreFiles"]) ? body["StoreFiles"].filter(isMembers) : [];
    return new Map(
      files.map((file) => [String(file["StoreRelativePath"]).replaceAll("\\", "/"), file["FileSize"]]),
    );
  }
}

interface OperationShape {
  readonly method: string;
  readonly path: string;
  readonly apiVersion?: string;
  readonly parameters: Readonly<Record<string, { readonly in: string }>>;
}

function operationOf(id: OperationId): OperationShape {
  return operations[id];
}

const octets = { "content-type": "application/octet-stream" };

function escapedPath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** Operations that change nothing and need no content of the store. */
const harmless = [
  "GetClusterVersion",
  "GetClusterManifest",
  "GetImageStoreInfo",
  "GetImageStoreRootContent",
  "GetImageStoreRootFolderSize",
] as const satisfies readonly OperationId[];

const reads: NamedCheck = {
  name: "reads",
  writes: false,
  async run(session) {
    await session.request("GetAadMetadata");
    for (const id of harmless) await session.request(id);
    await session.request("GetImageStoreContent", { contentPath: `${session.folder}/none` });
    await session.request("GetImageStoreFolderSize", { contentPath: `${session.folder}/none` });
    await session.request("GetImageStoreUploadSessionById", { "session-id": crypto.randomUUID() });
    await session.request("GetImageStoreUploadSessionByPath", { contentPath: `${session.folder}/none` });
    return [];
  },
};

const authenticationIgnored: NamedCheck = {
  name: "authentication-ignored",
  writes: false,
  needsCredentials: true,
  async run(session) {
    const found: Violation[] = [];
    for (const id of harmless) {
      const { status } = await session.request(id, {}, { isAnonymous: true });
      if (status < 200 || status > 299) continue;
      const expected = `${id} to be refused without credentials`;
      found.push(
        violation({
          code: "AUTHENTICATION_IGNORED",
          pointer: `#/responses/${status}`,
          expected,
          actual: status,
        }),
      );
    }
    return found;
  },
};

const roundTrip: NamedCheck = {
  name: "round-trip",
  writes: true,
  async run(session) {
    const whole = `${session.folder}/round trip/whole+1.bin`;
    const chunked = `${session.folder}/round trip/chunked.bin`;
    const id = crypto.randomUUID();
    await session.upload(whole, new Uint8Array(5));
    await session.uploadChunk(chunked, id, "bytes 0-3/10", new Uint8Array(4));
    const state = await session.request("GetImageStoreUploadSessionById", { "session-id": id });
    await session.request("GetImageStoreUploadSessionByPath", { contentPath: chunked });
    await session.uploadChunk(chunked, id, "bytes 4-9/10", new Uint8Array(6));
    await session.request("CommitImageStoreUploadSession", { "session-id": id });
    const files = await session.filesIn(`${session.folder}/round trip`);
    return [...missingRange(state.text), ...sizeIs(files, whole, "5"), ...sizeIs(files, chunked, "10")];
  },
};

function mismatch(pointer: string, expected: string, actual: unknown): Violation {
  return violation({ code: "ROUND_TRIP_MISMATCH", pointer, expected, actual });
}

/** After the bytes 0 to 3 of 10, the others are missing and no more. */
function missingRange(text: string): Violation[] {
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  const [session] = isMembers(body) && Array.isArray(body["UploadSessions"]) ? body["UploadSessions"] : [];
  const ranges = isMembers(session) ? session["ExpectedRanges"] : undefined;
  const place = "#/responses/200/body/UploadSessions/0/ExpectedRanges";
  const expected = [{ StartPosition: "4", EndPosition: "9" }];
  return JSON.stringify(ranges) === JSON.stringify(expected)
    ? []
    : [mismatch(place, `the range that was not sent, ${JSON.stringify(expected)}`, ranges)];
}

function sizeIs(files: ReadonlyMap<string, unknown> | undefined, path: string, size: string): Violation[] {
  const actual = files?.get(path);
  if (actual === size) return [];
  return [
    mismatch("#/responses/200/body/StoreFiles", `the file ${path} with ${size} bytes, as written`, actual),
  ];
}

const useAfterDelete: NamedCheck = {
  name: "use-after-delete",
  writes: true,
  async run(session) {
    const path = `${session.folder}/deleted/file.bin`;
    const id = crypto.randomUUID();
    await session.upload(path, new Uint8Array(3));
    await session.uploadChunk(`${session.folder}/deleted/open.bin`, id, "bytes 0-1/4", new Uint8Array(2));
    await session.request("DeleteImageStoreUploadSession", { "session-id": id });
    const state = await session.request("GetImageStoreUploadSessionById", { "session-id": id });
    await session.request("DeleteImageStoreContent", { contentPath: `${session.folder}/deleted` });
    const files = await session.filesIn(`${session.folder}/deleted`);
    const found: Violation[] = [];
    const use = (pointer: string, what: string, actual: unknown) =>
      found.push(
        violation({
          code: "USE_AFTER_DELETE",
          pointer,
          expected: `${what} to be gone after it was deleted`,
          actual,
        }),
      );
    if (state.status === 200) use("#/responses/200", "the upload session", state.status);
    if (files?.has(path)) use("#/responses/200/body/StoreFiles", `the file ${path}`, files.get(path));
    return found;
  },
};

/** In an order in which a failure says most. */
export const namedChecks: readonly NamedCheck[] = [reads, authenticationIgnored, roundTrip, useAfterDelete];
