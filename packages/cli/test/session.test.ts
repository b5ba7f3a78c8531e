import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { type CliResult, startCli } from "./cli-process.js";
import { resultOf, type StoreForTest, sendChunk, session1, storeForTest } from "./store-for-test.js";

const path = "App/Code.zip";
const unknown = "4a2340e8-d8d8-497c-95fe-cdaa1052f33c";

describe("session list", () => {
  it("lists the upload sessions of a file", async () => {
    const store = await storeForTest();
    await sendChunk(store, path, 0, 250);
    await sendChunk(store, "App\\Code.zip", 0, 1000, unknown);
    const { code, stdout } = await store.run("session", "list", path);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${session1} {2}\\S+Z {2}25 %, 250 B of 1000 B\n${unknown} .* 100 %`));
  });

  it("lists the sessions of all files in a folder", async () => {
    const store = await storeForTest();
    await store.put("App/a.bin", 10);
    await store.put("App/Pkg/b.bin", 10);
    await sendChunk(store, "App/a.bin", 0, 250);
    await sendChunk(store, "App/Pkg/b.bin", 0, 500, unknown);
    await sendChunk(store, "Other/a.bin", 0, 500, "4a2340e8-d8d8-497c-95fe-cdaa1052f33e");
    const { stdout } = await store.run("session", "list", "App");
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      [session1, expect.any(String), "25 %, 250 B of 1000 B", "App/a.bin"],
      [unknown, expect.any(String), "50 %, 500 B of 1000 B", "App/Pkg/b.bin"],
    ]);
  });

  it("finds files that are not in the image store yet by the directory of the package", async () => {
    const store = await storeForTest();
    const source = scratchFolder();
    mkdirSync(join(source, "Pkg"));
    writeFileSync(join(source, "Pkg/Code.zip"), "x");
    await sendChunk(store, "App/Pkg/Code.zip", 0, 250);
    await store.put("App/a.bin", 10);
    const none = await store.run("session", "list", "App");
    expect(none).toMatchObject({ code: 0, stdout: "" });
    expect(none.stderr).toMatch(/^No upload session for App or the 1 file in it\. .* pass --source/);
    const { stdout } = await store.run("session", "list", "App", "--source", source);
    expect(stdout).toMatch(new RegExp(`^${session1} .* 25 %, 250 B of 1000 B  App/Pkg/Code\\.zip\n$`));
  });

  it("reports on standard error if there is none", async () => {
    const { run } = await storeForTest();
    const { code, stdout, stderr } = await run("session", "list", path);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain(`No upload session for ${path}.`);
  });
});

describe("session show", () => {
  it("shows which bytes are missing", async () => {
    const store = await storeForTest();
    await sendChunk(store, path, 100, 200);
    const { stdout } = await store.run("session", "show", session1.toUpperCase());
    expect(stdout).toMatch(/^missing +bytes 0-99\nmissing +bytes 300-999$/m);
    expect(resultOf(await store.run("session", "show", session1, "--json"))).toMatchObject({
      sessionId: session1,
      missingBytes: 800,
      expectedRanges: [{ startPosition: 0, endPosition: 99 }, { startPosition: 300 }],
    });
  });
});

describe("session commit", () => {
  it("commits a complete upload", async () => {
    const store = await storeForTest();
    await sendChunk(store, path, 0, 1000);
    const { code, stdout } = await store.run("session", "commit", session1);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `Committed ${path}, 1000 B.\n` });
    expect((await store.run("ls", "App")).stdout).toBe(`${path}\n`);
  });

  it("rejects an incomplete upload, and reports how many bytes are missing", async () => {
    const store = await storeForTest();
    await sendChunk(store, path, 0, 100);
    const { code, stderr } = await store.run("session", "commit", session1);
    expect(code).toBe(1);
    expect(stderr).toContain(`Cannot commit the upload of ${path}: 900 B are missing.`);
  });
});

describe("session delete", () => {
  it("deletes a session with --yes, and fails without it if there is no terminal", async () => {
    const store = await storeForTest();
    await sendChunk(store, path, 0, 100);
    expect((await store.run("session", "delete", session1)).code).toBe(2);
    expect((await store.run("session", "delete", session1, "--yes")).stdout).toBe(
      `Deleted the upload session of ${path}.\n`,
    );
    expect(await store.client.getUploadSession({ sessionId: session1 })).toBeUndefined();
  });

  it("asks for confirmation on a terminal", async () => {
    const store = await storeForTest();
    await sendChunk(store, path, 0, 100);
    const terminal = store.onTerminal("session", "delete", session1);
    await terminal.shows("Delete? [y/N] ");
    terminal.type("yes\r");
    expect(await terminal.exited).toBe(0);
    expect(await store.client.getUploadSession({ sessionId: session1 })).toBeUndefined();
  });
});

describe.each(["show", "watch", "commit", "delete"])("session %s", (command) => {
  it("exits with 4 for an unknown session", async () => {
    const { run } = await storeForTest();
    const { code, stderr } = await run("session", command, unknown);
    expect(code).toBe(4);
    expect(stderr).toContain(`Session ${unknown} does not exist.`);
  });

  it("explains that the upload of a missing session may be complete, and how to check", async () => {
    const store = await storeForTest();
    const content = new Uint8Array(600_000);
    const { sessionId = "" } = await store.client.uploadFile(path, content);
    const { code, stderr } = await store.run("session", command, sessionId);
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /^Error: Session .* does not exist\. The upload may be complete: clients delete a session after committing it\./,
    );
    expect(stderr).toMatch(
      /^To check whether the file is in the image store, run: sf-image-store stat PATH$/m,
    );
  });

  it("explains that gateways on Linux do not support sessions", async () => {
    const { run } = await storeForTest({ platform: "linux" });
    const { code, stderr } = await run("session", command, session1);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Error: This cluster does not support upload sessions, because its gateway runs on Linux\./,
    );
  });

  it("exits with 2 for an invalid ID", async () => {
    const { run } = await storeForTest();
    expect((await run("session", command, "last")).code).toBe(2);
  });
});

describe.each(["commit", "delete"])("session %s, if the session disappears in the meantime", (command) => {
  /** Runs it on a complete session, with a proxy that makes the change before the command's own request gets through. */
  async function runWith(change: (store: StoreForTest) => Promise<void>): Promise<CliResult> {
    const store = await storeForTest();
    await sendChunk(store, path, 0, 1000);
    const proxy = createServer(async ({ method, url = "", headers }, answer) => {
      if (method !== "GET") await change(store);
      request(store.emulator.endpoint + url, { method, headers }, (from) => {
        answer.writeHead(from.statusCode ?? 500, from.headers);
        from.pipe(answer);
      }).end();
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void proxy.close());
    await once(proxy, "listening");
    const address = proxy.address();
    const endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const more = command === "delete" ? ["--yes"] : [];
    return store.run("session", command, session1, "--endpoint", endpoint, ...more);
  }

  it("reports that the file is in the store", async () => {
    const { code, stdout, stderr } = await runWith(async ({ client }) => {
      await client.commitUploadSession({ sessionId: session1 });
      await client.deleteUploadSession({ sessionId: session1 });
    });
    expect(code).toBe(command === "commit" ? 0 : 4);
    expect(stdout + stderr).toMatch(
      command === "commit"
        ? /^Committed App\/Code\.zip, 1000 B\.$/m
        : /no longer exists: the upload was committed, and App\/Code\.zip is in the image store\./,
    );
  });

  it("reports that the file is not in the store", async () => {
    const { code, stderr } = await runWith(({ client }) =>
      client.deleteUploadSession({ sessionId: session1 }),
    );
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /no longer exists, and App\/Code\.zip is not in the image store\. .*Run the upload again\./,
    );
  });
});

describe("session list of a Linux gateway", () => {
  it("reports that they are not supported", async () => {
    const { run } = await storeForTest({ platform: "linux" });
    expect((await run("session", "list", path)).stderr).toMatch(/runs on Linux/);
  });
});

describe("session watch", () => {
  const watch = ["session", "watch", session1, "--interval", "1s"];

  it("prints a line per change in a pipe, and exits when all bytes have arrived", async () => {
    const store = await storeForTest();
    await sendChunk(store, path, 0, 500);
    const environment = { SF_ENDPOINT: store.emulator.endpoint };
    const { result, stderr } = startCli(watch, environment);
    await expect.poll(stderr).toContain("50 %, 500 B of 1000 B, 1 gap\n");
    await sendChunk(store, path, 500, 500);
    expect(await result).toEqual({
      code: 0,
      stdout: `All bytes of ${path} have arrived. The upload is not committed yet.\n`,
      stderr: `Upload of ${path}\n50 %, 500 B of 1000 B, 1 gap\n100 %, 1000 B of 1000 B, 0 gaps\n`,
    });
  });

  it("prints JSON lines and one document with --json", async () => {
    const store = await storeForTest();
    await sendChunk(store, path, 0, 500);
    const { result, stderr } = startCli([...watch, "--json"], { SF_ENDPOINT: store.emulator.endpoint });
    await expect.poll(stderr).toContain('"event":"session"');
    await sendChunk(store, path, 500, 500);
    const ended = await result;
    expect(resultOf(ended)).toMatchObject({ state: "complete", missingBytes: 0 });
    const events = ended.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.filter(({ event }) => event === "session")).toMatchObject([
      { sessionId: session1, missingBytes: 500, expectedRanges: [{ startPosition: 500, endPosition: 999 }] },
      { missingBytes: 0, expectedRanges: [] },
    ]);
  });

  it("redraws a bar on a terminal of 80 columns", async () => {
    const store = await storeForTest();
    await sendChunk(store, path, 250, 250);
    const terminal = store.onTerminal(...watch);
    await terminal.shows(/25 %/);
    await sendChunk(store, path, 0, 250);
    await terminal.shows(/50 %/);
    await sendChunk(store, path, 500, 500);
    expect(await terminal.exited).toBe(0);
    const bars = terminal
      .output()
      .split("\r\u001b[2K")
      .slice(1)
      .map((bar) => bar.split(/[\r\n]/)[0] ?? "");
    expect(bars[0]).toBe("[·······▒███████···············] 25 %, 250 B of 1000 B, 2 gaps");
    expect(bars).toContain("[███████████████···············] 50 %, 500 B of 1000 B, 1 gap");
    expect(bars.at(-1)).toBe("[██████████████████████████████] 100 %, 1000 B of 1000 B, 0 gaps");
    expect(Math.max(...bars.map(({ length }) => length))).toBeLessThan(80);
  });

  it("distinguishes a committed upload from a deleted session", async () => {
    const store = await storeForTest();
    await sendChunk(store, path, 0, 500);
    const environment = { SF_ENDPOINT: store.emulator.endpoint };
    const first = startCli(watch, environment);
    const second = startCli(["session", "watch", unknown, "--interval", "1s"], environment);
    expect((await second.result).code).toBe(4);
    await expect.poll(first.stderr).toContain("50 %");
    await store.client.deleteUploadSession({ sessionId: session1 });
    expect(await first.result).toMatchObject({
      code: 4,
      stdout: "",
      stderr: expect.stringContaining(
        `no longer exists, and ${path} is not in the image store. At the last check, 50 %`,
      ),
    });
    await sendChunk(store, path, 0, 500);
    const third = startCli(watch, environment);
    await expect.poll(third.stderr).toContain("50 %");
    await store.put(path, 1000);
    await store.client.deleteUploadSession({ sessionId: session1 });
    expect(await third.result).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Committed App\/Code\.zip, 1000 B\. The session no longer exists\./),
    });
  });

  it("exits with 130 after Ctrl+C", async () => {
    const store = await storeForTest();
    await sendChunk(store, path, 0, 500);
    const terminal = store.onTerminal(...watch);
    await terminal.shows(/50 %/);
    terminal.type("\u0003");
    expect(await terminal.exited).toBe(130);
  });
});
