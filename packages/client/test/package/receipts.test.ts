import { describe, expect, it } from "vitest";
import { rejection } from "../server.js";
import { bytesOf, packageFile, packageOf, quick, type Store, startStore } from "./store.js";

const KiB = 1024;
const sizes = { "App.xml": 400, "Code/a.dll": 13 * KiB, "Code/b.dll": 9 * KiB, "Data/empty": 0 };
const total = 400 + 22 * KiB;
const options = { destination: "App", chunkSize: 4 * KiB, maxSingleShotSize: 1024, retryOptions: quick };

/** A package in which one file has different content of the same size. */
function editedPackage(path: string) {
  const { files } = packageOf(sizes);
  const edited = files.map((file) =>
    file.relativePath === path ? { ...file, open: async () => bytesOf(file.size, 99) } : file,
  );
  return { files: edited };
}

/** The requests that have changed the store. */
function writes({ requests }: Store): number {
  return requests.filter(({ method }) => method !== "GET").length;
}

async function receiptsOf({ client }: Store, storePath: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of client.listContent({ storePath: `.sf-image-store-receipts/${storePath}` })) {
      names.push(entry.storePath);
    }
  } catch {
    // The folder does not exist.
  }
  return names;
}

describe.each(["windows", "linux"] as const)("A package that is uploaded again, on %s", (platform) => {
  it("is recognized on any machine, and nothing is sent", async () => {
    await using store = await startStore({ platform });
    const first = await store.client.uploadPackage(packageOf(sizes), options);
    expect(first).toMatchObject({ alreadyThere: false, receiptFailure: undefined });
    const before = writes(store);
    const again = await store.newClient().uploadPackage(packageOf(sizes), options);
    expect(again).toMatchObject({
      ...{ alreadyThere: true, sentBytes: 0, resumedBytes: total, totalBytes: total, deletedPaths: 0 },
    });
    const replacing = await store.client.uploadPackage(packageOf(sizes), { ...options, replace: true });
    expect(replacing).toMatchObject({ alreadyThere: true, sentBytes: 0 });
    expect(writes(store)).toBe(before);
  });

  it("with different content of the same size is rejected, and replaced with `replace`", async () => {
    await using store = await startStore({ platform });
    await store.client.uploadPackage(packageOf(sizes), options);
    const before = writes(store);
    const edited = editedPackage("Code/a.dll");
    const error = await rejection(store.client.uploadPackage(edited, options));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "destination" });
    expect(String(error)).toContain("App already contains a complete package with different content");
    expect(writes(store)).toBe(before);
    const replaced = await store.client.uploadPackage(edited, { ...options, replace: true });
    expect(replaced).toMatchObject({ alreadyThere: false, deletedPaths: 1, sentBytes: total });
    expect(await receiptsOf(store, "App")).toEqual([replaced.receipt]);
    expect(await store.client.uploadPackage(edited, options)).toMatchObject({ alreadyThere: true });
  });

  it.each([
    ["other content of the same size", { storePath: "App/Code/b.dll", content: bytesOf(9 * KiB, 5) }],
    ["the same content", { storePath: "App/App.xml", content: bytesOf(400, "App.xml".length) }],
  ])("is not recognized after another client wrote %s", async (_, other) => {
    await using store = await startStore({ platform });
    await store.client.uploadPackage(packageOf(sizes), options);
    await store.newClient().putFile(other);
    const error = await rejection(store.client.uploadPackage(packageOf(sizes), options));
    expect(error).toMatchObject({ name: "InvalidInputError" });
    expect(String(error)).toContain("same names and sizes. Its content cannot be compared");
    expect(await store.client.verifyPackage(packageOf(sizes), "App")).toEqual({ proof: "sizes" });
  });

  it("writes one receipt, and none with `receipt: false` or without verification", async () => {
    await using store = await startStore({ platform });
    for (const own of [{ receipt: false }, { verify: false }, { fingerprint: () => "1" }]) {
      const { receipt } = await store.client.uploadPackage(packageOf(sizes), {
        ...{ ...options, ...own, replace: true },
      });
      expect(receipt).toBeUndefined();
    }
    expect(await receiptsOf(store, "App")).toEqual([]);
  });
});

describe("A package with unexpected files at the destination", () => {
  it("is recognized only with `allowUnexpected`", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf(sizes), options);
    await store.client.putFile({ storePath: "App/Log.txt", content: bytesOf(3) });
    const own = { ...options, allowUnexpected: true };
    expect(await store.client.uploadPackage(packageOf(sizes), own)).toMatchObject({ alreadyThere: true });
    const error = await rejection(store.client.uploadPackage(packageOf(sizes), options));
    expect(String(error)).toContain("differs from this one: App/Log.txt is unexpected");
  });
});

