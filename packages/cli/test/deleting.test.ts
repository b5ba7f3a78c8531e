import { once } from "node:events";
import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { resultOf, type StoreForTest, sendChunk, storeForTest } from "./store-for-test.js";

async function folders({ client }: StoreForTest): Promise<string[]> {
  const found: string[] = [];
  for await (const { storePath } of client.listContent()) found.push(storePath);
  return found;
}

async function twoPackages(): Promise<StoreForTest> {
  const store = await storeForTest();
  for (const name of ["One", "Two"]) {
    await store.put(`${name}/Pkg/a.bin`, 1024);
    await store.put(`${name}/_.dir`, 0);
  }
  return store;
}

describe("cp", () => {
  it("does not copy to a reserved folder", async () => {
    const store = await twoPackages();
    const { code, stderr } = await store.run("cp", "One", "Store/One");
    expect(code).toBe(2);
    expect(stderr).toMatch(/Store\/One is reserved for the cluster/);
  });

  it("copies a folder without skipped names", async () => {
    const store = await twoPackages();
    await store.put("One/Notes.md", 1);
    const { code, stdout } = await store.run("cp", "One", "Three", "--skip", "notes.md", "--skip", "b");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "Copied One to Three: 1 file, 1.00 KiB.\n" });
    expect((await store.run("ls", "Three")).stdout).toBe("Three/Pkg/\n");
  });

  it("overwrites a complete package only with --replace, and skips it with --echo", async () => {
    const store = await twoPackages();
    await store.put("Two/Extra.txt", 1);
    expect((await store.run("cp", "One", "Two", "--echo")).code).toBe(0);
    const refused = await store.run("cp", "One", "Two");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /^Error: Two already contains a complete package\. .* Pass --replace to overwrite it, or choose another path\.$/m,
    );
    expect((await store.run("ls", "Two")).stdout).toContain("Extra.txt");
    await store.run("cp", "One", "Two", "--replace");
    expect((await store.run("ls", "Two")).stdout).not.toContain("Extra.txt");
  });

  it("overwrites an incomplete destination", async () => {
    const store = await twoPackages();
    await store.put("Half/a", 1);
    expect((await store.run("cp", "One", "Half")).code).toBe(0);
    expect((await store.run("ls", "Half")).stdout).toBe("Half/Pkg/\n");
  });

  it("explains why a folder without a mark file cannot be copied, and exits with 4", async () => {
    const store = await storeForTest();
    await store.put("Half/a", 1);
    const { code, stderr } = await store.run("cp", "Half", "Other");
    expect(code).toBe(4);
    expect(stderr).toMatch(/^Error: Cannot copy Half: it has no mark file \(_\.dir\)/);
  });

  it("exits with 2 for a destination inside the source", async () => {
    const { run } = await twoPackages();
    expect((await run("cp", "One", "One/Copy")).code).toBe(2);
  });
});

describe("mv", () => {
  it("copies, verifies, and deletes the source", async () => {
    const store = await twoPackages();
    const { code, stdout } = await store.run("mv", "One", "Three");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "Moved One to Three: 1 file, 1.00 KiB.\n" });
    expect(await folders(store)).toEqual(["Three", "Two"]);
  });

  it("moves a file into a folder", async () => {
    const store = await twoPackages();
    expect((await store.run("mv", "One/Pkg/a.bin", "Other/")).code).toBe(0);
    expect((await store.run("tree")).stdout).toContain("Other/\n│   └── a.bin");
    expect((await store.run("stat", "One/Pkg/a.bin")).code).toBe(4);
  });

  it("refuses to overwrite a complete package, and then deletes nothing", async () => {
    const store = await twoPackages();
    const { code, stderr } = await store.run("mv", "One", "Two");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Error: Two already contains a complete package/);
    expect(await folders(store)).toEqual(["One", "Two"]);
    expect((await store.run("mv", "One", "Two", "--replace")).code).toBe(0);
    expect(await folders(store)).toEqual(["Two"]);
  });

  it("deletes nothing that it could not copy, or that is reserved", async () => {
    const store = await twoPackages();
    await store.put("Half/a", 1);
    expect((await store.run("mv", "Half", "Other")).code).toBe(4);
    expect((await store.run("mv", "One", "Store/One")).code).toBe(2);
    expect((await store.run("mv", "Store/One", "Other")).code).toBe(2);
    expect((await store.run("mv", "One", "One/Below")).code).toBe(2);
    expect(await folders(store)).toEqual(["Half", "One", "Two"]);
  });

  it("does not delete a source that was written during the copy", async () => {
    const store = await twoPackages();
    const gateway = createServer(async (request, response) => {
      const { method = "GET", url = "" } = request;
      const body = Buffer.concat(await request.toArray());
      if (url.includes("/$/Copy")) await store.put("One/Pkg/late.bin", 5);
      const headers = { "content-type": request.headers["content-type"] ?? "" };
      const content = body.length === 0 ? {} : { headers, body };
      const answer = await fetch(store.emulator.endpoint + url, { method, ...content });
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
    onTestFinished(() => void gateway.close());
    await once(gateway.listen(0, "127.0.0.1"), "listening");
    const address = gateway.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const { code, stderr } = await store.run("mv", "One", "Three", "--endpoint", `http://127.0.0.1:${port}`);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        "Error: One changed while it was copied, so it was not deleted. To copy it again, run the same command with --replace.\n",
    });
    expect(await folders(store)).toEqual(["One", "Three", "Two"]);
  });

  it("says that an earlier move is done", async () => {
    const store = await twoPackages();
    await store.run("mv", "One", "Three");
    const { code, stderr } = await store.run("mv", "One", "Three");
    expect({ code, stderr }).toEqual({
      code: 4,
      stderr:
        "Error: One does not exist in the image store, but Three does. If an earlier move was interrupted, it is done.\n",
    });
  });
});

