import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { type Emulator, type Fault, type FaultAction, startEmulator } from "@sf-image-store/emulator";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFolder } from "../../src/folder/index.js";
import {
  createImageStoreClient,
  type Fetch,
  isUploadError,
  isVerificationError,
  type PackageContent,
  type UploadProgress,
} from "../../src/index.js";
import { useMemoryFolder } from "../memory-folder.js";
import { rejection } from "../server.js";
import { startWireProxy, type WireFault } from "../upload/wire-proxy.js";
import { directoryOf } from "./directory.js";
import { bytesOf, quick, type Store, startStore } from "./store.js";

useMemoryFolder();

type Contents = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

function packageFrom(contents: Contents): PackageContent {
  const files = Object.entries(contents).map(([relativePath, bytes]) => ({
    ...{ relativePath, size: bytes.length, open: async () => bytes },
  }));
  return { files };
}

/** The content of all files below a path on the emulator's disk, without mark files. */
async function stored(emulator: Emulator, storePath: string): Promise<Record<string, string>> {
  const folder = emulator.contentPath(storePath);
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== "_.dir");
  const read = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [relative(folder, path).replaceAll("\\", "/"), (await readFile(path)).toString("hex")] as const;
  });
  return Object.fromEntries((await Promise.all(read)).sort());
}

function hexOf(contents: Contents): Record<string, string> {
  const rows = Object.entries(contents).map(
    ([path, bytes]) => [path, Buffer.from(bytes).toString("hex")] as const,
  );
  return Object.fromEntries(rows.sort());
}

const KiB = 1024;
const oldContents: Contents = {
  "App.xml": bytesOf(400),
  "Code/a.dll": bytesOf(13 * KiB, 1),
  "Code/b.dll": bytesOf(9 * KiB, 2),
  "Code/deep/c.dll": bytesOf(3 * KiB, 3),
  "Data/empty": bytesOf(0),
  "Data/gone": bytesOf(10, 4),
};
const { "Data/gone": _, ...kept } = oldContents;
/** One file with other content of the same size, a new file, and a missing one. */
const newContents: Contents = { ...kept, "App.xml": bytesOf(400, 9), "Data/new": bytesOf(2 * KiB, 5) };
const copiedFiles = 4;
const copiedBytes = 25 * KiB;
const sentBytes = 400 + 2 * KiB;

const transfer = { chunkSize: 4 * KiB, maxSingleShotSize: 1024, retryOptions: quick };
const options = {
  ...{ ...transfer, destination: "App_2" },
  base: { storePath: "App_1", content: packageFrom(oldContents) },
};

function count({ requests }: Store, operation: string): number {
  return requests.filter(({ operationId }) => operationId === operation).length;
}

async function startWithBase(settings: Parameters<typeof startStore>[0] = {}): Promise<Store> {
  const store = await startStore(settings);
  await store.client.uploadPackage(packageFrom(oldContents), { ...transfer, destination: "App_1" });
  store.requests.length = 0;
  return store;
}

describe.each(["windows", "linux"] as const)("An upload with a base, on %s", (platform) => {
  it("copies unchanged files inside the store and sends the rest", async () => {
    await using store = await startWithBase({ platform });
    const uploaded = await store.newClient().uploadPackage(packageFrom(newContents), options);
    expect(uploaded).toMatchObject({ copiedFiles, copiedBytes, sentBytes, resumedBytes: 0 });
    expect(count(store, "CopyImageStoreContent")).toBe(copiedFiles);
    expect(await stored(store.emulator, "App_2")).toEqual(hexOf(newContents));
    // The receipt is as good as that of an upload that sent everything.
    expect(uploaded.receipt).toBeDefined();
    expect(await store.client.verifyPackage(packageFrom(newContents), "App_2")).toEqual({ proof: "content" });
  });

  it("sends nothing if the package is already there, even if the base is gone", async () => {
    await using store = await startWithBase({ platform });
    await store.client.uploadPackage(packageFrom(newContents), options);
    await store.client.deleteContent({ storePath: "App_1" });
    const again = await store.client.uploadPackage(packageFrom(newContents), options);
    expect(again).toMatchObject({ alreadyThere: true, copiedFiles: 0, sentBytes: 0 });
  });

  it("uses a package that was itself uploaded with a base", async () => {
    await using store = await startWithBase({ platform });
    await store.client.uploadPackage(packageFrom(newContents), options);
    const base = { storePath: "App_2", content: packageFrom(newContents) };
    const third = { ...newContents, "Data/new": bytesOf(2 * KiB, 6) };
    const uploaded = await store.client.uploadPackage(packageFrom(third), {
      ...{ ...transfer, destination: "App_3", base },
    });
    expect(uploaded).toMatchObject({ copiedFiles: 5, sentBytes: 2 * KiB });
    expect(await stored(store.emulator, "App_3")).toEqual(hexOf(third));
  });
});