describe("Two packages that share a destination", () => {
  it("each keep their receipt", async () => {
    await using store = await startStore();
    const own = { ...options, allowUnexpected: true, replace: true };
    const [one, other] = [packageOf({ a: 100, "x/b": 3000 }), packageOf({ c: 100, "y/d": 3000 })];
    await store.client.uploadPackage(one, own);
    await store.client.uploadPackage(other, own);
    expect(await store.client.uploadPackage(one, own)).toMatchObject({ alreadyThere: true });
    expect(await store.client.uploadPackage(other, own)).toMatchObject({ alreadyThere: true });
  });
});

describe("Two concurrent uploads of different content of the same size", () => {
  it("write receipts that prove nothing", async () => {
    await using store = await startStore();
    const contents = [packageOf(sizes), editedPackage("App.xml")];
    let sent = 0;
    let release = () => {};
    const bothSent = new Promise<void>((resolve) => {
      release = resolve;
    });
    const uploads = contents.map((content) => {
      const client = store.newClient({
        fetch: async (url, init) => {
          const response = await fetch(url, init);
          if (init?.method === "PUT" && url.includes("/App.xml")) {
            sent += 1;
            if (sent === contents.length) release();
            await bothSent;
          }
          return response;
        },
      });
      return client.uploadPackage(content, options);
    });
    await Promise.all(uploads);
    expect(await receiptsOf(store, "App")).toHaveLength(2);
    for (const content of contents) {
      const error = await rejection(store.client.uploadPackage(content, options));
      expect(String(error)).toContain("Its content cannot be compared");
      expect(await store.client.verifyPackage(content, "App")).toEqual({ proof: "sizes" });
    }
  });
});

describe("Verifying a package", () => {
  it("proves the content if there is a receipt", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf(sizes), options);
    expect(await store.client.verifyPackage(packageOf(sizes), "App")).toEqual({ proof: "content" });
    const error = await rejection(store.client.verifyPackage(editedPackage("App.xml"), "App"));
    expect(error).toMatchObject({
      name: "VerificationError",
      differences: [{ storePath: "App", kind: "different-content" }],
    });
  });

  it("rejects with the file that cannot be read", async () => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf(sizes), options);
    const { files } = packageOf(sizes);
    const broken = { ...packageFile("App.xml", 400), open: () => Promise.reject(new Error("gone away")) };
    const content = { files: [broken, ...files.slice(1)] };
    expect(await rejection(store.client.verifyPackage(content, "App"))).toMatchObject({
      name: "SourceError",
    });
  });
});

describe("A store that rejects receipts", () => {
  it("does not make the upload fail", async () => {
    await using store = await startStore();
    store.emulator.addFault({
      ...{ path: ".sf-image-store-receipts/*", times: 100 },
      ...{ do: "answer", status: 403, code: "E_ACCESSDENIED" },
    });
    const result = await store.client.uploadPackage(packageOf(sizes), options);
    expect(result).toMatchObject({
      receipt: undefined,
      receiptFailure: { name: "FabricError", status: 403 },
    });
    expect(await store.client.verifyPackage(packageOf(sizes), "App")).toEqual({ proof: "sizes" });
  });

  it.each([400, 403, 500])("or their listing, with %i, does not make the upload fail", async (status) => {
    await using store = await startStore();
    await store.client.uploadPackage(packageOf(sizes), options);
    await store.client.uploadFile("f.bin", bytesOf(500));
    store.emulator.addFault({
      ...{ path: ".sf-image-store-receipts/*", times: 1000 },
      ...{ do: "answer", status, code: "E_FAIL" },
    });
    const replacing = { ...options, replace: true };
    const replaced = await store.client.uploadPackage(editedPackage("App.xml"), replacing);
    expect(replaced).toMatchObject({ alreadyThere: false, sentBytes: total, receipt: undefined });
    const file = await store.client.uploadFile("f.bin", bytesOf(500, 2), { retryOptions: quick });
    expect(file).toMatchObject({ alreadyThere: false, sentBytes: 500, receipt: undefined });
    const verified = store.client.verifyFile("f.bin", bytesOf(500, 2), { retryOptions: quick });
    expect(await verified).toEqual({ proof: "sizes" });
  });
});

