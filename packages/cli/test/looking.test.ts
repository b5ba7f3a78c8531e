import { applicationPackage } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { resultOf, type StoreForTest, sendChunk, session1, storeForTest } from "./store-for-test.js";

async function packageForTest(options = {}): Promise<StoreForTest> {
  const store = await storeForTest(options);
  await store.put("App/Pkg/Code.zip", 2048);
  await store.put("App/Pkg/_.dir", 0);
  await store.put("App/a.xml", 10);
  await store.put("App/_.dir", 0);
  await store.put("Half/b.txt", 1);
  return store;
}

describe("tree", () => {
  it("shows folders with their content, without mark files", async () => {
    const { run } = await packageForTest();
    const { code, stdout, stderr } = await run("tree");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")).toEqual([
      "/",
      "├── App/",
      "│   ├── a.xml",
      "│   └── Pkg/",
      "│       └── Code.zip",
      "└── Half/",
      "    └── b.txt",
      "",
      "3 folders, 3 files",
      "",
    ]);
  });

  it("shows the sizes of files and folders with --sizes", async () => {
    const { run } = await packageForTest();
    const { stdout } = await run("tree", "App", "--sizes");
    expect(stdout).toContain(
      "└── Pkg/  2.00 KiB\n    └── Code.zip  2.00 KiB\n\n1 folder, 2 files, 2.01 KiB\n",
    );
  });

  it("counts the files below --depth", async () => {
    const { run } = await packageForTest();
    const { stdout } = await run("tree", "--depth", "0");
    expect(stdout).toBe("/\n├── App/  (2 files)\n└── Half/  (1 file)\n\n3 folders, 3 files\n");
  });

  it("prints nested folders with --json, and whether they are complete", async () => {
    const { run } = await packageForTest();
    expect(resultOf(await run("tree", "--json"))).toMatchObject({
      kind: "folder",
      storePath: "",
      entries: [
        { storePath: "App", isComplete: true, entries: [{ kind: "file", fileSize: 10 }, { kind: "folder" }] },
        { storePath: "Half", isComplete: false },
      ],
    });
  });

  it("counts a folder that Windows lists in two spellings only once", async () => {
    const store = await storeForTest();
    await store.put("App/x", 1);
    await store.put("app/y", 1);
    const { stdout } = await store.run("tree");
    expect(stdout).toMatch(/1 folder, 2 files\n$/);
  });

  it("shows only the root of an empty store, and exits with 4 for a missing path", async () => {
    const { run } = await storeForTest();
    expect(await run("tree")).toMatchObject({ code: 0, stdout: "/\n\n0 folders, 0 files\n" });
    expect(await run("tree", "No")).toMatchObject({
      code: 4,
      stderr: "Error: No does not exist in the image store.\n",
    });
  });
});

describe("the number of files", () => {
  it("is the same in every command, without mark files", async () => {
    const store = await storeForTest();
    const directory = applicationPackage();
    const counts = async (...args: string[]): Promise<string | undefined> => {
      const { stdout, code } = await store.run(...args);
      expect(code, args.join(" ")).toBe(0);
      return /\b(\d+) files?/.exec(stdout)?.[0];
    };
    expect(await counts("upload", directory, "--to", "App")).toBe("6 files");
    expect(await counts("verify", directory, "App")).toBe("6 files");
    expect(await counts("cp", "App", "Copy")).toBe("6 files");
    expect(await counts("ls", "-l")).toBe("6 files");
    expect(await counts("tree", "App")).toBe("6 files");
    expect(await counts("tree", "--depth", "0")).toBe("6 files");
    expect(await counts("stat", "App")).toBe("6 files");
    expect(await counts("prune", "--keep", "1")).toBe("6 files");
    expect(await counts("mv", "App", "Moved")).toBe("6 files");
    expect(await counts("rm", "Moved", "-y")).toBe("6 files");
  });
});

