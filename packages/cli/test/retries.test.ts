import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Fault } from "@sf-image-store/emulator";
import { sharedFolder } from "@sf-image-store/testing";
import { expect, it } from "vitest";
import { sendChunk, session1, storeForTest } from "./store-for-test.js";

const folder = sharedFolder();
const file = join(folder, "x.bin");
writeFileSync(file, "hello");

/** Twice, because the transport retries a request once if a kept connection was closed. */
const drop = (operation: NonNullable<Fault["operation"]>): Fault => ({
  operation,
  do: "drop-before",
  times: 2,
});

it.each<[string[], Fault]>([
  [["upload", file, "--to", "a/"], drop("GetClusterManifest")],
  [["upload", file, "--to", "a/"], drop("GetImageStoreContent")],
  [["upload", file, "--to", "a/", "--dry-run"], drop("GetImageStoreContent")],
  [["verify", file, "App/same"], drop("GetImageStoreContent")],
  [["ls", "App"], drop("GetImageStoreContent")],
  [["tree"], drop("GetImageStoreRootContent")],
  [["stat", "App/b"], drop("GetImageStoreUploadSessionByPath")],
  [["du"], drop("GetImageStoreRootFolderSize")],
  [["info"], drop("GetImageStoreInfo")],
  [["cp", "App/a", "copy"], drop("GetImageStoreContent")],
  [["rm", "App/a", "--yes"], drop("DeleteImageStoreContent")],
  [["prune", "--keep", "1"], drop("GetImageStoreRootContent")],
  [["session", "list", "App/b"], drop("GetImageStoreUploadSessionByPath")],
  [["session", "show", session1], drop("GetImageStoreUploadSessionById")],
  [["session", "delete", session1, "--yes"], drop("DeleteImageStoreUploadSession")],
  [["doctor"], drop("GetImageStoreRootContent")],
])("%j survives a dropped request, and reports it with --verbose", async (args, fault) => {
  const store = await storeForTest();
  await store.put("App/a", 3);
  await store.put("App/same", 5);
  await sendChunk(store, "App/b", 0, 10);
  store.emulator.addFault(fault);
  const { code, stderr } = await store.run(...args, "--verbose");
  expect(stderr).toContain("no response,");
  expect(code).toBe(0);
});

it("retries as often as --max-retries allows", async () => {
  const store = await storeForTest({ faults: [{ ...drop("GetClusterManifest"), times: 3 }] });
  const refused = await store.run("upload", file, "--max-retries", "0");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("GetClusterManifest") });
  expect((await store.run("upload", file, "--max-retries", "2")).code).toBe(0);
});
