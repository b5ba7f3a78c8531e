import { readdir } from "node:fs/promises";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { type EmulatorOptions, startEmulator } from "../src/index.js";
import { emulatorForTest } from "./exchange.js";

/** Options as they come from code without types, or from JSON. */
function untyped(text: string): EmulatorOptions {
  return JSON.parse(text);
}

describe("startEmulator", () => {
  it.each([
    ['{"port":65536}', RangeError, "port must be a number from 0 to 65535, not 65536."],
    ['{"port":-1}', RangeError, "port must"],
    ['{"port":1.5}', RangeError, "port must"],
    ['{"port":"80"}', TypeError, 'port must be a number from 0 to 65535, not "80".'],
    ['{"port":null}', TypeError, "port must"],
    ['{"platform":"mac"}', RangeError, 'platform must be windows or linux, not "mac".'],
    ['{"platform":7}', TypeError, "platform must"],
    ['{"apiVersionMax":"new"}', RangeError, 'apiVersionMax must be a version such as 6.4, not "new".'],
    ['{"apiVersionMax":6.4}', TypeError, "apiVersionMax must"],
    [
      '{"sessionLifetimeMs":0}',
      RangeError,
      "sessionLifetimeMs must be a number of milliseconds above 0, not 0.",
    ],
    ['{"sessionLifetimeMs":1e999}', RangeError, "sessionLifetimeMs must"],
    ['{"sweepIntervalMs":-5}', RangeError, "sweepIntervalMs must"],
    ['{"bandwidth":0}', RangeError, "bandwidth must"],
    ['{"upgradeDomains":101}', RangeError, "upgradeDomains must be a whole number from 1 to 100, not 101."],
    ['{"upgradeSpeed":0}', RangeError, "upgradeSpeed must be a number above 0, not 0."],
    ['{"sweepIntervalMs":"5m"}', TypeError, "sweepIntervalMs must"],
    [
      '{"pageLimitBytes":0}',
      RangeError,
      "pageLimitBytes must be a whole number of bytes, at least 1, not 0.",
    ],
    ['{"pageLimitBytes":[]}', TypeError, "pageLimitBytes must"],
    [
      '{"platform":"linux","tls":{"clientCertificate":"late"}}',
      RangeError,
      "tls.clientCertificate cannot be late on the platform linux: gateways on Linux ask at the handshake.",
    ],
    [
      '{"tls":{"clientCertificate":"never"}}',
      RangeError,
      'tls.clientCertificate must be handshake or late, not "never".',
    ],
    ['{"tls":{"clientEku":"server"}}', RangeError, 'tls.clientEku must be client or any, not "server".'],
    ['{"tls":{"clientEku":7}}', TypeError, "tls.clientEku must be client or any, not 7."],
    ['{"corsOrigins":"*"}', TypeError, 'corsOrigins must be an array, not "*".'],
    ['{"corsOrigins":[7]}', TypeError, "corsOrigins[0] must be the origin of a web page"],
    ['{"corsOrigins":["*"]}', RangeError, 'such as http://localhost:5173, without a path, not "*".'],
    ['{"corsOrigins":["http://a.example","*"]}', RangeError, "corsOrigins[1] must be"],
    ['{"corsOrigins":{}}', TypeError, "corsOrigins must be an array"],
    ['{"host":7}', TypeError, "host must be a string, not 7."],
    ['{"bearer":{"audience":7}}', TypeError, "bearer.audience must be a string, not 7."],
    ['{"corsOrigins":["null"]}', RangeError, "corsOrigins"],
    ['{"corsOrigins":["localhost:5173"]}', RangeError, "corsOrigins"],
    ['{"corsOrigins":["http://localhost:5173/"]}', RangeError, "corsOrigins"],
    ['{"corsOrigins":["http://LOCALHOST"]}', RangeError, "corsOrigins"],
    ['{"corsOrigins":["http://localhost:80"]}', RangeError, "corsOrigins"],
    ['{"corsOrigins":["file:///page.html"]}', RangeError, "corsOrigins"],
  ])("rejects %s before it opens anything", async (text, kind, message) => {
    const location = scratchFolder();
    const failure = await startEmulator({ ...untyped(text), location }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(kind);
    expect(failure).toMatchObject({ message: expect.stringContaining(message) });
    expect(await readdir(location)).toEqual([]);
  });

  it("treats undefined like a missing option", async () => {
    const emulator = await emulatorForTest(JSON.parse("{}"));
    expect(emulator.endpoint).toMatch(/^http:/);
  });
});

describe("contentPath", () => {
  it.each(["", "../x", "a/.."])("throws a RangeError for %o", async (storePath) => {
    const emulator = await emulatorForTest();
    expect(() => emulator.contentPath(storePath)).toThrow(RangeError);
    expect(() => emulator.contentPath(storePath)).toThrow(`"${storePath}" is not a valid store path.`);
  });
});
