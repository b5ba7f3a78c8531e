import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { applicationPackage, packageFiles, scratchFolder, writeTree } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { openFolder, type StoreClient } from "../../src/folder/index.js";
import { isFabricError, isInvalidInputError, type StoreEntry } from "../../src/node/index.js";

async function openScratch(): Promise<{ store: StoreClient; root: string }> {
  const root = scratchFolder();
  return { store: await openFolder(root), root };
}

const marks = [
  "Notes/_.dir",
  "WebPkg/Code/_.dir",
  "WebPkg/Code/wwwroot/_.dir",
  "WebPkg/Config/_.dir",
  "WebPkg/_.dir",
  "_.dir",
];

describe("a package in a folder", () => {
  it("has all files and a mark file in every folder, and verifies", async () => {
    const { store, root } = await openScratch();
    const done = await store.uploadPackage(applicationPackage(), { destination: "Shop/1.0" });
    expect(done).toMatchObject({ storePath: "Shop/1.0", files: 6, folders: 6, resumedBytes: 0 });
    expect(treeOf(join(root, "Shop/1.0"))).toEqual([...Object.keys(packageFiles), ...marks].sort());
    expect(readdirSync(root)).toEqual(["Shop"]);
    await store.verifyPackage(applicationPackage(), "Shop/1.0");
  });

  it("gets its own mark file last", async () => {
    const { store, root } = await openScratch();
    await store.uploadPackage(applicationPackage(), { destination: "Shop" });
    const times = marks.map((mark) => statSync(join(root, "Shop", mark), { bigint: true }).mtimeNs);
    expect(times.every((time) => time <= (times.at(-1) ?? 0n))).toBe(true);
  });

  it("reports progress like every upload", async () => {
    const { store } = await openScratch();
    const seen: number[] = [];
    const original = applicationPackage();
    const { totalBytes } = await store.uploadPackage(original, {
      onProgress: ({ committedBytes }) => seen.push(committedBytes),
    });
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(totalBytes);
  });

  it("is rejected if a complete package exists, unless it is replaced", async () => {
    const { store, root } = await openScratch();
    await store.uploadPackage(applicationPackage());
    expect(await store.uploadPackage(applicationPackage())).toMatchObject({
      alreadyThere: true,
      sentBytes: 0,
    });
    const smaller = writeTree(join(scratchFolder(), "ShopPkg"), { "ApplicationManifest.xml": "<New/>" });
    await expect(store.uploadPackage(smaller)).rejects.toThrow(/already contains a complete package/);
    await store.uploadPackage(smaller, { replace: true });
    expect(treeOf(join(root, "ShopPkg"))).toEqual(["ApplicationManifest.xml", "_.dir"]);
  });

  it("resumes: files with the same content are not copied again", async () => {
    const { store, root } = await openScratch();
    await store.uploadPackage(applicationPackage());
    for (const mark of ["ShopPkg/_.dir", "ShopPkg/WebPkg/_.dir"])
      await store.deleteContent({ storePath: mark });
    const exe = join(root, "ShopPkg/WebPkg/Code/web.exe");
    const before = statSync(exe).ino;
    const again = await store.uploadPackage(applicationPackage());
    expect(again).toMatchObject({ sentBytes: 0, resumedBytes: again.totalBytes });
    expect(statSync(exe).ino).toBe(before);
  });

  it("can contain a folder with a reserved name, which is reserved only in the root", async () => {
    const { store, root } = await openScratch();
    const files = { "ApplicationManifest.xml": "<App/>", ".sf-image-store/config.json": "{}" };
    const source = writeTree(join(scratchFolder(), "App"), files);
    await store.uploadPackage(source);
    await store.copyContent({ source: "App", destination: "Copy" });
    for (const name of ["App", "Copy"]) {
      expect(treeOf(join(root, name))).toEqual(
        [...Object.keys(files), ".sf-image-store/_.dir", "_.dir"].sort(),
      );
      await store.verifyPackage(source, name);
      expect(await store.getFolderSize({ storePath: name })).toMatchObject({ folderSize: 8 });
    }
    const listed: StoreEntry[] = [];
    for await (const entry of store.listContent()) listed.push(entry);
    expect(listed).toMatchObject([
      { storePath: "App", fileCount: 4 },
      { storePath: "Copy", fileCount: 4 },
    ]);
    expect(await store.getFolderSize()).toMatchObject({ folderSize: 16 });
  });

  it("is not written to a reserved folder, not even partially", async () => {
    const { store, root } = await openScratch();
    for (const destination of [".sf-image-store", ".SF-Image-Store/App"]) {
      const refusal = store.uploadPackage(applicationPackage(), { destination });
      await expect(refusal).rejects.toSatisfy(isInvalidInputError);
    }
    expect(treeOf(root)).toEqual([]);
  });

  it("copies a file with the same size and date but different content again", async () => {
    const { store, root } = await openScratch();
    const original = applicationPackage();
    await store.uploadPackage(original);
    await store.deleteContent({ storePath: "ShopPkg/_.dir" });
    const exe = join(root, "ShopPkg/WebPkg/Code/web.exe");
    const { mtime } = statSync(join(original, "WebPkg/Code/web.exe"));
    writeFileSync(exe, "XX".repeat(5000));
    utimesSync(exe, mtime, mtime);
    await store.uploadPackage(original);
    expect(readFileSync(exe, "utf8")).toBe(packageFiles["WebPkg/Code/web.exe"]);
  });

  it("fails to verify if something is missing, has another size, or is unexpected", async () => {
    const { store, root } = await openScratch();
    await store.uploadPackage(applicationPackage());
    await store.deleteContent({ storePath: "ShopPkg/WebPkg/Config/Settings.xml" });
    writeTree(join(root, "ShopPkg"), { "WebPkg/Code/web.exe": "short", "Notes/more.txt": "" });
    const options = { retryOptions: { retryDelayMs: 0 } };
    await expect(store.verifyPackage(applicationPackage(), "ShopPkg", options)).rejects.toMatchObject({
      name: "VerificationError",
      differences: [
        { storePath: "ShopPkg/Notes/more.txt", kind: "unexpected" },
        { storePath: "ShopPkg/WebPkg/Code/web.exe", kind: "wrong-size", actualSize: 5 },
        { storePath: "ShopPkg/WebPkg/Config/Settings.xml", kind: "missing" },
      ],
    });
  });
});

