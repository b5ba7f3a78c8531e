import { describe, expect, it } from "vitest";
import { createStoreClient, type StoreBackend } from "../src/folder/index.js";
import { createImageStoreClient as createCoreClient } from "../src/index.js";
import { createImageStoreClient, createNodeFetch } from "../src/node/index.js";
import { rejection } from "./server.js";

const storePath = "App/a";
const sessionId = "4a2340e8-d8d8-497c-95fe-cdaa1052f33b";
const bytes = new Uint8Array(1);
const content = { files: [] };

/** Sends nothing: a call that gets here was accepted. */
const fetch = () => Promise.reject(new Error("it was sent"));
const client = createImageStoreClient({ endpoint: "http://localhost", fetch });
const unreached = () => Promise.reject(new Error("it was done"));
const backend: StoreBackend = {
  getContentPage: unreached,
  putFile: unreached,
  putStream: unreached,
  deleteContent: unreached,
  copyContent: unreached,
  getFolderSize: unreached,
  getImageStoreInfo: unreached,
};
const folder = createStoreClient(backend, "linux");

/** Calls as from JavaScript, without a compiler that checks the names. */
const wrong: object = { timeoutSecond: 5 };
const wrongSize: object = { chunksize: 5 };

async function callWith(target: object, method: string, ...values: unknown[]): Promise<unknown> {
  const call: unknown = Reflect.get(target, method);
  if (typeof call !== "function") throw new Error(`${method} is not there`);
  return Reflect.apply(call, target, values);
}

async function read(listing: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of listing) throw new Error("it was listed");
}

