import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import { operations } from "@sf-image-store/types";
import { operations as applicationOperations } from "@sf-image-store/types/applications";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { html } from "../src/explorer/html.js";
import { changesBetween, heartbeatMs, LiveFeed } from "../src/explorer/live-feed.js";
import { eventsPath, explorerPath } from "../src/explorer/pages.js";
import type { StoredFile } from "../src/store/catalog.js";
import { deployed, minutes, monitored, post } from "./application-exchange.js";
import { putFile, putFiles } from "./content-exchange.js";
import {
  commit,
  deleteSession,
  emulatorForTest,
  send,
  sendChunk,
  session1,
  session2,
  version,
} from "./exchange.js";
import { openEvents } from "./explorer-events.js";
import { imageStoreForTest } from "./image-store-for-test.js";

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

describe("the explorer", () => {
  it("consists of files of the emulator, and its policy allows nothing else", async () => {
    const emulator = await emulatorForTest();
    const { text, headers } = await send(emulator, "GET", explorerPath);
    expect(headers["content-security-policy"]).toBe(policy);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(text).not.toMatch(
      /<script(?! type="module" src="\/Explorer\/main\.js"><\/script>)|<style|\bstyle=|\bon[a-z]+=/,
    );
    expect(text.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\/|<img|<iframe/);
    const found = new Set(["explorer.css", "main.js"]);
    for (const name of found) {
      const file = await send(emulator, "GET", `/Explorer/${name}`);
      expect(file).toMatchObject({ status: 200, headers: { "content-security-policy": policy } });
      expect(file.headers["content-type"]).toBe(
        name.endsWith(".js") ? "text/javascript; charset=utf-8" : "text/css; charset=utf-8",
      );
      expect(file.text).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|\burl\(|@import url/);
      for (const [, imported] of file.text.matchAll(/from "\.\/([^"]+)"/g)) found.add(imported ?? "");
    }
    expect(found.size).toBeGreaterThan(5);
  });

  it("shows the reference of every operation that the gateway has", async () => {
    const { text } = await send(await emulatorForTest(), "GET", explorerPath);
    for (const [operationId, { method, path }] of Object.entries({
      ...operations,
      ...applicationOperations,
    })) {
      expect(text).toContain(
        `data-method="${method}">${method}</span>\n<code>${path}</code> <span class="quiet">${operationId}<`,
      );
    }
    expect(text).toContain("<code>Content-Range</code>");
    expect(text).toContain("application/octet-stream");
    const linux = await send(await emulatorForTest({ platform: "linux" }), "GET", explorerPath);
    expect(linux.text).toContain("GetImageStoreContent<");
    expect(linux.text).not.toContain("UploadFileChunk<");
  });

  it("escapes what is inserted into HTML", () => {
    expect(String(html`<p title="${"\"><script>'"}">${"<b>&"}</p>`)).toBe(
      '<p title="&quot;&gt;&lt;script&gt;&#39;">&lt;b&gt;&amp;</p>',
    );
  });

  it("responds to HEAD without a body, and rejects other methods and paths", async () => {
    const emulator = await emulatorForTest();
    const head = await send(emulator, "HEAD", explorerPath);
    expect(head).toMatchObject({ status: 200, text: "" });
    expect(Number(head.headers["content-length"])).toBeGreaterThan(1000);
    expect(await send(emulator, "HEAD", eventsPath)).toMatchObject({ status: 200, text: "" });
    for (const path of [explorerPath, eventsPath, "/Explorer/main.js"]) {
      expect((await send(emulator, "POST", path)).status).toBe(404);
    }
    for (const path of [
      "/Explorer/x",
      "/Explorer/index.html/x",
      "/Explorer/../package.json",
      "/explorer.css",
    ]) {
      expect((await send(emulator, "GET", path)).status).toBe(404);
    }
  });
});

