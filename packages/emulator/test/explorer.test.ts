import { createHash } from "node:crypto";
import { operations } from "@sf-image-store/types";
import { describe, expect, it } from "vitest";
import { html } from "../src/explorer/html.js";
import { explorerPath } from "../src/explorer/page.js";
import { putFile, putFiles } from "./content-exchange.js";
import { emulatorForTest, send, sendChunk, session1, session2 } from "./exchange.js";

describe("the explorer", () => {
  it("shows open sessions with their received ranges as bars", async () => {
    const emulator = await emulatorForTest();
    expect((await send(emulator, "GET", explorerPath)).text).toContain("No upload session is open.");
    await sendChunk(emulator, { range: "bytes 0-249/1000", body: "x" });
    await sendChunk(emulator, { range: "bytes 500-749/1000", body: "x" });
    await sendChunk(emulator, { id: session2, path: "zero", range: "bytes 0-0/0", body: "" });
    const { text } = await send(emulator, "GET", explorerPath);
    expect(text).toContain("App/a.txt");
    expect(text).toContain(session1);
    expect(text).toContain("missing: 250-499, 750-999");
    expect(text).toMatch(/<rect class="gap" x="250" y="0" height="12" width="250"\/>/);
    expect(text).toMatch(/<rect class="gap" x="750" y="0" height="12" width="250"\/>/);
    expect(text).toContain("50 %");
    expect(text).toContain(session2);
  });

  it("shows the tree of files", async () => {
    const emulator = await emulatorForTest();
    expect((await send(emulator, "GET", explorerPath)).text).toContain("The image store is empty.");
    await putFile(emulator, "App/Code/a.bin", Buffer.alloc(3 * 1024 * 1024));
    await putFiles(emulator, "top.txt");
    const { text } = await send(emulator, "GET", explorerPath);
    expect(text).toContain("<summary>App</summary><ul><li><details open><summary>Code</summary>");
    expect(text).toContain("a.bin <small>3.0 MiB, version 1, ");
    expect(text).toContain("<li>top.txt <small>1 bytes");
  });

  it("shows the reference of every operation", async () => {
    const { text } = await send(await emulatorForTest(), "GET", explorerPath);
    for (const [operationId, { method, path }] of Object.entries(operations)) {
      expect(text).toContain(`<code>${method} ${path}</code> ${operationId}`);
    }
    expect(text).toContain("<code>Content-Range</code>");
    expect(text).toContain("application/octet-stream");
  });

  it("has a content security policy that allows only its own style sheet", async () => {
    const { text, headers } = await send(await emulatorForTest(), "GET", `${explorerPath}?live`);
    const style = /<style>([\s\S]*?)<\/style>/.exec(text)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(headers["content-security-policy"]).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(text).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|\bstyle=|\bon[a-z]+=|https?:\/\//);
    expect(text).toContain('<meta http-equiv="refresh" content="2">');
  });

  it("escapes the names of files and sessions", async () => {
    const emulator = await emulatorForTest();
    const name = "a&'b`$x";
    await putFiles(emulator, `${encodeURIComponent(name)}/${encodeURIComponent("&lt;script&gt;")}`);
    await sendChunk(emulator, { path: encodeURIComponent(name), range: "bytes 0-0/2", body: "x" });
    const { text } = await send(emulator, "GET", explorerPath);
    expect(text).toContain("<summary>a&amp;&#39;b`$x</summary>");
    expect(text).toContain("&amp;lt;script&amp;gt;");
    expect(text).toContain("<td>a&amp;&#39;b`$x</td>");
    expect(String(html`<p title="${'"><script>'}">${"<b>&"}</p>`)).toBe(
      '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;</p>',
    );
  });

  it("responds to HEAD without a body, and rejects other methods and paths", async () => {
    const emulator = await emulatorForTest();
    const head = await send(emulator, "HEAD", explorerPath);
    expect(head).toMatchObject({ status: 200, text: "" });
    expect(Number(head.headers["content-length"])).toBeGreaterThan(1000);
    expect((await send(emulator, "POST", explorerPath)).status).toBe(404);
    expect((await send(emulator, "GET", "/Explorer/x")).status).toBe(404);
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
    expect((await send(open, "GET", explorerPath)).status).toBe(401);
    expect((await send(open, "GET", "/other")).status).toBe(401);
  });

  it("reject other methods", async () => {
    const emulator = await emulatorForTest();
    for (const path of ["/", "/Explorer"]) expect((await send(emulator, "POST", path)).status).toBe(404);
  });
});