describe("A base that cannot be proved", () => {
  const refused = async (store: Store, own: object) => {
    const error = await rejection(
      store.newClient().uploadPackage(packageFrom(newContents), { ...options, ...own }),
    );
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "base" });
    const writes = store.requests.filter(({ method, url }) => method !== "GET" && !url.includes("App_1"));
    expect(writes).toEqual([]);
    return String(error);
  };

  it("that does not exist is refused before anything is sent or deleted", async () => {
    await using store = await startWithBase();
    const base = { ...options.base, storePath: "App_0" };
    expect(await refused(store, { base, replace: true })).toContain("App_0 is not in the image store");
  });

  it.each([
    ["other content of the same size", bytesOf(9 * KiB, 77)],
    ["the same content", oldContents["Code/b.dll"] ?? bytesOf(0)],
  ])("in which another client wrote %s is refused", async (_, content) => {
    await using store = await startWithBase();
    await store.newClient().putFile({ storePath: "App_1/Code/b.dll", content });
    expect(await refused(store, {})).toContain("App_1 has no valid receipt");
  });

  it("is refused without a receipt, with other old content, and with missing files", async () => {
    await using store = await startWithBase();
    const edited = packageFrom({ ...oldContents, "Code/b.dll": bytesOf(9 * KiB, 77) });
    expect(await refused(store, { base: { ...options.base, content: edited } })).toContain(
      "differs from the old content",
    );
    const more = packageFrom({ ...oldContents, "Code/more": bytesOf(1) });
    expect(await refused(store, { base: { ...options.base, content: more } })).toContain(
      "App_1/Code/more is missing",
    );
    await store.client.deleteContent({ storePath: ".sf-image-store-receipts" });
    store.requests.length = 0;
    expect(await refused(store, {})).toContain("no valid receipt");
  });

  it("is refused if it overlaps the destination", async () => {
    await using store = await startWithBase();
    for (const destination of ["App_1", "app_1", "App_1/Code", "App_1/New"]) {
      expect(await refused(store, { destination, replace: true })).toContain("overlap");
    }
  });

  it("is refused with options that prove nothing", async () => {
    await using store = await startWithBase();
    expect(await refused(store, { verify: false })).toContain("requires verify");
    expect(await refused(store, { fingerprint: "stat" })).toContain("fingerprint");
    expect(await refused(store, { base: { storePath: "App_1" } })).toContain("content");
    expect(store.requests).toEqual([]);
  });

  it("whose old content cannot be read is refused", async () => {
    await using store = await startWithBase();
    const { files } = packageFrom(oldContents);
    const open = () => Promise.reject(new Error("EACCES"));
    const content = { files: files.map((file) => ({ ...file, open })) };
    expect(await refused(store, { base: { ...options.base, content } })).toContain("cannot be read");
  });
});

const copy = { operation: "CopyImageStoreContent" } as const;
const unavailable = { do: "answer", status: 503, code: "E_ABORT" } as const;