describe("the events of the explorer", () => {
  /** The emulator looks for changes when this time has passed. */
  const tick = () => vi.advanceTimersByTime(250);
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("begin with the whole state", async () => {
    const emulator = await emulatorForTest();
    await putFile(emulator, "App/Code/a.bin", Buffer.alloc(3));
    await sendChunk(emulator, { range: "bytes 0-249/1000", body: "x" });
    const stream = await openEvents(emulator);
    expect(stream.headers).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "content-security-policy": policy,
    });
    expect(await stream.next("hello")).toEqual({
      platform: "windows",
      separator: "\\",
      apiVersionMax: "11.3",
      location: expect.stringContaining(emulator.location),
      heartbeatMs: 10_000,
    });
    expect(await stream.next("files")).toEqual({
      removed: [],
      written: [{ path: "App\\Code\\a.bin", size: 3, modifiedAt: expect.any(Number), version: 1 }],
    });
    expect((await stream.next("sessions")).sessions).toMatchObject([{ id: session1, path: "App/a.txt" }]);
    const { entries, skipped } = await stream.next("requests");
    expect(entries.map(({ operationId }) => operationId)).toEqual(["UploadFile", "UploadFileChunk"]);
    expect(skipped).toBe(0);
  });

  it("describe sessions: what has arrived, what is missing, and when they expire", async () => {
    const clock = { now: () => 1_000_000 };
    const emulator = await emulatorForTest({ clock, sessionLifetimeMs: 60_000 });
    const stream = await openEvents(emulator);
    expect(await stream.next("sessions")).toEqual({ now: 1_000_000, sessions: [] });
    await sendChunk(emulator, { range: "bytes 0-249/1000", body: "x" });
    await sendChunk(emulator, { range: "bytes 500-749/1000", body: "x" });
    await sendChunk(emulator, { id: session2, path: "zero", range: "bytes 0-0/0", body: "" });
    tick();
    const one = {
      id: session1,
      path: "App/a.txt",
      size: 1000,
      receivedBytes: 500,
      missing: [
        [250, 499],
        [750, 999],
      ],
      missingCount: 2,
      expiresAt: 1_060_000,
    };
    const two = { id: session2, path: "zero", size: 0, receivedBytes: 0, missing: [], missingCount: 0 };
    expect((await stream.next("sessions")).sessions).toEqual([one, { ...two, expiresAt: 1_060_000 }]);
    // Nothing changes but the time.
    emulator.advance(30_000);
    tick();
    expect(await stream.next("sessions")).toMatchObject({ now: 1_030_000, sessions: [one, two] });
    await deleteSession(emulator);
    tick();
    expect((await stream.next("sessions")).sessions).toMatchObject([two]);
    emulator.advance(600_000);
    tick();
    expect((await stream.next("sessions")).sessions).toEqual([]);
  });

  it("contain only what changed, once for all changes between two looks", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "a", "b", "c/d", "c/e");
    const stream = await openEvents(emulator);
    expect((await stream.next("files")).written).toHaveLength(4);
    await putFiles(emulator, "b", "f");
    await send(emulator, "DELETE", `/ImageStore/c?${version}`);
    await putFiles(emulator, "A");
    tick();
    const { removed, written } = await stream.next("files");
    expect(removed).toEqual(["a", "c\\d", "c\\e"]);
    expect(written.map(({ path }) => path)).toEqual(["A", "b", "f"]);
    // Nothing changes.
    await send(emulator, "DELETE", `/ImageStore/missing?${version}`);
    tick();
    await putFiles(emulator, "g");
    tick();
    expect(await stream.next("files")).toMatchObject({ removed: [], written: [{ path: "g" }] });
  });

  it("contain every request and fault, except requests for the page itself", async () => {
    const emulator = await emulatorForTest();
    const stream = await openEvents(emulator);
    expect(await stream.next("requests")).toEqual({ entries: [], skipped: 0 });
    for (const path of ["/", "/Explorer", explorerPath, "/Explorer/main.js"])
      await send(emulator, "GET", path);
    emulator.addFault({ operation: "UploadFileChunk", do: "answer", status: 504, code: "FABRIC_E_TIMEOUT" });
    await sendChunk(emulator, { range: "bytes 0-249/1000", body: "x" });
    await send(emulator, "GET", "/Explorer/x");
    await commit(emulator);
    tick();
    const { entries } = await stream.next("requests");
    expect(entries).toMatchObject([
      { number: 1, method: "PUT", code: "answer" },
      {
        number: 2,
        method: "PUT",
        operationId: "UploadFileChunk",
        status: 504,
        contentRange: "bytes 0-249/1000",
      },
      { number: 3, method: "GET", url: "/Explorer/x", status: 404 },
      { number: 4, method: "POST", operationId: "CommitImageStoreUploadSession" },
    ]);
    expect(entries[0]).not.toHaveProperty("durationMs");
    expect(entries[1]?.durationMs).toEqual(expect.any(Number));
  });

  it("contain the newest 500 requests, and the number of the others", async () => {
    const emulator = await emulatorForTest();
    for (let count = 0; count < 1010; count += 1) await send(emulator, "GET", `/x${count}`);
    await send(emulator, "GET", `/${"y".repeat(3000)}`);
    const { entries, skipped } = await (await openEvents(emulator)).next("requests");
    expect(entries).toHaveLength(500);
    expect(skipped).toBe(511);
    expect(entries[0]?.url).toBe("/x511");
    expect(entries.at(-1)?.url).toHaveLength(2001);
  });

  it("say what Linux gateways, and clusters without an image store service, do not have", async () => {
    const linux = await openEvents(await emulatorForTest({ platform: "linux", apiVersionMax: "6.4" }));
    expect(await linux.next("hello")).toMatchObject({
      platform: "linux",
      separator: "/",
      apiVersionMax: "6.4",
    });
    const share = await openEvents(
      await emulatorForTest({ imageStoreConnectionString: "file:C:\\Packages" }),
    );
    expect(await share.next("hello")).toMatchObject({ packagesElsewhere: "file:C:\\Packages" });
  });

  it("contain a heartbeat every 10 seconds, and nothing else while nothing happens", async () => {
    const stream = await openEvents(await emulatorForTest());
    await stream.next("requests");
    vi.advanceTimersByTime(20_000);
    await stream.next("heartbeat");
    await stream.next("heartbeat");
    expect(stream.unread).toBe(0);
  });

  it("show types, and applications with their health and their upgrades, while they change", async () => {
    const emulator = await deployed();
    const stream = await openEvents(emulator);
    const web = { name: "fabric:/App/Web", health: "Ok" };
    const app = { name: "fabric:/App", typeName: "T", version: "1", status: "Ready", health: "Ok" };
    const type = { name: "T", status: "Available", details: "" };
    expect(await stream.next("applications")).toEqual({
      types: [
        { ...type, version: "1" },
        { ...type, version: "2" },
      ],
      applications: [{ ...app, services: [web], reasons: [] }],
    });
    emulator.setHealth({
      application: app.name,
      service: web.name,
      version: "2",
      state: "Error",
      description: "Down.",
    });
    await post(emulator, "/Applications/App/$/Upgrade", monitored);
    emulator.advance(1000);
    tick();
    const reasons = ["fabric:/App/Web: Emulator reported Error on the property Health. Down."];
    expect((await stream.next("applications")).applications).toEqual([
      {
        ...app,
        status: "Upgrading",
        health: "Error",
        services: [{ ...web, health: "Error" }],
        reasons,
        upgrade: {
          state: "RollingForwardInProgress",
          isRunning: true,
          mode: "Monitored",
          target: "2",
          domains: ["InProgress", "Pending", "Pending"].map((state, index) => ({
            name: `UD${index}`,
            state,
          })),
          waitsFor: "",
          failure: "",
          reasons: [],
        },
      },
    ]);
    emulator.advance(20 * minutes);
    tick();
    expect((await stream.next("applications")).applications).toMatchObject([
      {
        ...app,
        upgrade: { state: "RollingBackCompleted", target: "1", failure: "HealthCheck", reasons },
      },
    ]);
    // Time alone changes nothing.
    emulator.advance(minutes);
    tick();
    await putFiles(emulator, "last");
    tick();
    await stream.next("files");
    await stream.next("requests");
    expect(stream.unread).toBe(0);
  });

  it("reach every open page, and end when the emulator closes", async () => {
    const emulator = await emulatorForTest();
    const first = await openEvents(emulator);
    await first.next("requests");
    await putFiles(emulator, "a");
    const second = await openEvents(emulator);
    await second.next("requests");
    await putFiles(emulator, "b");
    tick();
    for (const [stream, paths] of [
      [first, ["a", "b"]],
      [second, ["b"]],
    ] as const) {
      for (const path of paths) expect((await stream.next("files")).written).toMatchObject([{ path }]);
    }
    await emulator.close();
    await Promise.all([first.ended, second.ended]);
  });

  it("wait for a page that does not read, and then start over", async () => {
    const store = await imageStoreForTest();
    const facts = {
      platform: "windows",
      separator: "/",
      apiVersionMax: "6.0",
      location: "",
      heartbeatMs,
    } as const;
    const feed = new LiveFeed(store, Date, facts, () => ({ types: [], applications: [] }));
    const responses: ServerResponse[] = [];
    const server = createServer((_, response) => {
      responses.push(response);
      feed.follow(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const request = get({ port, host: "127.0.0.1", agent: false });
    const [incoming]: IncomingMessage[] = await once(request, "response");
    incoming?.pause();
    const url = `/${"x".repeat(1900)}`;
    for (let round = 0; round < 60; round += 1) {
      for (let count = 0; count < 500; count += 1) {
        feed.recordRequest({ method: "GET", url, code: "OK", durationMs: 1 });
      }
      tick();
    }
    // About 1 MiB per round, of which the operating system takes a few.
    expect(responses[0]?.writableLength).toBeGreaterThan(8 * 1024 * 1024);
    expect(responses[0]?.writableLength).toBeLessThan(10 * 1024 * 1024);
    let text = "";
    incoming?.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
    incoming?.resume();
    await vi.waitFor(() => expect(responses[0]?.writableLength).toBe(0), 10_000);
    tick();
    await vi.waitFor(() => expect(text.match(/event: hello/g)).toHaveLength(2), 10_000);
    expect(text.lastIndexOf('"number":30000')).toBeGreaterThan(text.lastIndexOf("event: hello"));
    request.destroy();
  });

  it("cost nothing after all pages are closed", async () => {
    const before = vi.getTimerCount();
    const emulator = await emulatorForTest();
    const withoutPages = vi.getTimerCount();
    expect(withoutPages).toBe(before + 1);
    const streams = await Promise.all(Array.from({ length: 20 }, () => openEvents(emulator)));
    for (const stream of streams) await stream.next("requests");
    expect(vi.getTimerCount()).toBe(withoutPages + 1);
    for (const stream of streams) stream.close();
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(withoutPages), 10_000);
  });
});