describe("rm without a terminal", () => {
  it("deletes with --yes, and reports what", async () => {
    const store = await twoPackages();
    const { code, stdout } = await store.run("rm", "--yes", "One/", "Two/Pkg/a.bin");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "Deleted One/  1 file, 1.00 KiB\nDeleted Two/Pkg/a.bin  1.00 KiB\n",
    });
    expect(await folders(store)).toEqual(["Two"]);
  });

  it.each([[[]], [["--json"]], [["--quiet"]]])(
    "fails without --yes, with %j, and exits with 2",
    async (flags) => {
      const store = await twoPackages();
      expect((await store.run("rm", "One", ...flags)).code).toBe(2);
      expect(await folders(store)).toEqual(["One", "Two"]);
    },
  );

  it("deletes nothing and exits with 4 if a path does not exist; with --force it deletes the rest", async () => {
    const store = await twoPackages();
    const { code, stderr } = await store.run("rm", "-y", "One", "No");
    expect(code).toBe(4);
    expect(stderr).toContain(
      "Not found in the image store: No. Nothing was deleted. To delete the rest, pass --force.",
    );
    expect(await folders(store)).toEqual(["One", "Two"]);
    const result = resultOf(await store.run("rm", "-y", "-f", "One", "No", "--json"));
    expect(result).toEqual({
      deleted: [{ kind: "folder", storePath: "One", fileCount: 1, size: 1024 }],
      absent: ["No"],
    });
  });

  it.each(["/", "", "Store", "store/App", "\\WindowsFabricStore\\"])("rejects %j", async (path) => {
    const store = await twoPackages();
    await store.put("Store/App/a", 1);
    const { code, stdout, stderr } = await store.run("rm", "--yes", "--force", "One", path);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/is reserved for the cluster|The root of the image store is not allowed here/);
    expect(await folders(store)).toContain("One");
  });

  it("reports what was already deleted if a deletion fails", async () => {
    const store = await twoPackages();
    store.emulator.addFault({
      operation: "DeleteImageStoreContent",
      path: "Two",
      times: 99,
      do: "answer",
      status: 500,
      code: "E_FAIL",
    });
    const { code, stderr } = await store.run("rm", "--yes", "One", "Two");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: .*\nDeleted before that: One\.$/m);
    const quiet = await store.run("rm", "--yes", "--quiet", "--json", "Two/Pkg", "Two");
    expect(JSON.parse(quiet.stdout)).toMatchObject({ error: { details: { deleted: ["Two/Pkg"] } } });
  });
});

describe("rm, on a terminal", () => {
  it("shows what it would delete, asks, and deletes after yes", async () => {
    const store = await twoPackages();
    const terminal = store.onTerminal("rm", "One", "Two/Pkg/a.bin");
    await terminal.shows("Delete? [y/N] ");
    expect(terminal.output()).toContain("One/  1 file, 1.00 KiB\r\nTwo/Pkg/a.bin  1.00 KiB\r\n");
    terminal.type("y\r");
    expect(await terminal.exited).toBe(0);
    expect(await folders(store)).toEqual(["Two"]);
  });

  it.each([
    ["no", "n\r"],
    ["nothing but return", "\r"],
    ["something else", "yesterday\r"],
    ["the end of the input", "\u0004"],
  ])("deletes nothing for %s, and exits with 1", async (_, answer) => {
    const store = await twoPackages();
    const terminal = store.onTerminal("rm", "One");
    await terminal.shows(/\[y\/N\] /);
    terminal.type(answer);
    expect(await terminal.exited).toBe(1);
    expect(terminal.output()).toContain("Nothing was deleted.");
    expect(await folders(store)).toEqual(["One", "Two"]);
  });

  it("exits with 130 after Ctrl+C at the question", async () => {
    const store = await twoPackages();
    const terminal = store.onTerminal("rm", "One");
    await terminal.shows(/\[y\/N\] /);
    terminal.type("\u0003");
    expect(await terminal.exited).toBe(130);
    expect(await folders(store)).toEqual(["One", "Two"]);
  });
});