describe("Copies of unchanged files", () => {
  it.each<[string, Fault]>([
    ["are dropped", { ...copy, times: 2, do: "drop-before" }],
    ["lose their responses", { ...copy, times: 3, do: "drop-after" }],
    ["are slow", { ...copy, times: 4, do: "delay", ms: 20 }],
    ["are unavailable for a while", { ...copy, times: 3, ...unavailable }],
  ])("succeed although they %s", async (_, fault) => {
    await using store = await startWithBase();
    store.emulator.addFault(fault);
    const uploaded = await store.client.uploadPackage(packageFrom(newContents), options);
    expect(uploaded).toMatchObject({ copiedFiles, copiedBytes, sentBytes });
    expect(await stored(store.emulator, "App_2")).toEqual(hexOf(newContents));
  });

  it.each<[string, FaultAction]>([
    ["is unavailable", unavailable],
    ["is forbidden", { do: "answer", status: 403, code: "E_ACCESSDENIED" }],
    ["finds no source", { do: "answer", status: 404, code: "FABRIC_E_FILE_NOT_FOUND" }],
  ])("are sent instead if the copy always %s", async (_, action) => {
    await using store = await startWithBase();
    store.emulator.addFault({ ...copy, times: 1000, ...action });
    const uploaded = await store.client.uploadPackage(packageFrom(newContents), options);
    expect(uploaded).toMatchObject({ copiedFiles: 0, copiedBytes: 0, sentBytes: copiedBytes + sentBytes });
    expect(await stored(store.emulator, "App_2")).toEqual(hexOf(newContents));
  });

  it.each([
    ["once, and are repeated", 4, copiedFiles],
    ["always, and are sent", 1000, 0],
  ])("do not count if the server only claims to have copied: %s", async (_, times, copied) => {
    await using store = await startWithBase();
    // A file of an interrupted upload, with other content of the same size.
    await store.client.putFile({ storePath: "App_2/Code/a.dll", content: bytesOf(13 * KiB, 55) });
    await using proxy = await startWireProxy(store.emulator.endpoint);
    proxy.addFault({ match: /^POST .*Copy/, times, do: "answer-undelivered" });
    const client = createImageStoreClient({ endpoint: proxy.endpoint });
    const uploaded = await client.uploadPackage(packageFrom(newContents), options);
    expect(uploaded).toMatchObject({ copiedFiles: copied });
    expect(await stored(store.emulator, "App_2")).toEqual(hexOf(newContents));
    expect(proxy.fired()).toBeGreaterThanOrEqual(4);
  });

  it.each([
    ["other content of the same size", bytesOf(13 * KiB, 66)],
    ["content of another size", bytesOf(5, 66)],
    ["nothing: the file is deleted", undefined],
  ])("do not count if the base has %s by then", async (_, content) => {
    await using store = await startWithBase();
    const storePath = "App_1/Code/a.dll";
    let isChanged = false;
    const changing: Fetch = async (input, init) => {
      if (!isChanged && input.includes("Copy")) {
        isChanged = true;
        if (content === undefined) await store.client.deleteContent({ storePath });
        else await store.client.putFile({ storePath, content });
      }
      return fetch(input, init);
    };
    const client = store.newClient({ fetch: changing });
    const own = { ...options, concurrency: 1 };
    const uploaded = await client.uploadPackage(packageFrom(newContents), own);
    expect(uploaded).toMatchObject({ copiedFiles: copiedFiles - 1, copiedBytes: copiedBytes - 13 * KiB });
    expect(await stored(store.emulator, "App_2")).toEqual(hexOf(newContents));
    expect(await store.client.verifyPackage(packageFrom(newContents), "App_2")).toEqual({ proof: "content" });
  });

  it("do not count if the base changed and the file that is sent instead does not arrive", async () => {
    await using store = await startWithBase();
    const storePath = "App_1/Code/a.dll";
    const only: Contents = { "Code/a.dll": oldContents["Code/a.dll"] ?? bytesOf(0) };
    let isChanged = false;
    const lying: Fetch = async (input, init) => {
      if (!isChanged && input.includes("Copy")) {
        isChanged = true;
        await store.client.putFile({ storePath, content: bytesOf(13 * KiB, 66) });
      }
      const isFile = init?.method === "PUT" && input.includes("a.dll");
      return isFile ? new Response(null, { status: 200 }) : fetch(input, init);
    };
    const own = { ...options, maxSingleShotSize: 64 * KiB };
    const client = store.newClient({ fetch: lying });
    const error = await rejection(client.uploadPackage(packageFrom(only), own));
    expect(error).toMatchObject({ name: "VerificationError" });
    expect(await store.sizesAt("App_2")).not.toHaveProperty(["_.dir"]);
  });
});

