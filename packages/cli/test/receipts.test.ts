import { createServer } from "node:http";
import { createImageStoreClient } from "@sf-image-store/client";
import { describe, expect, it, onTestFinished } from "vitest";
import { startCli } from "./cli-process.js";
import { resultOf, type StoreForTest, storeForTest } from "./store-for-test.js";

const folder = ".sf-image-store-receipts";
const content = {
  files: ["App.xml", "Pkg/Code.bin"].map((relativePath) => ({
    ...{ relativePath, size: 1000 },
    open: async () => new Uint8Array(1000).fill(relativePath.length),
  })),
};

async function storeWithPackages(...destinations: string[]): Promise<StoreForTest> {
  const store = await storeForTest();
  for (const destination of destinations) await store.client.uploadPackage(content, { destination });
  return store;
}

/** The receipts that are there, by what they are about. */
async function receipts({ run }: StoreForTest): Promise<string[]> {
  const { stdout } = await run("ls", folder);
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.slice(folder.length + 1)]));
}

describe("the folder of receipts", () => {
  it.each([["ls"], ["tree"], ["du"]])("is omitted by %s, and shown with --all", async (command) => {
    const { run } = await storeWithPackages("MyApp");
    expect((await run(command)).stdout).toContain("MyApp");
    expect((await run(command)).stdout).not.toContain("receipts");
    expect((await run(command, "--json")).stdout).not.toContain("receipts");
    expect((await run(command, "--all")).stdout).toContain(folder);
    expect((await run(command, "--all", "--json")).stdout).toContain(folder);
  });

  it("is never pruned", async () => {
    const { run } = await storeWithPackages("MyApp");
    expect(resultOf(await run("prune", "--keep", "1", "--json"))).toMatchObject({
      packages: [{ storePath: "MyApp" }],
    });
  });

  it.each([["upload"], ["cp"]])("cannot be the destination of %s", async (command) => {
    const { run } = await storeWithPackages("MyApp");
    const to = command === "cp" ? ["MyApp", folder] : [import.meta.filename, "--to", `${folder}/x`];
    const { code, stderr } = await run(command, ...to);
    expect(code).toBe(2);
    expect(stderr).toContain("reserved for receipts");
  });
});

describe("receipts", () => {
  it("are deleted by rm and prune together with their content, and no others", async () => {
    const store = await storeWithPackages("Old", "Older", "Team/One");
    await store.run("rm", "--yes", "Old");
    expect(await receipts(store)).toEqual(["Older/", "Team/"]);
    await store.run("rm", "--yes", "Team");
    expect(await receipts(store)).toEqual(["Older/"]);
    await store.client.uploadPackage(content, { destination: "New" });
    await store.run("prune", "--keep", "1", "--yes");
    expect(await receipts(store)).toEqual(["New/"]);
  });

  it("are carried over by cp, so that the copy can be verified by content, too", async () => {
    const store = await storeWithPackages("MyApp");
    const { stdout } = await store.run("cp", "MyApp", "Copy");
    expect(stdout).toBe("Copied MyApp to Copy: 2 files, 1.95 KiB.\n");
    expect(await receipts(store)).toEqual(["Copy/", "MyApp/"]);
    expect(await store.client.verifyPackage(content, "Copy")).toEqual({ proof: "content" });
    const again = await store.run("cp", "MyApp", "Copy");
    expect(again).toMatchObject({
      code: 0,
      stdout: "Copy already has the content of MyApp. Nothing was copied.\n",
    });
    const echo = await store.run("cp", "MyApp", "Copy", "--echo");
    expect(echo.stdout).toBe("Skipped the copy: Copy is already complete.\n");
  });
});

describe("an interrupted mv", () => {
  it("is completed by the same command if it had copied", async () => {
    const store = await storeWithPackages("MyApp");
    await store.client.copyAndVerify({ source: "MyApp", destination: "Moved" });
    const { code, stdout } = await store.run("mv", "MyApp", "Moved");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "Moved MyApp to Moved: its content was already there.\n",
    });
    expect(await receipts(store)).toEqual(["Moved/"]);
    expect(await store.client.verifyPackage(content, "Moved")).toEqual({ proof: "content" });
  });

  it("never copies what is left of the source over the moved package", async () => {
    const store = await storeWithPackages("MyApp");
    await store.client.copyAndVerify({ source: "MyApp", destination: "Moved" });
    for await (const { storePath } of store.client.listContent({ storePath: "MyApp" })) {
      if (/_\.dir$|\.xml$/.test(storePath)) await store.client.deleteContent({ storePath });
    }
    for (const flags of [[], ["--replace"]]) {
      expect((await store.run("mv", "MyApp", "Moved", ...flags)).code).toBe(4);
      expect(await store.client.verifyPackage(content, "Moved")).toEqual({ proof: "content" });
    }
  });
});

describe("a success response without a deletion", () => {
  /** A gateway that answers so many deletions by itself. */
  async function lying(endpoint: string, deletions: number): Promise<string> {
    let left = deletions;
    const server = createServer(async (request, response) => {
      const { method = "GET", url } = request;
      if (method === "DELETE" && left-- > 0) return void response.end();
      const answer = await fetch(endpoint + url, { method });
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    onTestFinished(() => void server.close());
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port");
    return `http://127.0.0.1:${address.port}`;
  }

  it.each([
    [1, 0, /^Deleted MyApp/],
    [99, 1, /reported that it deleted MyApp, but still lists it/],
  ])("is retried, and fails if it persists (%i times: exit code %i)", async (deletions, code, text) => {
    const { emulator } = await storeWithPackages("MyApp");
    const SF_ENDPOINT = await lying(emulator.endpoint, deletions);
    const result = await startCli(["rm", "--yes", "MyApp"], { SF_ENDPOINT }).result;
    expect(result.code).toBe(code);
    expect(code === 0 ? result.stdout : result.stderr).toMatch(text);
    const client = createImageStoreClient({ endpoint: emulator.endpoint });
    const left = await client.getContentPage({ storePath: "MyApp" }).catch(() => undefined);
    expect(left === undefined).toBe(code === 0);
  });
});
