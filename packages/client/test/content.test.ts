import { describe, expect, it } from "vitest";
import { createImageStoreClient, type ImageStoreClient, type StoreEntry } from "../src/index.js";
import { type AnsweringServer, answering, answeringJson, rejection } from "./server.js";

const version = {
  VersionNumber: "23",
  EpochDataLossNumber: "131510254310497004",
  EpochConfigurationNumber: "25769803776",
};

function file(path: string, size = "897") {
  return {
    StoreRelativePath: path,
    FileVersion: version,
    FileSize: size,
    ModifiedDate: "2017-09-28T17:44:22.609Z",
  };
}

function page(files: string[], folders: string[], token = "") {
  return {
    StoreFiles: files.map((path) => file(path)),
    StoreFolders: folders.map((path) => ({ StoreRelativePath: path, FileCount: "2" })),
    ContinuationToken: token,
  };
}

/** Responds with the pages in order, and then with an error. */
function paging(...pages: object[]): Promise<AnsweringServer> {
  const waiting = [...pages];
  return answering((response) => {
    const next = waiting.shift();
    response.writeHead(next === undefined ? 500 : 200, { "content-type": "application/json; charset=utf-8" });
    response.end(JSON.stringify(next ?? {}));
  });
}

async function all(entries: AsyncIterable<StoreEntry>): Promise<string[]> {
  const paths: string[] = [];
  for await (const { kind, storePath } of entries) paths.push(`${kind} ${storePath}`);
  return paths;
}