describe("Unchanged folders without subfolders", () => {
  const web = { "Web/a": bytesOf(900, 1), "Web/b": bytesOf(3000, 2), "Web/c": bytesOf(0) };
  const old = {
    ...web,
    "App.xml": bytesOf(100, 3),
    "Sub/x/1": bytesOf(5),
    "Sub/x/2": bytesOf(6),
    "Sub/y": bytesOf(7),
  };
  const edited = { ...old, "App.xml": bytesOf(100, 4) };
  const own = { ...transfer, destination: "New", base: { storePath: "Old", content: packageFrom(old) } };
  const start = async (platform: "windows" | "linux" = "windows") => {
    const store = await startStore({ platform });
    await store.client.uploadPackage(packageFrom(old), { ...transfer, destination: "Old" });
    store.requests.length = 0;
    return store;
  };

  it.each(["windows", "linux"] as const)("are copied with one request, on %s", async (platform) => {
    await using store = await start(platform);
    const uploaded = await store.newClient().uploadPackage(packageFrom(edited), own);
    expect(uploaded).toMatchObject({ copiedFiles: 6, sentBytes: 100 });
    // Web, Sub/x and the file Sub/y.
    expect(count(store, "CopyImageStoreContent")).toBe(3);
    expect(await stored(store.emulator, "New")).toEqual(hexOf(edited));
    expect(await store.client.verifyPackage(packageFrom(edited), "New")).toEqual({ proof: "content" });
  });

  it.each<[string, Fault, number]>([
    ["the response is lost", { ...copy, do: "drop-after" }, 6],
    ["the request is dropped", { ...copy, times: 2, do: "drop-before" }, 6],
    [
      "folders cannot be copied",
      { ...copy, times: 2, do: "answer", status: 404, code: "FABRIC_E_FILE_NOT_FOUND" },
      6,
    ],
    ["nothing can be copied", { ...copy, times: 1000, ...unavailable }, 0],
  ])("are in the store although %s", async (_, fault, copied) => {
    await using store = await start();
    store.emulator.addFault(fault);
    expect(await store.client.uploadPackage(packageFrom(edited), own)).toMatchObject({ copiedFiles: copied });
    expect(await stored(store.emulator, "New")).toEqual(hexOf(edited));
  });

  it("are copied file by file if the base has more files", async () => {
    await using store = await start();
    await store.client.putFile({ storePath: "Old/Web/extra", content: bytesOf(1) });
    const lean: Contents = Object.fromEntries(Object.entries(edited).filter(([path]) => path !== "Sub/x/2"));
    store.requests.length = 0;
    expect(await store.client.uploadPackage(packageFrom(lean), own)).toMatchObject({ copiedFiles: 5 });
    expect(count(store, "CopyImageStoreContent")).toBe(5);
    expect(await stored(store.emulator, "New")).toEqual(hexOf(lean));
  });

  it("are copied file by file if the destination has any file", async () => {
    await using store = await start();
    await store.client.putFile({ storePath: "New/Web/a", content: bytesOf(900, 9) });
    expect(await store.client.uploadPackage(packageFrom(edited), own)).toMatchObject({ copiedFiles: 6 });
    // Sub/x, Sub/y, and the three files of Web.
    expect(count(store, "CopyImageStoreContent")).toBe(5);
    expect(await stored(store.emulator, "New")).toEqual(hexOf(edited));
  });

  it("do not count if the server only claims to have copied them", async () => {
    await using store = await start();
    await using proxy = await startWireProxy(store.emulator.endpoint);
    proxy.addFault({ match: /^POST .*Copy/, times: 1000, do: "answer-undelivered" });
    const client = createImageStoreClient({ endpoint: proxy.endpoint });
    expect(await client.uploadPackage(packageFrom(edited), own)).toMatchObject({ copiedFiles: 0 });
    expect(await stored(store.emulator, "New")).toEqual(hexOf(edited));
  });
});

