import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { resolve } from "node:path";
import { startEmulator } from "@sf-image-store/emulator";
import { readProjects } from "openapi-contract";
import { afterEach, describe, expect, it } from "vitest";
import { liveCommand } from "../src/live/command.js";

const root = resolve(import.meta.dirname, "../../..");
const closes: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close();
});

async function live(
  endpoint: string,
  args: readonly string[] = [],
  environment: Record<string, string> = {},
) {
  const lines: string[] = [];
  const output = {
    log: (line: string) => void lines.push(line),
    error: (what: unknown) => void lines.push(String(what)),
  };
  const code = await liveCommand(
    args,
    { SF_LIVE_ENDPOINT: endpoint, ...environment },
    readProjects(root)[0],
    output,
  );
  return { code, lines };
}

async function emulator(options: Parameters<typeof startEmulator>[0] = {}) {
  const requests: string[] = [];
  const started = await startEmulator({ ...options, onRequest: ({ method }) => void requests.push(method) });
  closes.push(() => started.close());
  return { endpoint: started.endpoint, requests };
}

/** A gateway in front of `endpoint` that answers some requests itself, or changes what it passes on. */
async function lyingGateway(
  endpoint: string,
  lie: (received: IncomingMessage, response: ServerResponse) => boolean,
) {
  const server = createServer((received, response) => {
    if (lie(received, response)) {
      received.resume();
      return;
    }
    const { method = "GET", headers, url = "/" } = received;
    const passed = request(`${endpoint}${url}`, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    received.pipe(passed);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closes.push(() => new Promise((done) => server.close(done).closeAllConnections()));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

describe("pnpm contract:live on the emulator", () => {
  it("only reads, unless told otherwise", async () => {
    const { endpoint, requests } = await emulator();
    const { code, lines } = await live(endpoint);
    expect(lines).toEqual([
      "ran reads",
      "skipped authentication-ignored: no credentials are set",
      "skipped round-trip: pass --write",
      "skipped use-after-delete: pass --write",
      "11 exchanges of 10 of 16 operations: 0 errors, 0 warnings",
    ]);
    expect(new Set(requests)).toEqual(new Set(["GET"]));
    expect(code).toBe(0);
  });

  it("writes with --write, and deletes what it wrote", async () => {
    const { endpoint } = await emulator();
    const { code, lines } = await live(endpoint, ["--write"]);
    expect(lines.at(-1)).toMatch(/ exchanges of 15 of 16 operations: 0 errors, 0 warnings$/);
    expect(lines).toContain("ran round-trip");
    expect(lines).toContain("ran use-after-delete");
    expect(code).toBe(0);
    const listing = await fetch(`${endpoint}/ImageStore?api-version=6.0`);
    expect(await listing.text()).not.toContain("contract-live-");
  });

  it("asks without credentials where some are set", async () => {
    const { endpoint } = await emulator({ bearer: { tokens: ["t0ken"] } });
    const { code, lines } = await live(endpoint, [], { SF_LIVE_TOKEN: "t0ken" });
    expect(lines).toContain("ran authentication-ignored");
    expect(lines.at(-1)).toMatch(/: 0 errors, 0 warnings$/);
    expect(code).toBe(0);
  });

  it.each<[string, Record<string, string>, string]>([
    ["without an endpoint", { SF_LIVE_ENDPOINT: "" }, "Set SF_LIVE_ENDPOINT"],
    [
      "with a certificate that cannot be read",
      { SF_LIVE_CERT: "/none.pem" },
      "SF_LIVE_CERT: /none.pem cannot be read",
    ],
    [
      "without a gateway",
      { SF_LIVE_ENDPOINT: "http://127.0.0.1:1" },
      "http://127.0.0.1:1 cannot be checked (502)",
    ],
  ])("ends with 2 %s", async (_, environment, message) => {
    const { endpoint } = await emulator();
    const { code, lines } = await live(endpoint, [], environment);
    expect(lines.join("\n")).toContain(message);
    expect(code).toBe(2);
  });

  it("ends with 2 where the credentials are not accepted", async () => {
    const { endpoint } = await emulator({ bearer: { tokens: ["t0ken"] } });
    const { code, lines } = await live(endpoint, [], { SF_LIVE_TOKEN: "other" });
    expect(lines.join("\n")).toContain(`${endpoint} cannot be checked (401)`);
    expect(lines.join("\n")).not.toContain("other");
    expect(code).toBe(2);
  });
});

describe("a gateway that does not keep its word", () => {
  it.each<[string, string, (received: IncomingMessage, response: ServerResponse) => boolean]>([
    [
      "loses an upload",
      "error ROUND_TRIP_MISMATCH at #/responses/200/body/StoreFiles: expected the file ",
      ({ method, url = "" }, response) =>
        method === "PUT" && url.includes("whole") && Boolean(response.writeHead(200).end()),
    ],
    [
      "loses a chunk",
      "error ROUND_TRIP_MISMATCH at #/responses/200/body/UploadSessions/0/ExpectedRanges",
      ({ method, headers }, response) =>
        method === "PUT" &&
        headers["content-range"]?.startsWith("bytes 0-3/") === true &&
        Boolean(response.writeHead(200).end()),
    ],
    [
      "keeps a file that was deleted",
      "error USE_AFTER_DELETE at #/responses/200/body/StoreFiles",
      ({ method, url = "" }, response) =>
        method === "DELETE" && url.includes("/deleted") && Boolean(response.writeHead(200).end()),
    ],
    [
      "keeps a session that was deleted",
      "error USE_AFTER_DELETE at #/responses/200: expected the upload session to be gone",
      ({ method, url = "" }, response) =>
        method === "DELETE" && url.includes("DeleteUploadSession") && Boolean(response.writeHead(200).end()),
    ],
  ])("%s", async (_, message, lie) => {
    const { endpoint } = await emulator();
    const { code, lines } = await live(await lyingGateway(endpoint, lie), ["--write"]);
    expect(lines.join("\n")).toContain(message);
    expect(code).toBe(1);
  });

  it("ignores authentication", async () => {
    const { endpoint } = await emulator();
    const { code, lines } = await live(endpoint, [], { SF_LIVE_TOKEN: "any" });
    expect(lines.join("\n")).toContain(
      "error AUTHENTICATION_IGNORED at #/responses/200: expected GetClusterVersion to be refused without credentials, got 200",
    );
    expect(code).toBe(1);
  });

  it("answers what the contract does not allow", async () => {
    const { endpoint } = await emulator();
    const gateway = await lyingGateway(endpoint, ({ url = "" }, response) => {
      if (!url.includes("GetClusterVersion")) return false;
      return Boolean(response.writeHead(200, { "content-type": "application/json" }).end('{"Version":1}'));
    });
    const { code, lines } = await live(gateway);
    expect(lines.join("\n")).toContain(
      "error TYPE_INVALID at #/responses/200/body/Version: expected string, got 1",
    );
    expect(code).toBe(1);
  });
});