describe("listContent", () => {
  it("yields files and folders with numbers, dates and slash-separated paths", async () => {
    await using server = await paging(page(["Store\\App\\a.xml"], ["Store\\App\\Code"]));
    const entries: StoreEntry[] = [];
    for await (const entry of server.client.listContent({ storePath: "Store/App" })) entries.push(entry);
    expect(entries).toEqual([
      {
        kind: "file",
        storePath: "Store/App/a.xml",
        fileSize: 897,
        modifiedDate: new Date("2017-09-28T17:44:22.609Z"),
        fileVersion: {
          versionNumber: 23n,
          epochDataLossNumber: 131510254310497004n,
          epochConfigurationNumber: 25769803776n,
        },
      },
      { kind: "folder", storePath: "Store/App/Code", fileCount: 2 },
    ]);
    expect(server.requests[0]?.url).toBe("/ImageStore/Store/App?api-version=6.2");
  });

  it("returns each token unchanged and requests a page only when needed", async () => {
    const tokens = ["App%20B%5C%C3%BC", "App%2BC%26=1", "App/D(x)"];
    await using server = await paging(
      page(["a"], [], tokens[0]),
      page([], ["b"], tokens[1]),
      page([], [], tokens[2]),
      page(["c"], []),
    );
    const listing = server.client.listContent();
    expect(server.requests).toHaveLength(0);
    expect(await all(listing)).toEqual(["file a", "folder b", "file c"]);
    expect(server.requests.map(({ url }) => url)).toEqual([
      "/ImageStore?api-version=6.0",
      ...tokens.map((token) => `/ImageStore?api-version=6.0&ContinuationToken=${token}`),
    ]);
  });

  it("stops when the caller leaves the loop", async () => {
    await using server = await paging(page(["a"], [], "b"), page(["b"], []));
    for await (const { storePath } of server.client.listContent()) {
      expect(storePath).toBe("a");
      break;
    }
    expect(server.requests).toHaveLength(1);
  });

  it("yields nothing for an empty folder and an empty store", async () => {
    await using nothing = await answering((response) => response.writeHead(204).end());
    expect(await all(nothing.client.listContent({ storePath: "App" }))).toEqual([]);
    await using empty = await answeringJson(404, {
      Error: { Code: "FABRIC_E_NAME_DOES_NOT_EXIST", Message: "" },
    });
    expect(await all(empty.client.listContent())).toEqual([]);
  });

  it("rejects for a missing path, whose 404 has no body", async () => {
    await using server = await answering((response) => response.writeHead(404).end());
    expect(await rejection(all(server.client.listContent({ storePath: "App" })))).toMatchObject({
      name: "FabricError",
      status: 404,
      code: undefined,
      message: expect.stringContaining("This path does not exist."),
    });
  });

  it("yields earlier entries before it rejects because of a later page", async () => {
    await using server = await paging(page(["a"], [], "b"));
    const seen: string[] = [];
    const listing = async () => {
      for await (const { storePath } of server.client.listContent()) seen.push(storePath);
    };
    expect(await rejection(listing())).toMatchObject({ name: "FabricError", status: 500 });
    expect(seen).toEqual(["a"]);
  });

  it.each<[string, object, string]>([
    ["a token that repeats itself", page([], [], "b"), "ContinuationToken should be a new token"],
    [
      "a token that would end its parameter",
      page([], [], "a&timeout=1"),
      "ContinuationToken should be a string escaped",
    ],
    [
      "a path that leads out",
      page(["App\\..\\..\\x"], []),
      "StoreRelativePath should be a path inside the image store",
    ],
    ["a path without a name", page([""], []), "StoreRelativePath should be a path inside"],
    ["no token", { ...page([], []), ContinuationToken: undefined }, "ContinuationToken should be a string"],
    [
      "no list of folders",
      { ...page([], []), StoreFolders: undefined },
      "StoreFolders should be a list of objects",
    ],
    [
      "a size beyond 2^53",
      { ...page([], []), StoreFiles: [file("a", "9007199254740992")] },
      "FileSize should be",
    ],
    [
      "no version",
      { ...page([], []), StoreFiles: [{ ...file("a"), FileVersion: null }] },
      "FileVersion should be",
    ],
  ])("rejects with a ProtocolError for %s", async (_, second, message) => {
    await using server = await paging(page([], [], "b"), second);
    expect(await rejection(all(server.client.listContent()))).toMatchObject({
      name: "ProtocolError",
      operationId: "GetImageStoreRootContent",
      message: expect.stringContaining(message),
    });
  });

  it.each<[string, object]>([
    ["a file elsewhere", page(["Other\\a"], [])],
    ["a folder elsewhere", page([], ["Other\\Code"])],
    ["a neighbor whose name begins alike", page(["Application\\a"], [])],
  ])("rejects with a ProtocolError for the answer to another request: %s", async (_, other) => {
    await using server = await paging(other);
    expect(await rejection(all(server.client.listContent({ storePath: "App" })))).toMatchObject({
      name: "ProtocolError",
      message: expect.stringContaining("StoreRelativePath should be App or a path below it"),
    });
  });

  it("accepts a path with backslashes", async () => {
    await using server = await paging(page(["App\\Code\\a"], []));
    expect(await all(server.client.listContent({ storePath: "App\\Code" }))).toEqual(["file App/Code/a"]);
  });

  it("rejects when a token repeats", async () => {
    await using server = await paging(
      page(["1"], [], "a"),
      page(["2"], [], "b"),
      page(["3"], [], "a"),
      page([], []),
    );
    expect(await rejection(all(server.client.listContent()))).toMatchObject({ name: "ProtocolError" });
    expect(server.requests).toHaveLength(3);
  });

  it("stops in the middle of a page after an abort, without another request", async () => {
    await using server = await paging(page(["a", "b", "c"], []));
    const stop = new AbortController();
    const seen: string[] = [];
    const listing = async () => {
      for await (const { storePath } of server.client.listContent({ abortSignal: stop.signal })) {
        seen.push(storePath);
        stop.abort();
      }
    };
    expect(await rejection(listing())).toMatchObject({ name: "AbortError" });
    expect(seen).toEqual(["a"]);
    expect(server.requests).toHaveLength(1);
  });

  it("gives each entry once to callers that do not wait for the entry before", async () => {
    await using server = await paging(page(["a", "b"], [], "c"), page([], [], "d"), page(["d"], ["e"]));
    const entries = server.client.listContent()[Symbol.asyncIterator]();
    const results = await Promise.all(Array.from({ length: 6 }, () => entries.next()));
    expect(results.map(({ value }) => value?.storePath)).toEqual(["a", "b", "d", "e", undefined, undefined]);
    expect(server.requests).toHaveLength(3);
  });

  it.each([
    "2017-09-28T17:44:22.609Z",
    "2000-02-29T23:59:59.999Z",
    "2026-01-01T00:00:00.000Z",
    "1900-03-01T00:00:00.001Z",
    "0001-01-01T00:00:00.000Z",
    "2026-12-31T23:59:59Z",
    "2026-12-31T23:59:59.5Z",
    "2026-12-31T23:59:59.1234567Z",
  ])("reads the date %s", async (text) => {
    const dated = { ...file("a"), ModifiedDate: text };
    await using server = await paging({ ...page([], []), StoreFiles: [dated] });
    const { files } = await server.client.getContentPage();
    expect(files.map(({ modifiedDate }) => modifiedDate)).toEqual([new Date(text)]);
  });

  it.each([
    "2026-13-01",
    "2026-00-01",
    "2026-01-00",
    "2026-01-32",
    "2026-01-01T24:00:01",
    "2026-01-01T10:60:00",
  ])("rejects the date %s, which does not exist", async (text) => {
    const ModifiedDate = `${text}${"T00:00:00".slice(text.length - 10)}.000Z`;
    await using server = await paging({ ...page([], []), StoreFiles: [{ ...file("a"), ModifiedDate }] });
    expect(await rejection(server.client.getContentPage())).toMatchObject({
      name: "ProtocolError",
      message: expect.stringContaining(`ModifiedDate should be a date and time in UTC, got "${text}`),
    });
  });

  it("reads the version of every file, also after a restore", async () => {
    const versions = [version, version, { ...version, EpochDataLossNumber: "131510254310497005" }];
    const StoreFiles = versions.map((FileVersion, index) => ({ ...file(`${index}`), FileVersion }));
    await using server = await paging({ ...page([], []), StoreFiles });
    const { files } = await server.client.getContentPage();
    expect(files.map(({ fileVersion }) => fileVersion.epochDataLossNumber)).toEqual([
      131510254310497004n,
      131510254310497004n,
      131510254310497005n,
    ]);
  });

  it.each(["EpochDataLossNumber", "EpochConfigurationNumber", "VersionNumber"])(
    "rejects a file without %s, first or later",
    async (property) => {
      const incomplete = { ...file("b"), FileVersion: { ...version, [property]: undefined } };
      await using server = await paging(
        { ...page([], []), StoreFiles: [incomplete] },
        { ...page([], []), StoreFiles: [file("a"), incomplete] },
      );
      for (const _ of ["first", "later"]) {
        expect(await rejection(server.client.getContentPage())).toMatchObject({
          name: "ProtocolError",
          message: expect.stringContaining(`${property} should be a whole number in a string`),
        });
      }
    },
  );

  it("starts again with every loop", async () => {
    await using server = await paging(page(["a"], []), page(["b"], []));
    const listing = server.client.listContent();
    expect([await all(listing), await all(listing)]).toEqual([["file a"], ["file b"]]);
  });

  it("does not treat a store that vanishes on a later page as empty", async () => {
    let count = 0;
    await using server = await answering((response) => {
      count += 1;
      const gone = { Error: { Code: "FABRIC_E_NAME_DOES_NOT_EXIST", Message: "" } };
      response
        .writeHead(count === 1 ? 200 : 404)
        .end(JSON.stringify(count === 1 ? page(["a"], [], "b") : gone));
    });
    expect(await rejection(all(server.client.listContent()))).toMatchObject({
      name: "FabricError",
      status: 404,
    });
  });

  it.each(["a&api-version=1.0", "a#b", "a b"])(
    "rejects the token %j, which is not escaped",
    async (token) => {
      await using server = await answeringJson(200, page([], []));
      const call = server.client.getContentPage({ continuationToken: token });
      expect(await rejection(call)).toMatchObject({
        name: "InvalidInputError",
        parameter: "continuationToken",
      });
      expect(server.requests).toEqual([]);
    },
  );

  it("rejects a token that is longer than servers accept", async () => {
    await using server = await answeringJson(200, page([], []));
    const call = server.client.getContentPage({ continuationToken: "x".repeat(4097) });
    expect(await rejection(call)).toMatchObject({
      name: "InvalidInputError",
      parameter: "continuationToken",
    });
    expect(server.requests).toEqual([]);
  });
});

