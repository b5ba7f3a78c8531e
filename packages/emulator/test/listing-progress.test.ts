import { describe, expect, it } from "vitest";
import { listContent, listed, putFiles } from "./content-exchange.js";
import { emulatorForTest } from "./exchange.js";

describe("§1.3 a page that is too small for any entry", () => {
  it("still contains its first entry: a file, a folder's content and the root", async () => {
    const emulator = await emulatorForTest({ pageLimitBytes: 1 });
    await putFiles(emulator, "App/a", "App/b");
    expect(listed(await listContent(emulator, "App/a"))).toMatchObject({ files: ["App\\a"], token: "" });
    expect(listed(await listContent(emulator, "App"))).toMatchObject({ files: ["App\\a"], token: "App%5Cb" });
    expect(listed(await listContent(emulator))).toMatchObject({ folders: ["App 2"], token: "" });
  });

  it.each(["", "App"])(
    "after the last entry does not respond as if the path did not exist (%o)",
    async (path) => {
      const emulator = await emulatorForTest();
      await putFiles(emulator, "App/a");
      const query = "api-version=6.2&ContinuationToken=zzz";
      expect(await listContent(emulator, path, query)).toMatchObject({ status: 204, text: "" });
    },
  );
});

describe("§1.3 paging past folders whose names have the same prefix", () => {
  it.each([1, 160, 200, 250])("ends after listing every entry (%i bytes)", async (pageLimitBytes) => {
    const emulator = await emulatorForTest({ pageLimitBytes });
    await putFiles(emulator, "MyApp/x", "MyApp/y", "MyApp-b/x", "MyApp.v1/x", "A/x", "a/y", "A/z", "top");
    const folders = new Set<string>();
    const files = new Set<string>();
    let token: string | undefined = "";
    let pages = 0;
    do {
      const query: string = `api-version=6.2${token === "" ? "" : `&ContinuationToken=${token}`}`;
      const page = listed(await listContent(emulator, "", query));
      for (const folder of page.folders) folders.add(folder);
      for (const file of page.files) files.add(file);
      token = page.token;
      pages += 1;
    } while (token !== "" && token !== undefined && pages < 20);
    expect(pages).toBeLessThan(20);
    expect([...folders].sort()).toEqual(["A 1", "MyApp 2", "MyApp-b 1", "MyApp.v1 1", "a 1"]);
    expect([...files]).toEqual(["top"]);
  });
});
