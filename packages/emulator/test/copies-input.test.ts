import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { allFiles, copyContent, putFiles } from "./content-exchange.js";
import { emulatorForTest } from "./exchange.js";
import { imageStoreForTest } from "./image-store-for-test.js";

describe("§1.5 a copy", () => {
  it.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
    "rejects the flag %s, which is a property of every object",
    async (CopyFlag) => {
      const emulator = await emulatorForTest();
      await putFiles(emulator, "a");
      const answer = await copyContent(emulator, { RemoteSource: "a", RemoteDestination: "b", CopyFlag });
      expect(answer).toMatchObject({ status: 400, code: "E_INVALIDARG" });
      expect(await allFiles(emulator)).toEqual(["a"]);
    },
  );

  it("never reads its source through a symbolic link", async () => {
    const store = await imageStoreForTest();
    const outside = scratchFolder();
    await writeFile(join(outside, "secret"), "secret");
    await symlink(join(outside, "secret"), join(outside, "link"));
    await expect(store.staging.duplicate(join(outside, "link"))).rejects.toMatchObject({ code: "ELOOP" });
    expect(await store.staging.usage()).toEqual({ bytes: 0n, files: 0 });
  });

  it.each([
    ["İİ\\ab", "İİ", "İİ"],
    ["ΑΣ\\_.dir", "ας", "ΑΣ"],
  ])(
    "of %s supports names whose lower case is longer or depends on the position",
    async (inside, asked, shown) => {
      const emulator = await emulatorForTest();
      const paths = [`${shown}/_.dir`, inside];
      await putFiles(emulator, ...paths.map((path) => encodeURIComponent(path)));
      const answer = await copyContent(emulator, { RemoteSource: asked, RemoteDestination: "b" });
      expect(answer.status).toBe(200);
      const copied = inside.slice(inside.indexOf("\\"));
      expect(await allFiles(emulator)).toEqual(expect.arrayContaining(["b\\_.dir", `b${copied}`]));
    },
  );
});