describe("a file in a folder", () => {
  it("can be larger than a chunk, and replaces an existing file", async () => {
    const { store, root } = await openScratch();
    const source = join(scratchFolder(), "big.bin");
    writeFileSync(source, Buffer.alloc(9 * 1024 * 1024 + 1, "abcdef"));
    writeTree(root, { "App/big.bin": "old" });
    const done = await store.uploadFile("App/big.bin", source);
    expect(done).toMatchObject({ totalBytes: 9 * 1024 * 1024 + 1, sessionId: undefined });
    expect(readFileSync(join(root, "App/big.bin")).equals(readFileSync(source))).toBe(true);
  });

  it("does not exist, not even partially, after its upload was stopped", async () => {
    const { store, root } = await openScratch();
    const stop = new AbortController();
    const source = stuckSource(64 * 1024 * 1024, 2);
    const uploading = store.uploadFile("big.bin", source, { abortSignal: stop.signal });
    const stopped = expect(uploading).rejects.toMatchObject({ name: "UploadError", reason: "aborted" });
    await source.isStuck;
    stop.abort();
    await stopped;
    await expect.poll(() => treeOf(root)).toEqual([]);
  });
});

describe("requests to a folder", () => {
  it("can run in parallel, from several programs", async () => {
    const { store, root } = await openScratch();
    const other = await openFolder(root);
    const content = new Uint8Array(10);
    const paths = Array.from({ length: 400 }, (_, n) => `a/${n}`);
    const lane = async (first: number) => {
      for (let n = first; n < paths.length; n += 3) {
        const from = n % 2 === 0 ? store : other;
        await from.putFile({ storePath: paths[n] ?? "", content });
      }
    };
    await Promise.all([lane(0), lane(1), lane(2)]);
    await Promise.all(paths.map((storePath) => other.deleteContent({ storePath })));
    expect(readdirSync(root)).toEqual(["a"]);
    expect(treeOf(root)).toEqual([]);
  });

  it("lists files and folders with their sizes", async () => {
    const { store } = await openScratch();
    await store.uploadPackage(applicationPackage(), { destination: "Shop" });
    expect(await entriesOf(store, "Shop")).toEqual([
      "Shop/ApplicationManifest.xml 229",
      "Shop/_.dir 0",
      "Shop/Notes/ 2",
      "Shop/WebPkg/ 8",
    ]);
    expect(await entriesOf(store, "Shop/ApplicationManifest.xml")).toEqual([
      "Shop/ApplicationManifest.xml 229",
    ]);
    expect(await entriesOf(store, undefined)).toEqual(["Shop/ 12"]);
    expect(await store.getFolderSize({ storePath: "Shop/Notes" })).toEqual({
      storePath: "Shop/Notes",
      folderSize: 10,
    });
  });

  it("fails with 404 for a missing path, like a cluster", async () => {
    const { store } = await openScratch();
    const refusal = await entriesOf(store, "Nothing").catch((error: unknown) => error);
    expect(isFabricError(refusal) && refusal.status).toBe(404);
    await store.deleteContent({ storePath: "Nothing" });
  });

  it("reports its disk", async () => {
    const { store } = await openScratch();
    const { diskInfo } = await store.getImageStoreInfo();
    expect(diskInfo?.capacity).toBeGreaterThan(diskInfo?.availableSpace ?? Number.POSITIVE_INFINITY);
  });

  it("copies folders with a mark file, without skipped files, and marks the copy", async () => {
    const { store, root } = await openScratch();
    await store.uploadPackage(applicationPackage(), { destination: "Shop/1" });
    writeTree(root, { "Shop/2/old.txt": "" });
    await store.copyContent({ source: "Shop/1", destination: "Shop/2", skipFiles: ["README.txt"] });
    const copied = treeOf(join(root, "Shop/2"));
    expect(copied).toContain("_.dir");
    expect(copied).not.toContain("old.txt");
    expect(copied).not.toContain("Notes/readme.txt");
    await store.deleteContent({ storePath: "Shop/1/_.dir" });
    await expect(store.copyContent({ source: "Shop/1", destination: "Shop/3" })).rejects.toThrow(
      /mark file Shop\/1\/_\.dir/,
    );
    await expect(store.copyContent({ source: "Shop", destination: "Shop/3" })).rejects.toThrow(
      /not overlap the source/,
    );
  });

  it("does not delete reserved folders", async () => {
    const { store, root } = await openScratch();
    mkdirSync(join(root, "Store"));
    await expect(store.deleteContent({ storePath: "Store" })).rejects.toThrow(/is reserved for the cluster/);
    expect(existsSync(join(root, "Store"))).toBe(true);
  });

  it("never leaves the folder by names or links, and never enters its own temporary folder", async () => {
    const outside = writeTree(scratchFolder(), { "precious.txt": "mine" });
    const { store, root } = await openScratch();
    symlinkSync(outside, join(root, "link"));
    for (const storePath of [
      "../x",
      "a/../../x",
      "..\\x",
      "/etc/x",
      "link/precious.txt",
      "link/new.txt",
      ".sf-image-store/x",
    ]) {
      const refused = await store
        .putFile({ storePath, content: new Uint8Array(1) })
        .catch((error: unknown) => error);
      expect(isInvalidInputError(refused), storePath).toBe(true);
      const kept = await store.deleteContent({ storePath }).catch((error: unknown) => error);
      expect(isInvalidInputError(kept), storePath).toBe(true);
    }
    expect(treeOf(outside)).toEqual(["precious.txt"]);
    expect(await entriesOf(store, undefined)).toEqual([]);
  });

  it("fails with a clear message for a missing folder", async () => {
    await expect(openFolder("/nowhere/store")).rejects.toThrow(
      /image store folder \/nowhere\/store cannot be used from here/,
    );
  });
});

async function entriesOf(store: StoreClient, storePath: string | undefined): Promise<string[]> {
  const found: StoreEntry[] = [];
  for await (const entry of store.listContent(storePath === undefined ? {} : { storePath }))
    found.push(entry);
  return found.map((entry) =>
    entry.kind === "file" ? `${entry.storePath} ${entry.fileSize}` : `${entry.storePath}/ ${entry.fileCount}`,
  );
}

function treeOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Returns some chunks and then hangs, like a broken disk. */
function stuckSource(size: number, pieces: number) {
  let stick = () => {};
  const isStuck = new Promise<void>((stuck) => {
    stick = stuck;
  });
  let given = 0;
  return {
    size,
    isStuck,
    async read({ startPosition, endPosition }: { startPosition: number; endPosition: number }) {
      given += 1;
      if (given <= pieces) return new Uint8Array(endPosition - startPosition + 1);
      stick();
      return new Promise<Uint8Array>(() => {});
    },
  };
}