describe("An interrupted upload with a base", () => {
  it("continues with the same call, and sends no unchanged file", async () => {
    await using store = await startWithBase();
    const path = "App_2/App.xml";
    const heal = store.emulator.addFault({ operation: "UploadFile", path, times: 1000, ...unavailable });
    const own = { ...options, retryOptions: { ...quick, maxRetries: 1 } };
    const error = await rejection(store.client.uploadPackage(packageFrom(newContents), own));
    expect(error).toMatchObject({ name: "UploadError", reason: "no-progress" });
    heal();
    const uploaded = await store.newClient().uploadPackage(packageFrom(newContents), options);
    expect(uploaded).toMatchObject({ copiedFiles, copiedBytes });
    expect(uploaded.sentBytes + uploaded.resumedBytes).toBe(sentBytes);
    expect(await stored(store.emulator, "App_2")).toEqual(hexOf(newContents));
  });

  it("replaces another complete package only after the base was proved", async () => {
    await using store = await startWithBase();
    await store.client.uploadPackage(packageFrom({ other: bytesOf(7) }), { destination: "App_2" });
    const base = { ...options.base, storePath: "App_0" };
    await rejection(
      store.client.uploadPackage(packageFrom(newContents), { ...options, base, replace: true }),
    );
    expect(await stored(store.emulator, "App_2")).toEqual(hexOf({ other: bytesOf(7) }));
    const uploaded = await store.client.uploadPackage(packageFrom(newContents), {
      ...options,
      replace: true,
    });
    expect(uploaded).toMatchObject({ deletedPaths: 1, copiedFiles });
    expect(await stored(store.emulator, "App_2")).toEqual(hexOf(newContents));
  });
});

describe("The progress of an upload with a base", () => {
  it("has a phase for copies, and counts them as committed but not as sent", async () => {
    await using store = await startWithBase();
    const steps: UploadProgress[] = [];
    const onProgress = (progress: UploadProgress) => void steps.push(progress);
    await store.client.uploadPackage(packageFrom(newContents), { ...options, onProgress });
    const last = steps.at(-1);
    expect(last).toMatchObject({ copiedBytes, sentBytes, committedBytes: copiedBytes + sentBytes });
    expect(last?.files).toEqual({ total: 6, committed: 6 });
    const copying = steps.filter(({ file }) => file.phase === "copying").map(({ file }) => file.storePath);
    expect(new Set(copying).size).toBe(copiedFiles);
    expect(steps.every(({ committedBytes, totalBytes }) => committedBytes <= totalBytes)).toBe(true);
  });
});

describe("An upload with a base over files of another upload", () => {
  it.each([
    ["the destination", 1, 1],
    ["its folders", 2, 2],
  ])("replaces them, although a listing of %s did not show them", async (_, nth, times) => {
    await using store = await startWithBase();
    for (const [path, bytes] of Object.entries(newContents)) {
      const content = bytes.map((byte) => ~byte);
      await store.client.putFile({ storePath: `App_2/${path}`, content });
    }
    const hidden = { do: "answer", status: 404, code: "FABRIC_E_FILE_NOT_FOUND" } as const;
    store.emulator.addFault({ operation: "GetImageStoreContent", nth, times, ...hidden });
    await store.client.uploadPackage(packageFrom(newContents), options);
    expect(await stored(store.emulator, "App_2")).toEqual(hexOf(newContents));
  });

  it("does not replace a complete package, although a listing did not show it", async () => {
    await using store = await startWithBase();
    await store.client.uploadPackage(packageFrom({ "App.xml": bytesOf(3) }), {
      ...transfer,
      destination: "App_2",
    });
    const hidden = { do: "answer", status: 404, code: "FABRIC_E_FILE_NOT_FOUND" } as const;
    store.emulator.addFault({ operation: "GetImageStoreContent", ...hidden });
    const error = await rejection(store.client.uploadPackage(packageFrom(newContents), options));
    expect(String(error)).toContain("Pass replace: true to overwrite it");
  });
});