describe("stat", () => {
  it("shows the content of a folder, and whether it is complete", async () => {
    const { run } = await packageForTest();
    const { stdout } = await run("stat", "App/");
    expect(stdout).toMatch(
      /^path +App\/\nkind +folder with 2 files, 1 folder\nsize +2\.01 KiB \(2058 bytes\)\n/,
    );
    expect(stdout).toContain("yes, has a mark file (_.dir)");
    expect((await run("stat", "Half")).stdout).toContain("no mark file (_.dir)");
  });

  it("shows the size, date and version of a file, whatever the case of its path", async () => {
    const { run } = await packageForTest();
    const { stdout } = await run("stat", "app\\pkg\\code.zip");
    expect(stdout).toMatch(/^path +App\/Pkg\/Code\.zip\nkind +file\n/);
    expect(stdout).toMatch(/^version +\d+ \(epoch \d+\.\d+\)$/m);
    const result = resultOf(await run("stat", "--json", "App/a.xml"));
    expect(result).toMatchObject({
      kind: "file",
      fileSize: 10,
      fileVersion: { versionNumber: expect.stringMatching(/^\d+$/) },
      sessions: [],
    });
  });

  it.each(["App/New.zip", "App\\New.zip"])(
    "finds an upload whose file does not exist yet, sent as %s",
    async (sent) => {
      const store = await storeForTest();
      await sendChunk(store, sent, 0, 570);
      const { code, stdout } = await store.run("stat", "App/New.zip");
      expect(code).toBe(0);
      expect(stdout).toMatch(/^kind +does not exist yet, upload in progress$/m);
      expect(stdout).toMatch(new RegExp(`^session +${session1}, 57 %, 570 B of 1000 B$`, "m"));
    },
  );

  it("works with a Linux gateway, which has no sessions", async () => {
    const { run } = await packageForTest({ platform: "linux" });
    const { code, stdout } = await run("stat", "App");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sessions +not supported by this image store$/m);
    expect(resultOf(await run("stat", "App", "--json"))).toMatchObject({ sessions: null });
  });

  it("exits with 4 for a missing path, and with 2 for the root", async () => {
    const { run } = await packageForTest();
    expect((await run("stat", "No")).code).toBe(4);
    expect((await run("stat", "/")).code).toBe(2);
  });
});

describe("du", () => {
  it("shows the sizes of folders, the requested one last", async () => {
    const { run } = await packageForTest();
    const { code, stdout } = await run("du");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "2.01 KiB  App\n     1 B  Half\n2.01 KiB  /\n" });
  });

  it("descends to --depth, and accepts a file", async () => {
    const { run } = await packageForTest();
    expect((await run("du", "--depth", "0")).stdout).toBe("2.01 KiB  /\n");
    expect((await run("du", "--depth", "2")).stdout).toBe(
      "2.00 KiB  App/Pkg\n2.01 KiB  App\n     1 B  Half\n2.01 KiB  /\n",
    );
    expect((await run("du", "App/a.xml")).stdout).toBe("10 B  App/a.xml\n");
  });

  it("adds up file sizes if the cluster is too old, and reports the method", async () => {
    const now = await packageForTest();
    const old = await packageForTest({ apiVersionMax: "6.4" });
    const [told, added] = [
      await now.run("du", "-v", "--depth", "2"),
      await old.run("du", "-v", "--depth", "2"),
    ];
    expect(told.stderr).toContain("The cluster reported these sizes.");
    expect(added.stderr).toContain("These sizes are sums of file sizes");
    expect(added.stdout).toBe(told.stdout);
    expect(resultOf(await old.run("du", "--json"))).toMatchObject({ method: "summed" });
  });

  it("is zero for an empty store", async () => {
    const { run } = await storeForTest();
    expect(await run("du")).toMatchObject({ code: 0, stdout: "0 B  /\n" });
  });
});

describe("info", () => {
  it("shows the disk usage", async () => {
    const { run } = await packageForTest();
    const { code, stdout } = await run("info");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^disk +[\d.]+ \S+B\nfree +[\d.]+ \S+B +\d+ %\nprovisioned packages +0 B +0 files\n/,
    );
    expect(resultOf(await run("info", "--json"))).toMatchObject({
      diskInfo: { capacity: expect.any(Number) },
      usedByCopy: { usedSpace: 0, fileCount: 0 },
    });
  });

  it("explains what to do if the cluster is too old", async () => {
    const { run } = await packageForTest({ apiVersionMax: "6.4" });
    const { code, stdout, stderr } = await run("info");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/requires Service Fabric 6\.5 or later\. .*sf-image-store du\n$/);
  });
});

describe("paths in the store", () => {
  it.each([["ls"], ["tree"], ["du"], ["stat"], ["rm", "-y"]])(
    "cannot contain wildcards in %s",
    async (...command) => {
      const { run } = await packageForTest();
      const { code, stdout, stderr } = await run(...command, "App/*.xml");
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain('Wildcards are not supported: "*.xml". Use the full path.');
    },
  );
});