describe("The receipt folder", () => {
  it.each([".sf-image-store-receipts", ".sf-image-store-receipts/App", ".SF-Image-Store-Receipts\\App"])(
    "cannot be a destination: %s",
    async (destination) => {
      await using store = await startStore();
      const packaged = await rejection(store.client.uploadPackage(packageOf(sizes), { destination }));
      expect(packaged).toMatchObject({ name: "InvalidInputError", parameter: "destination" });
      const single = await rejection(store.client.uploadFile(`${destination}/x`, bytesOf(3)));
      expect(single).toMatchObject({ name: "InvalidInputError", parameter: "storePath" });
      expect(writes(store)).toBe(0);
    },
  );
});

describe("A single file that is uploaded again", () => {
  const file = bytesOf(10 * KiB);

  it.each([{ maxSingleShotSize: 0, chunkSize: 3000 }, { maxSingleShotSize: 20 * KiB }])(
    "is detected as already uploaded, but not after an edit of the same size: %j",
    async (own) => {
      await using store = await startStore();
      const { receipt } = await store.client.uploadFile("App/f.bin", file, own);
      expect(receipt).toMatch(/^\.sf-image-store-receipts\/App\/f\.bin\//);
      const before = writes(store);
      expect(await store.newClient().uploadFile("App/f.bin", file, own)).toMatchObject({
        ...{ alreadyThere: true, sentBytes: 0, resumedBytes: 10 * KiB },
      });
      expect(await store.client.verifyFile("App/f.bin", file)).toEqual({ proof: "content" });
      expect(writes(store)).toBe(before);
      const edited = bytesOf(10 * KiB, 3);
      expect(await rejection(store.client.verifyFile("App/f.bin", edited))).toMatchObject({
        differences: [{ storePath: "App/f.bin", kind: "different-content" }],
      });
      const replaced = await store.client.uploadFile("App/f.bin", edited, own);
      expect(replaced).toMatchObject({ alreadyThere: false, sentBytes: 10 * KiB });
      expect(await receiptsOf(store, "App/f.bin")).toEqual([replaced.receipt]);
    },
  );

  it("is compared by size without a receipt, and detected if missing", async () => {
    await using store = await startStore();
    await store.client.putFile({ storePath: "App/f.bin", content: file });
    expect(await store.client.verifyFile("App/f.bin", file)).toEqual({ proof: "sizes" });
    expect(await rejection(store.client.verifyFile("App/f.bin", bytesOf(3)))).toMatchObject({
      differences: [{ kind: "wrong-size", expectedSize: 3, actualSize: 10 * KiB }],
    });
    const quickly = { retryOptions: quick };
    expect(await rejection(store.client.verifyFile("App/g.bin", file, quickly))).toMatchObject({
      differences: [{ kind: "missing" }],
    });
  });
});

describe.each(["windows", "linux"] as const)("A copy, on %s", (platform) => {
  it("gets the receipt of its source, which proves the content", async () => {
    await using store = await startStore({ platform });
    await store.client.uploadPackage(packageOf(sizes), options);
    const copied = await store.client.copyAndVerify({ source: "App", destination: "Copy" });
    expect(copied).toMatchObject({ files: 4, totalBytes: total, skipped: false });
    expect(copied.receipt).toMatch(/receipts\/Copy\//);
    expect(await store.client.verifyPackage(packageOf(sizes), "Copy")).toEqual({ proof: "content" });
    const again = { ...options, destination: "Copy" };
    expect(await store.client.uploadPackage(packageOf(sizes), again)).toMatchObject({ alreadyThere: true });
  });

  it.each([
    ["nothing is proved of its source", { skip: [], prove: false }],
    ["something is left out", { skip: ["a.dll"], prove: true }],
  ])("gets no receipt if %s", async (_, { skip: skipFiles, prove }) => {
    await using store = await startStore({ platform });
    await store.client.uploadPackage(packageOf(sizes), { ...options, receipt: prove });
    const copied = await store.client.copyAndVerify({ source: "App", destination: "Copy", skipFiles });
    expect(copied.receipt).toBeUndefined();
    expect(await receiptsOf(store, "Copy")).toEqual([]);
  });

  it("gets no receipt if its source was written during the copy", async () => {
    await using store = await startStore({ platform });
    await store.client.uploadPackage(packageOf(sizes), options);
    const client = store.newClient({
      fetch: async (url, init) => {
        if (url.includes("/$/Copy")) {
          await store.client.putFile({ storePath: "App/App.xml", content: bytesOf(400, 77) });
        }
        return fetch(url, init);
      },
    });
    const copied = await client.copyAndVerify({ source: "App", destination: "Copy" });
    expect(copied.receipt).toBeUndefined();
    expect(await store.client.verifyPackage(packageOf(sizes), "Copy")).toEqual({ proof: "sizes" });
  });

  it("that skips a file reports it", async () => {
    await using store = await startStore({ platform });
    await store.client.putFile({ storePath: "a", content: bytesOf(4) });
    await store.client.putFile({ storePath: "b", content: bytesOf(5) });
    const copied = await store.client.copyAndVerify({ source: "a", destination: "b", copyFlag: "Echo" });
    expect(copied).toMatchObject({ files: 0, skipped: true, receipt: undefined });
  });

  it("that skips a complete destination reports it and writes no receipt", async () => {
    await using store = await startStore({ platform });
    await store.client.uploadPackage(packageOf(sizes), options);
    const other = { ...options, destination: "Copy", receipt: false };
    await store.client.uploadPackage(editedPackage("App.xml"), other);
    const copied = await store.client.copyAndVerify({
      ...{ source: "App", destination: "Copy", copyFlag: "Echo" },
    });
    expect(copied).toMatchObject({ skipped: true, receipt: undefined });
    expect(await store.client.verifyPackage(packageOf(sizes), "Copy")).toEqual({ proof: "sizes" });
  });

  it("to a complete package with the same content copies nothing", async () => {
    await using store = await startStore({ platform });
    await store.client.uploadPackage(packageOf(sizes), options);
    const copy = { source: "App", destination: "Copy" };
    const { receipt } = await store.client.copyAndVerify(copy);
    const client = store.newClient({
      fetch: async (url, init) => {
        if (url.includes("/$/Copy")) throw new Error("copied");
        return fetch(url, init);
      },
    });
    expect(await client.copyAndVerify(copy)).toEqual({
      ...{ files: 0, totalBytes: 0, skipped: false, alreadyThere: true, receipt },
    });
  });

  it.each([
    ["other content of the same sizes", { edited: "App.xml", prove: true }],
    ["content that nothing proves", { edited: undefined, prove: false }],
  ])("to a complete package with %s overwrites it only with replace", async (_, { edited, prove }) => {
    await using store = await startStore({ platform });
    await store.client.uploadPackage(packageOf(sizes), options);
    const there = edited === undefined ? packageOf(sizes) : editedPackage(edited);
    await store.client.uploadPackage(there, { ...options, destination: "Copy", receipt: prove });
    const copy = { source: "App", destination: "Copy" };
    const error = await rejection(store.client.copyAndVerify(copy));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "destination" });
    expect(String(error)).toMatch(/Copy already contains a complete package\. .* Pass replace: true/);
    expect(await store.client.verifyPackage(there, "Copy")).toEqual({ proof: prove ? "content" : "sizes" });
    expect(await store.client.copyAndVerify({ ...copy, replace: true })).toMatchObject({ files: 4 });
    expect(await store.client.verifyPackage(packageOf(sizes), "Copy")).toEqual({ proof: "content" });
  });

  it.each([["Overwrite"], ["Echo"]] as const)(
    "over a folder of packages is rejected with %s, because a cluster deletes the destination first",
    async (copyFlag) => {
      await using store = await startStore({ platform });
      await store.client.uploadPackage(packageOf(sizes), options);
      await store.client.uploadPackage(packageOf(sizes), { ...options, destination: "Apps/Mail" });
      const copy = { source: "App", destination: "Apps", copyFlag };
      const error = await rejection(store.client.copyAndVerify(copy));
      expect(error).toMatchObject({ name: "InvalidInputError", parameter: "destination" });
      expect(String(error)).toContain("Apps is a folder that contains Apps/Mail");
      expect(await store.client.verifyPackage(packageOf(sizes), "Apps/Mail")).toEqual({ proof: "content" });
      expect(await store.client.copyAndVerify({ ...copy, replace: true })).toMatchObject({ files: 4 });
    },
  );

  it("that was acknowledged but not done is a VerificationError", async () => {
    await using store = await startStore({ platform });
    await store.client.uploadPackage(packageOf(sizes), options);
    await store.client.uploadPackage(editedPackage("App.xml"), { ...options, destination: "Copy" });
    const client = store.newClient({
      fetch: async (input, init) => {
        const url = input;
        return url.includes("/$/Copy") ? new Response(null, { status: 200 }) : fetch(input, init);
      },
    });
    const error = await rejection(
      client.copyAndVerify({ source: "App", destination: "Copy", replace: true }),
    );
    expect(error).toMatchObject({ name: "VerificationError" });
    expect(String(error)).toContain("Copy/App.xml is still the old file");
  });
});