// To see a failure again: UPLOAD_SEED=<seed> pnpm vitest run base.test
const seed = Number(process.env["UPLOAD_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const numRuns = 60;

const names = ["App.xml", "Code/a", "Code/b", "Code/deep/c", "Data/d", "Data/e", "f"] as const;
type File = readonly [size: number, seed: number] | null;
const file: fc.Arbitrary<File> = fc.option(fc.tuple(fc.constantFrom(0, 1, 700, 3000), fc.nat(2)), {
  freq: 8,
});
const contentsOf = (files: readonly File[]): Contents => {
  const rows = files.flatMap((one, index) => {
    const name = names[index];
    return one === null || name === undefined ? [] : [[name, bytesOf(...one)] as const];
  });
  return Object.fromEntries(rows.length === 0 ? [["f", bytesOf(1)] as const] : rows);
};
/** An old package, and a new one in which some files were edited, added or deleted. */
const edited = fc
  .array(fc.tuple(file, fc.constantFrom(true, true, false), file), {
    ...{ minLength: names.length, maxLength: names.length },
  })
  .map((rows) => ({
    before: contentsOf(rows.map(([old]) => old)),
    after: contentsOf(rows.map(([old, isKept, other]) => (isKept ? old : other))),
  }));
const fault = fc
  .tuple(
    fc.constantFrom(
      ...(["CopyImageStoreContent", "CopyImageStoreContent", "UploadFile", "GetImageStoreContent"] as const),
      ...(["UploadFileChunk", "CommitImageStoreUploadSession", "DeleteImageStoreContent"] as const),
    ),
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 1, max: 5 }),
    fc.constantFrom<FaultAction>(
      { do: "drop-before" },
      { do: "drop-after" },
      { do: "delay", ms: 3 },
      { do: "lose-sessions" },
      unavailable,
      { do: "answer", status: 404, code: "FABRIC_E_FILE_NOT_FOUND" },
      { do: "answer", status: 403, code: "E_ACCESSDENIED" },
    ),
  )
  .map(([operation, nth, times, action]): Fault => ({ operation, nth, times, ...action }));
const lie = fc
  .tuple(
    fc.constantFrom(/^POST .*Copy/, /^POST .*Copy/, /^PUT [^$]+$/),
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom("answer-undelivered" as const, "answer-of-another" as const),
  )
  .map(([match, nth, times, action]): WireFault => ({ match, nth, times, do: action }));