describe("the changes between two states of the store", () => {
  const file = (path: string): StoredFile => ({
    path,
    key: path.toLowerCase(),
    diskPath: path,
    version: { dataLoss: 0n, configuration: 0n, number: 1 },
    size: 1,
    modifiedAt: 0,
    stable: true,
  });

  it("are the files that appeared, were written or disappeared", () => {
    const [a, b, c, d] = [file("a"), file("b"), file("c"), file("d")];
    const paths = (before: StoredFile[], after: StoredFile[]) => {
      const { removed, written } = changesBetween(before, after);
      return { removed, written: written.map(({ path }) => path) };
    };
    expect(paths([], [])).toEqual({ removed: [], written: [] });
    expect(paths([a, b, c], [a, b, c])).toEqual({ removed: [], written: [] });
    expect(paths([], [a, b])).toEqual({ removed: [], written: ["a", "b"] });
    expect(paths([a, b], [])).toEqual({ removed: ["a", "b"], written: [] });
    expect(paths([a, c], [b, c, d])).toEqual({ removed: ["a"], written: ["b", "d"] });
    expect(paths([a, b, d], [a, file("b"), c])).toEqual({ removed: ["d"], written: ["b", "c"] });
    expect(paths([a, b], [file("A"), b])).toEqual({ removed: ["a"], written: ["A"] });
  });
});

