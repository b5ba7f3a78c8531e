import { join } from "node:path";
import { openFolder } from "@sf-image-store/client/folder";
import { createImageStoreClient } from "@sf-image-store/client/node";
import { applicationPackage, scratchFolder, smallDisk, writeTree } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { explain } from "../../src/errors/explain.js";
import { runCli } from "../cli-process.js";
import { emulatorForTest } from "../emulator-for-test.js";

/** What a call ends in, as users see it. */
async function explained(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeDefined();
  const { document, text } = explain(error);
  return { ...document, text };
}

describe("an error of the server", () => {
  it("about a missing image store service names the option for a folder", async () => {
    const { endpoint } = await emulatorForTest({ imageStoreConnectionString: "file:C:\\Store" });
    const { code, stderr } = await runCli("ls", "--endpoint", endpoint, "--image-store", "fabric:ImageStore");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /is a folder\. Pass --image-store with the value of ImageStoreConnectionString .*file:PATH/,
    );
  });

  it("about sessions on Linux explains that they are not supported", async () => {
    const { endpoint } = await emulatorForTest({ platform: "linux" });
    const client = createImageStoreClient({ endpoint });
    const { kind, text } = await explained(client.getUploadSession({ sessionId: crypto.randomUUID() }));
    expect(kind).toBe("no-sessions");
    expect(text).toMatch(/Gateways on Linux do not support upload sessions/);
  });

  it.each([
    [
      "FABRIC_E_IMAGESTORE_IOERROR",
      500,
      "server-disk",
      "failed",
      /cannot write to its disk, which may be full/,
    ],
    ["FABRIC_E_TIMEOUT", 504, "timed-out", "timeOut", /Run the same command again/],
    ["FABRIC_E_MESSAGE_TOO_LARGE", 413, "too-large", "failed", /Use a smaller --chunk-size/],
    ["E_ABORT", 503, "refused", "failed", /Run the same command again/],
    ["FABRIC_E_IMAGEBUILDER_RESERVED_DIRECTORY_ERROR", 400, "reserved", "failed", /Use another path/],
    ["FABRIC_E_FILE_NOT_FOUND", 404, "not-found", "notFound", /sf-image-store ls/],
  ])("%s has its own message", async (fabricCode, status, kind, code, remedy) => {
    const emulator = await emulatorForTest();
    emulator.addFault({
      operation: "GetImageStoreRootContent",
      times: 99,
      do: "answer",
      status,
      code: fabricCode,
    });
    const { stdout } = await runCli("ls", "--json", "--endpoint", emulator.endpoint);
    const { error } = JSON.parse(stdout);
    expect(error).toMatchObject({
      kind,
      code,
      details: { status, fabricCode, operation: "GetImageStoreRootContent" },
    });
    expect(error.remedy).toMatch(remedy);
  });

  it("ends an upload with the file, the session and the progress", async () => {
    const emulator = await emulatorForTest();
    const code = "FABRIC_E_IMAGESTORE_IOERROR";
    emulator.addFault({ operation: "UploadFileChunk", nth: 2, times: 99, do: "answer", status: 500, code });
    const client = createImageStoreClient({ endpoint: emulator.endpoint });
    const retryOptions = { maxRetries: 0, retryDelayMs: 0 };
    const options = { chunkSize: 1024, maxSingleShotSize: 0, concurrency: 1, retryOptions };
    const { kind, details, text } = await explained(
      client.uploadFile("App/a.bin", new Uint8Array(4096), options),
    );
    expect(kind).toBe("server-disk");
    expect(details).toMatchObject({
      storePath: "App/a.bin",
      committedBytes: 1024,
      totalBytes: 4096,
      status: 500,
    });
    expect(text).toMatch(/The upload of App\/a\.bin failed after 1024 of 4096 bytes/);
  });

  it("or of the network during an upload does not suggest another endpoint", async () => {
    const emulator = await emulatorForTest();
    emulator.addFault({ operation: "UploadFile", times: 99, do: "drop-in-body", afterBytes: 10 });
    const client = createImageStoreClient({ endpoint: emulator.endpoint });
    const options = { retryOptions: { maxRetries: 1, retryDelayMs: 0 } };
    const { kind, text } = await explained(client.uploadFile("a", new Uint8Array(99_999), options));
    expect(kind).toBe("network");
    expect(text).not.toMatch(/https/);
  });

  it("or a timeout during an upload exits with the code for timeouts", async () => {
    const emulator = await emulatorForTest();
    emulator.addFault({ operation: "UploadFile", do: "delay", ms: 5000 });
    const client = createImageStoreClient({ endpoint: emulator.endpoint });
    const { kind, code } = await explained(client.uploadFile("a", new Uint8Array(9), { timeoutMs: 100 }));
    expect({ kind, code }).toEqual({ kind: "timed-out", code: "timeOut" });
  });
});