describe("The store ends up exactly as the new directory", () => {
  it(`in ${numRuns} uploads with random edits, interruptions and faults`, { timeout: 120_000 }, async () => {
    await using emulator = await startEmulator();
    const direct = createImageStoreClient({ endpoint: emulator.endpoint });
    const total = { stored: 0, rejected: 0, copied: 0, fired: 0 };
    let number = 0;
    const property = fc.asyncProperty(
      ...[
        edited,
        fc.noBias(fc.array(fault, { maxLength: 4 })),
        fc.array(lie, { maxLength: 2 }),
        fc.boolean(),
      ],
      async ({ before, after }, faults, lies, hasLeftovers) => {
        number += 1;
        const destination = `New${number}`;
        const own = { chunkSize: 500, maxSingleShotSize: 600, retryOptions: { ...quick, maxRetries: 3 } };
        const base = { storePath: `Old${number}`, content: packageFrom(before) };
        await direct.uploadPackage(base.content, { ...own, destination: base.storePath });
        // Of an interrupted upload: the same names and sizes, other content.
        for (const [path, bytes] of Object.entries(hasLeftovers ? after : {})) {
          const content = bytes.map((byte) => ~byte);
          await direct.putFile({ storePath: `${destination}/${path}`, content });
        }
        await using proxy = await startWireProxy(emulator.endpoint);
        const removals = faults.map((one) => emulator.addFault(one));
        for (const one of lies) proxy.addFault(one);
        const upload = (client: typeof direct, replace = false) =>
          client.uploadPackage(packageFrom(after), { ...own, destination, base, replace });
        let isStored = true;
        let copiedFiles: number | undefined;
        try {
          ({ copiedFiles } = await upload(createImageStoreClient({ endpoint: proxy.endpoint })));
        } catch (error) {
          // A lost listing looks like a base without a receipt.
          const isRefused = error instanceof Error && error.name === "InvalidInputError";
          expect(isUploadError(error) || isVerificationError(error) || isRefused, String(error)).toBe(true);
          isStored = false;
        }
        if (isStored) expect(await stored(emulator, destination)).toEqual(hexOf(after));
        const unchanged = Object.entries(after).filter(
          ([path, bytes]) => before[path] !== undefined && Buffer.compare(bytes, before[path]) === 0,
        );
        if (faults.length + lies.length === 0) expect(copiedFiles).toBe(unchanged.length);
        total.copied += copiedFiles ?? 0;
        total[isStored ? "stored" : "rejected"] += 1;
        total.fired += proxy.fired();
        for (const remove of removals) remove();
        await upload(direct, true);
        expect(await stored(emulator, destination)).toEqual(hexOf(after));
        expect(await direct.verifyPackage(packageFrom(after), destination)).toEqual({ proof: "content" });
      },
    );
    await fc.assert(property, { seed, numRuns });
    console.log(`${numRuns} uploads with a base, seed ${seed}: ${JSON.stringify(total)}`);
    expect(total.copied).toBeGreaterThan(numRuns);
    expect(Math.min(total.stored, total.rejected, total.fired)).toBeGreaterThan(0);
  });
});

describe("Unchanged files", () => {
  it("are found without changing anything", async () => {
    await using store = await startWithBase();
    const found = await store.client.findUnchangedFiles(packageFrom(newContents), options);
    expect(found).toEqual({
      relativePaths: ["Code/a.dll", "Code/b.dll", "Code/deep/c.dll", "Data/empty"],
      bytes: copiedBytes,
    });
    expect(store.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  it("are found in directories, and copied", async () => {
    await using store = await startStore();
    await using old = await directoryOf({ "App.xml": 400, "Code/a": 9 * KiB, "Code/b": 2000 });
    await using edited = await directoryOf({ "App.xml": 400, "Code/a": 9 * KiB, "Code/b": 2000 });
    await edited.write("Code/b", bytesOf(2000, 99));
    await store.client.uploadPackage(old.path, { destination: "App_1" });
    const own = { destination: "App_2", base: { storePath: "App_1", content: pathToFileURL(old.path) } };
    const found = await store.client.findUnchangedFiles(edited.path, own);
    expect(found.relativePaths).toEqual(["App.xml", "Code/a"]);
    const uploaded = await store.client.uploadPackage(edited.path, own);
    expect(uploaded).toMatchObject({ copiedFiles: 2, sentBytes: 2000 });
    expect(await store.client.verifyPackage(edited.path, "App_2")).toEqual({ proof: "content" });
  });

  it("are not copied in a folder, where nothing is sent over a network", async () => {
    await using folder = await directoryOf({});
    const store = await openFolder(folder.path);
    await store.uploadPackage(packageFrom(oldContents), { destination: "App_1" });
    const uploaded = await store.uploadPackage(packageFrom(newContents), options);
    expect(uploaded).toMatchObject({ copiedFiles: 0, files: 6 });
    expect(await store.verifyPackage(packageFrom(newContents), "App_2")).toEqual({ proof: "content" });
    expect((await store.findUnchangedFiles(packageFrom(newContents), options)).relativePaths).toEqual([]);
  });
});
