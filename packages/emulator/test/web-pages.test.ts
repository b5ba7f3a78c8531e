import { describe, expect, it } from "vitest";
import { eventsPath, explorerPath } from "../src/explorer/pages.js";
import { copyContent, putFiles } from "./content-exchange.js";
import { emulatorForTest, send, version } from "./exchange.js";

const refusal = { status: 403, reason: "Access Denied", code: "E_ACCESSDENIED" };

describe("an emulator on a loopback address", () => {
  it.each(["127.0.0.1", "127.0.0.1:19080", "127.9.9.9:1", "localhost", "LocalHost:19080", "[::1]:19080"])(
    "accepts the host %s",
    async (Host) => {
      const emulator = await emulatorForTest();
      expect((await send(emulator, "GET", explorerPath, { headers: { Host } })).status).toBe(200);
    },
  );

  it.each([
    "attacker.example",
    "attacker.example:19080",
    "127.0.0.1.attacker.example",
    "localhost.attacker.example",
    "192.168.0.1",
    "[::2]",
    "a b",
  ])("rejects the host %s, so that an attacker cannot point another name to it", async (Host) => {
    const emulator = await emulatorForTest();
    for (const path of [explorerPath, eventsPath]) {
      expect(await send(emulator, "GET", path, { headers: { Host } })).toMatchObject(refusal);
    }
    expect(await send(emulator, "GET", `/ImageStore?${version}`, { headers: { Host } })).toMatchObject(
      refusal,
    );
  });

  it.each(["https://attacker.example", "null", "http://127.0.0.1.attacker.example", "http://x", "nonsense"])(
    "rejects a page of %s",
    async (Origin) => {
      const emulator = await emulatorForTest();
      await putFiles(emulator, "a");
      const headers = { Origin, "Content-Type": "text/plain" };
      const body = JSON.stringify({ RemoteSource: "a", RemoteDestination: "b" });
      expect(await send(emulator, "POST", `/ImageStore/$/Copy?${version}`, { headers, body })).toMatchObject(
        refusal,
      );
      expect(await send(emulator, "DELETE", `/ImageStore/a?${version}`, { headers })).toMatchObject(refusal);
      expect(await send(emulator, "GET", eventsPath, { headers })).toMatchObject(refusal);
      expect((await copyContent(emulator, { RemoteSource: "a", RemoteDestination: "c" })).status).toBe(200);
    },
  );

  it("serves its own pages and pages of this machine", async () => {
    const emulator = await emulatorForTest();
    for (const Origin of [emulator.endpoint, "http://localhost:3000", "https://[::1]"]) {
      const answer = await send(emulator, "PUT", `/ImageStore/a?${version}`, {
        headers: { Origin },
        body: "x",
      });
      expect(answer.status).toBe(200);
    }
  });
});

describe("an emulator that other machines can reach", () => {
  it("accepts any host name", async () => {
    const emulator = await emulatorForTest({ host: "0.0.0.0" });
    const headers = { Host: "emulator.example", Origin: "https://pages.example" };
    expect((await send(emulator, "GET", explorerPath, { headers })).status).toBe(200);
  });
});

describe("the explorer", () => {
  it("is the same page with a slash at the end", async () => {
    const emulator = await emulatorForTest();
    const page = await send(emulator, "GET", explorerPath);
    expect(await send(emulator, "GET", `${explorerPath}/`)).toMatchObject({ status: 200, text: page.text });
    expect((await send(emulator, "GET", `${explorerPath}/?live`)).text).toBe(page.text);
    expect((await send(emulator, "GET", "/Explorer/x")).status).toBe(404);
  });
});