describe("putFile", () => {
  it("sends the exact bytes with their length, and no bytes for an empty file", async () => {
    const bodies: Buffer[] = [];
    await using server = await answering((response, request) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        bodies.push(Buffer.concat(chunks));
        response.writeHead(200).end();
      });
    });
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await server.client.putFile({ storePath: "App/a.bin", content: bytes.subarray(10, 20) });
    await server.client.putFile({ storePath: "App/b.bin", content: new Blob([bytes]) });
    await server.client.putFile({ storePath: "App/_.dir", content: new Uint8Array(0) });
    expect(bodies).toEqual([Buffer.from(bytes.subarray(10, 20)), Buffer.from(bytes), Buffer.alloc(0)]);
    expect(server.requests.map(({ headers }) => headers["content-length"])).toEqual(["10", "256", "0"]);
    expect(server.requests.map(({ headers }) => headers["content-type"])).toEqual(
      Array(3).fill("application/octet-stream"),
    );
  });

  it("rejects content that is not bytes", async () => {
    await using server = await answering((response) => response.writeHead(200).end());
    // @ts-expect-error a text would have to be encoded first
    const call = server.client.putFile({ storePath: "App/a", content: "text" });
    expect(await rejection(call)).toMatchObject({ name: "InvalidInputError" });
    expect(server.requests).toEqual([]);
  });
});

