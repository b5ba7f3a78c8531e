import { describe, expect, it } from "vitest";
import { useMemoryFolder } from "../memory-folder.js";
import { directoryOf } from "./directory.js";
import { startStore } from "./store.js";

const count = Number(process.env["UPLOAD_FILES"] ?? 1000);

useMemoryFolder();

describe(`${count} files`, () => {
  it("are stored without a warning about too many listeners or timers", async () => {
    await using store = await startStore();
    const names = Array.from({ length: count }, (_, index) => [
      `f${index % 50}/g${index % 7}/${index}.txt`,
      index % 9,
    ]);
    await using directory = await directoryOf(Object.fromEntries(names));
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on("warning", note);
    const result = await store.client.uploadPackage(directory.path, { destination: "Many" });
    process.off("warning", note);
    expect(result).toMatchObject({ files: count, folders: 401 });
    const writes = store.requests.filter(({ method }) => method === "PUT");
    // Plus the receipt.
    expect(writes).toHaveLength(count + 401 + 1);
    const { folderSize } = await store.client.getFolderSize({ storePath: "Many" });
    expect(folderSize).toBe(result.totalBytes);
    expect(warnings).toEqual([]);
  }, 180_000);
});