describe("a local failure", () => {
  it("of the verification lists the differences, at most twenty as text", async () => {
    const files = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`Data/${n}.txt`, "x"]));
    const original = writeTree(applicationPackage(), files);
    const emulator = await emulatorForTest();
    const client = createImageStoreClient({ endpoint: emulator.endpoint });
    await client.putFile({ storePath: "Shop/ApplicationManifest.xml", content: new Uint8Array(3) });
    const options = { retryOptions: { retryDelayMs: 0 } };
    const { code, kind, text, details } = await explained(client.verifyPackage(original, "Shop", options));
    expect({ code, kind }).toEqual({ code: "verification", kind: "verification" });
    expect(text).toMatch(/^ {2}Shop\/ApplicationManifest\.xml has 3 bytes instead of 229$/m);
    expect(text).toMatch(/^ {2}and \d+ more \(to see all, pass --json\)$/m);
    expect(text.split("\n").filter((line) => line.startsWith("  Shop"))).toHaveLength(20);
    expect(details).toHaveProperty("differences.length", 31 + 7);
  });

  it("about names lists all of them, and exits with the code for usage", async () => {
    const original = writeTree(applicationPackage(), { "a#b.txt": "", "c%d.txt": "" });
    const { endpoint } = await emulatorForTest();
    const { code, kind, text } = await explained(
      createImageStoreClient({ endpoint }).uploadPackage(original),
    );
    expect({ code, kind }).toEqual({ code: "usage", kind: "invalid-input" });
    expect(text).toMatch(/"a#b\.txt".*"c%d\.txt"/);
    expect(text).toMatch(/^Pass --gateway-platform windows or --gateway-platform linux\.$/m);
  });

  it("because of a full disk is reported as such", async ({ skip }) => {
    const disk = smallDisk(scratchFolder());
    if (disk === undefined) return skip("only root on Linux can make a small disk");
    const store = await openFolder(disk);
    const content = new Uint8Array(8 * 1024 * 1024);
    const { kind, text, details } = await explained(store.uploadFile("App/big.bin", content));
    expect(kind).toBe("disk-full");
    expect(text).toMatch(/App\/big\.bin.*ENOSPC/);
    expect(details).toMatchObject({ storePath: "App/big.bin", systemCode: "ENOSPC" });
  });

  it("because of a file that changes during the upload is reported as such", async () => {
    const { endpoint } = await emulatorForTest();
    const short = { size: 100, read: async () => new Uint8Array(1) };
    const { kind } = await explained(createImageStoreClient({ endpoint }).uploadFile("a", short));
    expect(kind).toBe("source-changed");
  });

  it("of a folder store names the folder", async () => {
    const folder = join(scratchFolder(), "gone");
    const { endpoint } = await emulatorForTest({ imageStoreConnectionString: `file:${folder}` });
    const { code, stderr } = await runCli("ls", "--endpoint", endpoint);
    expect(code).toBe(1);
    expect(stderr).toContain(`The image store folder ${folder} cannot be used from here: ENOENT`);
  });

  it("handles nested and circular causes", () => {
    const circular = new Error("round");
    circular.cause = circular;
    expect(explain(circular).document).toMatchObject({
      code: "failed",
      kind: "other",
      message: "round",
    });
    expect(explain("text").text).toBe("text");
    expect(explain(undefined, { isInterrupted: true }).document).toMatchObject({
      code: "interrupted",
      exitCode: 130,
    });
  });
});