describe("an unknown option", () => {
  it.each<[string, () => Promise<unknown>, string]>([
    ["listContent", () => read(client.listContent(wrong)), "timeoutSeconds"],
    ["getContentPage", () => client.getContentPage(wrong), "timeoutSeconds"],
    ["putFile", () => client.putFile({ storePath, content: bytes, ...wrong }), "timeoutSeconds"],
    ["deleteContent", () => client.deleteContent({ storePath, ...wrong }), "timeoutSeconds"],
    ["copyContent", () => client.copyContent({ source: "a", destination: "b", ...wrong }), "timeoutSeconds"],
    ["getFolderSize", () => client.getFolderSize(wrong), "timeoutSeconds"],
    ["getImageStoreInfo", () => client.getImageStoreInfo(wrong), "timeoutSeconds"],
    ["getUploadSession", () => client.getUploadSession({ sessionId, ...wrong }), "timeoutSeconds"],
    [
      "getUploadSessionsByPath",
      () => client.getUploadSessionsByPath({ storePath, ...wrong }),
      "timeoutSeconds",
    ],
    [
      "uploadFileChunk",
      () =>
        client.uploadFileChunk({
          storePath,
          sessionId,
          startPosition: 0,
          fileSize: 1,
          chunk: bytes,
          ...wrong,
        }),
      "timeoutSeconds",
    ],
    ["commitUploadSession", () => client.commitUploadSession({ sessionId, ...wrong }), "timeoutSeconds"],
    ["deleteUploadSession", () => client.deleteUploadSession({ sessionId, ...wrong }), "timeoutSeconds"],
    ["getClusterManifest", () => client.getClusterManifest(wrong), "timeoutSeconds"],
    ["getAadMetadata", () => client.getAadMetadata(wrong), "timeoutSeconds"],
    ["uploadFile", () => client.uploadFile(storePath, bytes, wrongSize), "chunkSize"],
    ["uploadPackage", () => client.uploadPackage(content, { destination: "App", ...wrongSize }), "chunkSize"],
    ["listContent", () => read(folder.listContent(wrong)), "timeoutSeconds"],
    ["getContentPage", () => folder.getContentPage(wrong), "timeoutSeconds"],
    ["putFile", () => folder.putFile({ storePath, content: bytes, ...wrong }), "timeoutSeconds"],
    ["deleteContent", () => folder.deleteContent({ storePath, ...wrong }), "timeoutSeconds"],
    ["copyContent", () => folder.copyContent({ source: "a", destination: "b", ...wrong }), "timeoutSeconds"],
    ["getFolderSize", () => folder.getFolderSize(wrong), "timeoutSeconds"],
    ["getImageStoreInfo", () => folder.getImageStoreInfo(wrong), "timeoutSeconds"],
    ["uploadFile", () => folder.uploadFile(storePath, bytes, wrongSize), "chunkSize"],
  ])("is rejected by %s with a suggestion", async (method, call, suggestion) => {
    const name = suggestion === "chunkSize" ? "chunksize" : "timeoutSecond";
    expect(await rejection((async () => call())())).toMatchObject({
      name: "InvalidInputError",
      message: `${name} is not an option of ${method}: did you mean ${suggestion}? Nothing was sent.`,
    });
  });

  it("is rejected with the list of options if none is similar", async () => {
    const unlike: object = { color: "red" };
    for (const call of [
      () => client.verifyFile(storePath, bytes, unlike),
      () => client.verifyPackage(content, "App", unlike),
    ]) {
      expect(await rejection(call())).toMatchObject({
        message: expect.stringMatching(
          /^color is not an option of verify(File|Package), which takes concurrency, /,
        ),
      });
    }
  });

  it("is rejected in nested options, too", async () => {
    const retryOptions: object = { maxRetry: 1 };
    const refusal = {
      parameter: "retryOptions.maxRetry",
      message: expect.stringContaining("did you mean maxRetries?"),
    };
    expect(await rejection(client.uploadFile(storePath, bytes, { retryOptions }))).toMatchObject(refusal);
    expect(() => createImageStoreClient({ endpoint: "http://localhost", retryOptions })).toThrow(
      /^retryOptions.maxRetry is not an option/,
    );
  });

  it("is rejected when creating a client or a fetch", () => {
    const cluster: object = { clusterID: "x" };
    expect(() => createImageStoreClient({ endpoint: "http://localhost", ...cluster })).toThrow(
      "clusterID is not an option of createImageStoreClient: did you mean clusterId?",
    );
    const pins: object = { serverThumbprint: ["0"] };
    expect(() => createNodeFetch(pins)).toThrow("did you mean serverThumbprints?");
    const expectContinue: object = { timeoutMS: 5 };
    expect(() => createNodeFetch({ expectContinue })).toThrow("expectContinue.timeoutMS is not an option");
    const secret: object = { passPhrase: "secret" };
    expect(() => createNodeFetch({ clientCertificate: { pem: "", ...secret } })).toThrow(
      "clientCertificate.passPhrase is not an option of clientCertificate: did you mean passphrase?",
    );
    const issuers: object = { issuerThumbprint: [] };
    expect(() => createNodeFetch({ serverCommonNames: [{ name: "a", ...issuers }] })).toThrow(
      "serverCommonNames[0].issuerThumbprint is not an option",
    );
  });

  it("is rejected if its name is a property of every object", async () => {
    for (const name of ["constructor", "toString", "hasOwnProperty"]) {
      const named: object = { [name]: 1 };
      expect(await rejection(client.getClusterManifest(named))).toMatchObject({ parameter: name });
    }
  });

  it("is allowed if its value is undefined", async () => {
    const unset: object = { timeoutSecond: undefined };
    expect(await rejection(client.getClusterManifest(unset))).toMatchObject({ name: "NetworkError" });
  });
});

describe("invalid options", () => {
  it.each<[string, unknown]>([
    ["null", null],
    ["a text", "x"],
    ["a list", []],
  ])("are rejected: %s", async (_, options) => {
    expect(await rejection(callWith(client, "uploadFile", "a", bytes, options))).toMatchObject({
      message: "options of uploadFile must be an object. Nothing was sent.",
    });
  });

  it("reject an AbortController in place of its signal", async () => {
    const abortSignal: object = { abortSignal: new AbortController() };
    expect(await rejection(client.getContentPage(abortSignal))).toMatchObject({ parameter: "abortSignal" });
  });
});

describe("a path without Node.js", () => {
  const core = createCoreClient({ endpoint: "http://localhost", fetch });
  it.each(["uploadFile", "verifyFile", "uploadPackage", "verifyPackage"] as const)(
    "is rejected by %s, and the error names the entry point that accepts it",
    async (method) => {
      for (const path of ["./x", new URL("file:///x")]) {
        const values = method.endsWith("File") ? ["App/x", path] : [path];
        expect(await rejection(callWith(core, method, ...values))).toMatchObject({
          name: "InvalidInputError",
          message: expect.stringContaining('"@sf-image-store/client/node"'),
        });
      }
    },
  );
});