describe("the pages that every cluster has", () => {
  const entra = { tenant: "t", cluster: "c", client: "k" };

  it("include a page at the root, without an api-version", async () => {
    for (const platform of ["windows", "linux"] as const) {
      const root = await send(await emulatorForTest({ platform }), "GET", "/");
      expect(root).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
      expect(root.text).toContain(`<a href="${explorerPath}">`);
    }
  });

  it.each(["/Explorer", "/explorer", "/explorer/", "/Explorer?x"])(
    "redirect from %s to Explorer",
    async (path) => {
      const answer = await send(await emulatorForTest(), "GET", path);
      expect(answer).toMatchObject({ status: 301, reason: "Moved Permanently", text: "" });
      expect(answer.headers["location"]).toBe("/Explorer/index.html");
      expect(answer.headers["content-type"]).toBeUndefined();
    },
  );

  it("require authentication, except if Entra ID is configured", async () => {
    const bearer = { tokens: ["good"] };
    const [closed, open] = [await emulatorForTest({ bearer }), await emulatorForTest({ bearer, entra })];
    for (const [path, status] of [
      ["/", 200],
      ["/Explorer", 301],
    ] as const) {
      expect((await send(closed, "GET", path)).status).toBe(401);
      expect((await send(open, "GET", path)).status).toBe(status);
    }
    for (const path of [explorerPath, eventsPath, "/Explorer/main.js", "/Explorer/explorer.css"]) {
      expect((await send(open, "GET", path)).status).toBe(401);
    }
    expect((await send(open, "GET", "/other")).status).toBe(401);
  });

  it("explain to a browser how to sign in, and answer programs as a cluster does", async () => {
    const emulator = await emulatorForTest({ bearer: { tokens: ["good"] } });
    for (const path of ["/", "/Explorer", explorerPath]) {
      const Accept = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
      const page = await send(emulator, "GET", path, { headers: { Accept } });
      expect(page.status).toBe(401);
      expect(page.headers).toMatchObject({
        ...{ "content-type": "text/html; charset=utf-8", "www-authenticate": "Bearer" },
      });
      expect(page.text).toContain("requires a bearer token");
      expect(page.text).toContain("The emulator answered 401: A bearer token is required.");
      // Browsers apply the style only if its hash is in the policy.
      const [, style = ""] = /<style>(.*)<\/style>/s.exec(page.text) ?? [];
      const hash = createHash("sha256").update(style).digest("base64");
      expect(page.headers["content-security-policy"]).toContain(`style-src 'sha256-${hash}'`);
      const program = await send(emulator, "GET", path, { headers: { Accept: "*/*" } });
      expect(program).toMatchObject({ status: 401, code: "FABRIC_E_SERVER_AUTHENTICATION_FAILED" });
    }
    const operation = "/ImageStore?api-version=6.0";
    const api = await send(emulator, "GET", operation, { headers: { Accept: "text/html" } });
    expect(api.headers["content-type"]).toBe("application/json; charset=utf-8");
  });

  it("reject other methods", async () => {
    const emulator = await emulatorForTest();
    for (const path of ["/", "/Explorer"]) expect((await send(emulator, "POST", path)).status).toBe(404);
  });
});