describe("a store path is encoded segment by segment", () => {
  const put = (client: ImageStoreClient, storePath: string) =>
    client.putFile({ storePath, content: new Uint8Array(1) });

  it.each([
    ["App/a b.bin", "App/a%20b.bin"],
    ["App/a+b&c=d;e,f@g:h.bin", "App/a%2Bb%26c%3Dd%3Be%2Cf%40g%3Ah.bin"],
    ["App/what?.bin", "App/what%3F.bin"],
    ["App/ü/日本/😀.bin", "App/%C3%BC/%E6%97%A5%E6%9C%AC/%F0%9F%98%80.bin"],
    ["App\\Code\\a.bin", "App%5CCode%5Ca.bin"],
    ["$a/b$/$$", "%24a/b%24/%24%24"],
    ["App/...", "App/..."],
  ])("%s", async (storePath, url) => {
    await using server = await answering((response) => response.writeHead(200).end());
    await put(server.client, storePath);
    expect(server.requests[0]?.url).toBe(`/ImageStore/${url}?api-version=6.0`);
  });

  it.each([
    ["windows", "App/100%41#1.bin", "App/100%252541%25231.bin"],
    ["linux", "App/100%41#1.bin", "App/100%2541%231.bin"],
  ] as const)("%% and # for a gateway on %s", async (gatewayPlatform, storePath, url) => {
    await using server = await answering((response) => response.writeHead(200).end());
    await put(createImageStoreClient({ endpoint: server.endpoint, gatewayPlatform }), storePath);
    expect(server.requests[0]?.url).toBe(`/ImageStore/${url}?api-version=6.0`);
    const refused = await rejection(put(server.client, storePath));
    expect(refused).toMatchObject({
      name: "InvalidInputError",
      message: expect.stringContaining("gatewayPlatform"),
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe("copyContent", () => {
  it.each([
    [undefined, "\\"],
    ["windows", "\\"],
    ["linux", "/"],
  ] as const)("sends paths with the separator of the platform: %s", async (gatewayPlatform, separator) => {
    let body = "";
    await using server = await answering((response, request) => {
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => response.writeHead(200).end());
    });
    const platform = gatewayPlatform === undefined ? {} : { gatewayPlatform };
    const client = createImageStoreClient({ endpoint: server.endpoint, ...platform });
    await client.copyContent({
      source: "App/v1",
      destination: "Other\\v2",
      skipFiles: ["a.log"],
      copyFlag: "Echo",
    });
    expect(JSON.parse(body)).toEqual({
      RemoteSource: `App${separator}v1`,
      RemoteDestination: `Other${separator}v2`,
      SkipFiles: ["a.log"],
      CopyFlag: "Echo",
    });
    const refused = client.copyContent({ source: "App", destination: "../App" });
    expect(await rejection(refused)).toMatchObject({ name: "InvalidInputError", parameter: "destination" });
  });
});

describe("copyContent rejects", () => {
  it.each<[string, string, string]>([
    ["a copy onto itself", '{ "source": "App", "destination": "app" }', "destination"],
    ["a copy into its source", '{ "source": "App", "destination": "App/v2" }', "destination"],
    [
      "a copy over a folder that holds the source",
      '{ "source": "App/v1", "destination": "App" }',
      "destination",
    ],
    ["names in one text", '{ "source": "a", "destination": "b", "skipFiles": "abc" }', "skipFiles"],
    ["a flag that is none", '{ "source": "a", "destination": "b", "copyFlag": "Zap" }', "copyFlag"],
    ["a word for a truth", '{ "source": "a", "destination": "b", "checkMarkFile": "no" }', "checkMarkFile"],
  ])("%s", async (_, options, parameter) => {
    await using server = await answering((response) => response.writeHead(200).end());
    const call = server.client.copyContent(JSON.parse(options));
    expect(await rejection(call)).toMatchObject({ name: "InvalidInputError", parameter });
    expect(server.requests).toEqual([]);
  });
});

describe("getImageStoreInfo", () => {
  it.each(["5", '"x"', "[]", "[{},{}]", '{"DiskInfo":null}', '{"UsedByCopy":""}', '{"DiskInfo":{}}'])(
    "rejects with a ProtocolError for %s",
    async (body) => {
      await using server = await answeringJson(200, body);
      expect(await rejection(server.client.getImageStoreInfo())).toMatchObject({ name: "ProtocolError" });
    },
  );

  const usage = { UsedSpace: "23093248", FileCount: 6 };

  it("accepts the documented example, a list with numbers, and the schema", async () => {
    const info = {
      DiskInfo: { Capacity: "500090007552", AvailableSpace: "228851900416" },
      UsedByCopy: usage,
    };
    await using server = await answeringJson(200, [info]);
    expect(await server.client.getImageStoreInfo()).toEqual({
      diskInfo: { capacity: 500090007552, availableSpace: 228851900416 },
      usedByMetadata: undefined,
      usedByStaging: undefined,
      usedByCopy: { usedSpace: 23093248, fileCount: 6 },
      usedByRegister: undefined,
    });
  });
});

describe("deleteContent", () => {
  it("succeeds with an empty response", async () => {
    await using server = await answering((response) => response.writeHead(200).end());
    await server.client.deleteContent({ storePath: "App", timeoutSeconds: 600 });
    expect(server.requests[0]).toMatchObject({
      method: "DELETE",
      url: "/ImageStore/App?api-version=6.0&timeout=600",
    });
  });
});

describe("names in the servers' own encoding", () => {
  it("come out as they are: beyond the basic plane as two surrogates, U+000B as \\\\v, backslashes before a v", async () => {
    const body = JSON.stringify(page(["A\\v1\\\u000b", "A\\😀日.bin"], []));
    const bytes = Buffer.from(body.replace("\\u000b", "\\v").replaceAll("/", "\\/"));
    const surrogates = Buffer.from([0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]); // 😀 as U+D83D U+DE00, three bytes each
    const at = bytes.indexOf("😀");
    const sent = Buffer.concat([bytes.subarray(0, at), surrogates, bytes.subarray(at + 4)]);
    await using server = await answering((response) => response.writeHead(200).end(sent));
    expect(await all(server.client.listContent())).toEqual(["file A/v1/\u000b", "file A/😀日.bin"]);
  });
});

describe("getFolderSize", () => {
  it("asks for a folder, or for the whole store", async () => {
    await using server = await answeringJson(200, { StoreRelativePath: "App\\Code", FolderSize: "1230502" });
    expect(await server.client.getFolderSize({ storePath: "App/Code" })).toEqual({
      storePath: "App/Code",
      folderSize: 1230502,
    });
    await server.client.getFolderSize();
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /ImageStore/App/Code/$/FolderSize?api-version=6.5",
      "GET /ImageStore/$/FolderSize?api-version=6.5",
    ]);
  });
});
