import { describe, expect, it } from "vitest";
import { explorerPath } from "../src/explorer/pages.js";
import { emulatorForTest, send, session1, version } from "./exchange.js";

const listed = "http://localhost:5173";
const remote = "https://pages.example";
const chunkUrl = `/ImageStore/App/a.txt/$/UploadChunk?${version}&session-id=${session1}`;
const corsOrigins = [listed, remote];

/** What a browser sends before a chunk. */
function preflight(Origin: string) {
  const asked = "authorization,clusterid,content-range,content-type,x-servicefabricrequestid";
  return {
    headers: {
      Origin,
      "Access-Control-Request-Method": "PUT",
      "Access-Control-Request-Headers": asked,
    },
  };
}

/** The names in a list header, in lower case. */
function names(header: string | string[] | undefined): string[] {
  return String(header).toLowerCase().split(", ");
}

describe("a page of a listed origin", () => {
  it.each(corsOrigins)(
    "at %s may send every request of the API, and preflight requests have no effect",
    async (origin) => {
      const emulator = await emulatorForTest({ corsOrigins });
      const { status, headers, text } = await send(emulator, "OPTIONS", chunkUrl, preflight(origin));
      expect({ status, text }).toEqual({ status: 204, text: "" });
      expect(headers["access-control-allow-origin"]).toBe(origin);
      expect(headers["vary"]).toBe("Origin");
      expect(names(headers["access-control-allow-methods"])).toEqual(["get", "put", "post", "delete"]);
      const { headers: asked } = preflight(origin);
      expect(names(headers["access-control-allow-headers"])).toEqual(
        asked["Access-Control-Request-Headers"].split(","),
      );
      expect(Number(headers["access-control-max-age"])).toBeGreaterThan(0);
      expect(headers["access-control-allow-credentials"]).toBeUndefined();
    },
  );

  it("can read every response, including errors and Retry-After", async () => {
    const emulator = await emulatorForTest({ corsOrigins });
    const headers = { Origin: remote };
    const answers = [
      await send(emulator, "PUT", chunkUrl, {
        headers: { ...headers, "Content-Range": "bytes 0-0/2" },
        body: "x",
      }),
      await send(emulator, "PUT", chunkUrl, { headers, body: "x" }),
      await send(emulator, "GET", "/Nodes", { headers }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 501]);
    for (const answer of answers) {
      expect(answer.headers).toMatchObject({
        vary: "Origin",
        "access-control-allow-origin": remote,
        "access-control-expose-headers": "Retry-After",
      });
    }
  });

  it("needs its token for the request, not for the preflight request", async () => {
    const emulator = await emulatorForTest({ corsOrigins, bearer: { tokens: ["secret"] } });
    expect((await send(emulator, "OPTIONS", chunkUrl, preflight(listed))).status).toBe(204);
    const refused = await send(emulator, "PUT", chunkUrl, { headers: { Origin: listed }, body: "x" });
    expect(refused.status).toBe(401);
    expect(refused.headers["access-control-allow-origin"]).toBe(listed);
  });

  it("is rejected with the host name of another machine, which a browser never sends", async () => {
    const emulator = await emulatorForTest({ corsOrigins });
    const { headers } = preflight(listed);
    const answer = await send(emulator, "OPTIONS", chunkUrl, {
      headers: { ...headers, Host: "attacker.example" },
    });
    expect(answer.status).toBe(403);
  });
});

describe("a page of any other origin", () => {
  it.each([
    ["http://localhost:5174", 400],
    ["http://127.0.0.1:5173", 400],
    ["https://localhost:5173", 400],
    ["http://LOCALHOST:5173", 400],
    ["http://pages.example", 403],
    ["https://pages.example.attacker.example", 403],
    ["https://sub.pages.example", 403],
    ["null", 403],
    ["*", 403],
  ])("such as %s gets no permission", async (origin, status) => {
    const emulator = await emulatorForTest({ corsOrigins });
    const asked = await send(emulator, "OPTIONS", chunkUrl, preflight(origin));
    expect(asked.status).toBe(status);
    const got = await send(emulator, "GET", explorerPath, { headers: { Origin: origin } });
    for (const { headers } of [asked, got]) {
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
      expect(headers["vary"]).toBe("Origin");
    }
  });
});

describe("an emulator without listed origins", () => {
  it("adds no CORS headers to its responses", async () => {
    const emulator = await emulatorForTest();
    const asked = await send(emulator, "OPTIONS", chunkUrl, preflight(listed));
    const got = await send(emulator, "GET", explorerPath, { headers: { Origin: listed } });
    expect([asked.status, got.status]).toEqual([400, 200]);
    for (const { headers } of [asked, got]) {
      const added = Object.keys(headers).filter((name) => /^(vary|access-control)/.test(name));
      expect(added).toEqual([]);
    }
  });

  it("grants no permission to pages of other machines either", async () => {
    const emulator = await emulatorForTest({ host: "0.0.0.0" });
    expect((await send(emulator, "OPTIONS", chunkUrl, preflight(remote))).status).toBe(400);
  });
});