const day = 86_400_000;

/** Packages by the age of their newest file in days. The store's clock is set back to make them. */
async function agedPackages(ages: Readonly<Record<string, number>>): Promise<StoreForTest> {
  let agoMs = 0;
  const store = await storeForTest({ clock: { now: () => Date.now() - agoMs } });
  for (const [name, days] of Object.entries(ages)) {
    agoMs = days * day;
    await store.put(`${name}/Pkg/a.bin`, 1024);
    await store.put(`${name}/_.dir`, 0);
  }
  agoMs = 0;
  return store;
}

describe("prune", () => {
  it("shows what it would delete and why, and deletes nothing without --yes", async () => {
    const store = await agedPackages({ A: 50, B: 40, C: 35, D: 1, Store: 90 });
    const { code, stdout } = await store.run("prune", "--older-than", "30d", "--keep", "2");
    expect(code).toBe(0);
    expect(stdout.split("\n")).toEqual([
      expect.stringMatching(/^keep +D\/ +1 file +1\.00 KiB +one of the 2 newest$/),
      expect.stringMatching(/^keep +C\/ .* one of the 2 newest$/),
      expect.stringMatching(/^delete +B\/ .* 40 days old$/),
      expect.stringMatching(/^delete +A\/ .* 50 days old$/),
      expect.stringMatching(/^keep +Store\/ +reserved for the cluster$/),
      "Would delete 2 folders of 5, 2.00 KiB. Nothing was deleted. To delete, pass --yes.",
      "",
    ]);
    expect(await folders(store)).toHaveLength(5);
  });

  it("deletes it with --yes", async () => {
    const store = await agedPackages({ A: 50, B: 40, C: 1, Store: 90, WindowsFabricStore: 90 });
    const result = await store.run("prune", "--older-than", "45d", "--yes", "--json");
    expect(resultOf(result)).toMatchObject({
      isDryRun: false,
      olderThanMs: 45 * day,
      keep: null,
      packages: [
        { storePath: "C", action: "keep", reason: "young" },
        { storePath: "B", action: "keep", reason: "young" },
        { storePath: "A", action: "delete", reason: "old", fileCount: 1, size: 1024 },
        { reason: "reserved" },
        { reason: "reserved" },
      ],
    });
    expect(await folders(store)).toEqual(["B", "C", "Store", "WindowsFabricStore"]);
  });

  it("considers only the given folder", async () => {
    const store = await agedPackages({ "Team/A": 50, "Team/B": 40, Other: 60 });
    await store.run("prune", "Team", "--keep", "1", "--yes");
    expect((await store.run("tree", "--depth", "1")).stdout).toMatch(/Other\/\n(.*\n)*.*Team\/\n.*B\//);
    expect((await store.run("ls", "Team")).stdout).toBe("Team/B/\n");
  });

  it("keeps a package with an upload in progress, although its files are old", async () => {
    const store = await agedPackages({ A: 50, B: 50 });
    await sendChunk(store, "A/Pkg/a.bin", 0, 10);
    const { stdout } = await store.run("prune", "--older-than", "30d", "--yes");
    expect(stdout).toMatch(/^keep +A\/ .* an upload is in progress$/m);
    expect(await folders(store)).toEqual(["A"]);
  });

  it("works with a Linux gateway, which has no sessions", async () => {
    let agoMs = 50 * day;
    const store = await storeForTest({ platform: "linux", clock: { now: () => Date.now() - agoMs } });
    // More than are asked for at a time.
    for (let i = 0; i < 20; i++) await store.put(`A/${i}`, 1);
    agoMs = 0;
    expect(await store.run("prune", "--older-than", "30d", "--yes")).toMatchObject({ code: 0, stderr: "" });
    expect(await folders(store)).toEqual([]);
  });

  it("counts a folder that Windows lists in two spellings only once", async () => {
    const store = await agedPackages({ Old: 50, MyApp: 1 });
    await store.put("myapp/b.bin", 1);
    expect(new Set(await folders(store))).toEqual(new Set(["MyApp", "myapp", "Old"]));
    const { stdout } = await store.run("prune", "--keep", "1", "--yes");
    expect(stdout).toMatch(/Deleted 1 folder of 2, /);
    expect(new Set(await folders(store))).toEqual(new Set(["MyApp", "myapp"]));
  });

  it("exits with 2 without a rule, and for a reserved folder", async () => {
    const { run } = await agedPackages({ A: 50 });
    expect((await run("prune")).code).toBe(2);
    expect((await run("prune", "Store", "--keep", "1")).code).toBe(2);
    expect((await run("prune", "--keep", "0")).code).toBe(2);
    expect((await run("prune", "--older-than", "30")).code).toBe(2);
    expect((await run("prune", "No", "--keep", "1")).code).toBe(4);
  });
});
