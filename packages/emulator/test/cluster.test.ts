import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { type OperationId, operations } from "@sf-image-store/types";
import { describe, expect, it } from "vitest";
import { parseCommandLine } from "../src/command/command-line.js";
import { readSettings } from "../src/command/settings.js";
import { type Emulator, type EmulatorOptions, startEmulator } from "../src/index.js";
import { emulatorForTest, send, version } from "./exchange.js";

const entra = { tenant: "t-1", cluster: "c-1", client: "k-1" };

function ask(emulator: Emulator, operation: "GetClusterManifest" | "GetAadMetadata", headers = {}) {
  return send(emulator, "GET", `/$/${operation}?${version}`, { headers });
}

async function manifestOf(options: EmulatorOptions): Promise<string> {
  const { status, text } = await ask(await emulatorForTest(options), "GetClusterManifest");
  expect(status).toBe(200);
  return JSON.parse(text).Manifest;
}

/** The connection string in a manifest, as an XML parser would read it. */
function connectionString(manifest: string): string | undefined {
  const [, value] = /Name="ImageStoreConnectionString" Value="([^"<>]*)" \/>/.exec(manifest) ?? [];
  const characters: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return value?.replace(/&([^;]*);/g, (_, entity: string) => characters[entity] ?? `?${entity}?`);
}

describe("the cluster manifest", () => {
  it("contains the image store service in its section Management", async () => {
    const manifest = await manifestOf({});
    expect(manifest).toMatch(/^<\?xml version="1\.0" encoding="utf-8"\?>\n<ClusterManifest [^<>]*>\n/);
    expect(manifest).toMatch(/<Section Name="Management">\s*<Parameter [^<>]*\/>\s*<\/Section>/);
    expect(manifest.trim()).toMatch(/<\/ClusterManifest>$/);
    expect(connectionString(manifest)).toBe("fabric:ImageStore");
  });

  it.each(["file:C:\\SfDevCluster\\Data\\ImageStoreShare", `file:\\\\a&b\\<"c'd">\\ä€&amp;`])(
    "contains the chosen image store: %s",
    async (imageStoreConnectionString) => {
      const manifest = await manifestOf({ imageStoreConnectionString });
      expect(connectionString(manifest)).toBe(imageStoreConnectionString);
    },
  );

  it.each(["", "file:a\u0000b", "file:a\nb", "file:\ud800", "file:\uffff"])(
    "rejects characters that XML cannot contain: %j",
    async (imageStoreConnectionString) => {
      const failure = await startEmulator({ imageStoreConnectionString }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(RangeError);
      expect(failure).toMatchObject({ message: expect.stringMatching(/^imageStoreConnectionString must /) });
    },
  );

  it("requires authentication", async () => {
    const emulator = await emulatorForTest({ bearer: { tokens: ["good"] } });
    expect((await ask(emulator, "GetClusterManifest")).status).toBe(401);
    expect((await ask(emulator, "GetClusterManifest", { Authorization: "Bearer good" })).status).toBe(200);
  });
});

describe("a cluster without the image store service", () => {
  const imageStoreConnectionString = "file:C:\\SfDevCluster\\Data\\ImageStoreShare";
  const ids = Object.entries(operations).filter(([, { path }]) => path.startsWith("/ImageStore"));

  it.each(ids)("responds 404 FABRIC_E_SERVICE_DOES_NOT_EXIST to %s", async (_, { method, path }) => {
    const emulator = await emulatorForTest({ imageStoreConnectionString });
    const url = path.replace("{contentPath}", "App/a");
    const answer = await send(emulator, method, `${url}?${version}`);
    expect(answer).toMatchObject({ status: 404, code: "FABRIC_E_SERVICE_DOES_NOT_EXIST" });
  });

  it("still rejects requests that every gateway rejects", async () => {
    const emulator = await emulatorForTest({ imageStoreConnectionString });
    expect(await send(emulator, "GET", "/ImageStore")).toMatchObject({ status: 400, code: "E_INVALIDARG" });
  });

  it("is not emulated if the service is only spelled in another case", async () => {
    const emulator = await emulatorForTest({ imageStoreConnectionString: "fabric:imagestore" });
    expect((await send(emulator, "PUT", `/ImageStore/a?${version}`)).status).toBe(200);
  });
});

describe("the cluster version", () => {
  const versionOf = (options: EmulatorOptions, apiVersion: string) =>
    emulatorForTest(options).then((emulator) =>
      send(emulator, "GET", `/$/GetClusterVersion?api-version=${apiVersion}`),
    );

  it.each([
    [undefined, "11.3.0.0"],
    ["6.4", "6.4.0.0"],
    ["9", "9.0.0.0"],
  ])("has four numbers, and begins with the newest api-version (%s)", async (apiVersionMax, expected) => {
    const options = apiVersionMax === undefined ? {} : { apiVersionMax };
    const { status, text } = await versionOf(options, "6.4");
    expect({ status, text }).toEqual({ status: 200, text: `{"Version":"${expected}"}` });
  });

  it.each(["6.0", "6.4"])(
    "is not supported by clusters before 6.4, with api-version %s",
    async (apiVersion) => {
      const refusal = { status: 400, code: "E_INVALIDARG" };
      expect(await versionOf({ apiVersionMax: "6.3" }, apiVersion)).toMatchObject(refusal);
    },
  );

  it("requires authentication", async () => {
    expect((await versionOf({ bearer: { tokens: ["good"] } }, "6.4")).status).toBe(401);
  });
});

describe("the metadata of Entra ID", () => {
  it("are empty, with a success status, if Entra ID is not configured", async () => {
    const answer = await ask(await emulatorForTest(), "GetAadMetadata");
    expect(answer).toMatchObject({ status: 200, text: '{"type":"","metadata":{}}' });
  });

  it("are the configured values and a cluster's defaults", async () => {
    const { text } = await ask(await emulatorForTest({ entra }), "GetAadMetadata");
    expect(text).toBe(
      '{"type":"aad","metadata":{"authority":"https:\\/\\/login.microsoftonline.com\\/t-1","client":"k-1","cluster":"c-1",' +
        '"login":"https:\\/\\/login.microsoftonline.com","redirect":"urn:ietf:wg:oauth:2.0:oob","tenant":"t-1"}}',
    );
  });

  it("may be for another cloud", async () => {
    const login = "https://login.partner.microsoftonline.cn/";
    const { text } = await ask(
      await emulatorForTest({ entra: { ...entra, login, redirect: "x:y" } }),
      "GetAadMetadata",
    );
    expect(JSON.parse(text).metadata).toMatchObject({
      login,
      authority: "https://login.partner.microsoftonline.cn/t-1",
      redirect: "x:y",
    });
  });

  it("are the only operation that requires no token", async () => {
    const emulator = await emulatorForTest({ entra, bearer: { audience: "c-1" } });
    expect((await ask(emulator, "GetAadMetadata")).status).toBe(200);
    expect((await ask(emulator, "GetAadMetadata", { Authorization: "Bearer nonsense" })).status).toBe(200);
    const statuses = new Map<string, number>();
    for (const [id, { method, path }] of Object.entries(operations)) {
      const url = path.replace("{contentPath}", "a");
      statuses.set(id, (await send(emulator, method, `${url}?${version}`)).status);
    }
    const told = [...statuses].filter(([, status]) => status !== 401).map(([id]) => id);
    expect(told).toEqual(["GetAadMetadata"] satisfies OperationId[]);
    expect((await send(emulator, "GET", "/$/GetAadMetadataX")).status).toBe(401);
  });

  it("require an api-version, and the right ClusterId", async () => {
    const emulator = await emulatorForTest({ entra, clusterId: "one" });
    expect((await send(emulator, "GET", "/$/GetAadMetadata")).status).toBe(400);
    expect((await ask(emulator, "GetAadMetadata", { ClusterId: "two" })).status).toBe(403);
  });

  it("can have faults like every other operation", async () => {
    const fault = { operation: "GetAadMetadata", do: "answer", status: 503, code: "E_ABORT" } as const;
    const emulator = await emulatorForTest({ faults: [fault] });
    expect((await ask(emulator, "GetAadMetadata")).status).toBe(503);
    expect((await ask(emulator, "GetAadMetadata")).status).toBe(200);
  });

  it.each([
    ["5", "entra must be an object with tenant, cluster and client."],
    ["[]", "entra must be an object"],
    ["null", "entra must be an object"],
    ["{}", "entra.tenant must be a string, not nothing."],
    ['{"tenant":"t","client":"k"}', "entra.cluster must be a string, not nothing."],
    ['{"tenant":"t","client":"k","cluster":5}', "entra.cluster must be a string, not 5."],
    ['{"tenant":"t","client":"","cluster":"c"}', 'entra.client must be a string, not "".'],
    ['{"tenant":"t","client":"k","cluster":"c","login":false}', "entra.login must be a string, not false."],
    ['{"tennant":"t"}', "entra.tennant is unknown. Allowed members: tenant, cluster, client, login,"],
  ])("cannot be %s", async (text, message) => {
    const failure = await startEmulator({ entra: JSON.parse(text) }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TypeError);
    expect(failure).toMatchObject({ message: expect.stringContaining(message) });
    await expect(settingsWith(text)).rejects.toMatchObject({
      name: "UsageError",
      message: expect.stringMatching(/^--entra: .* is not valid\. entra.*[^.]\.$/),
    });
  });

  it("are read from a file by the command", async () => {
    expect((await settingsWith(`\ufeff${JSON.stringify(entra)}`)).entra).toMatchObject(entra);
    await expect(settingsWith("{")).rejects.toMatchObject({ name: "UsageError" });
  });
});

/** The settings of a command whose `--entra` names a file with this text. */
async function settingsWith(text: string): Promise<EmulatorOptions> {
  const file = join(scratchFolder(), "entra.json");
  await writeFile(file, text);
  const command = parseCommandLine(["--entra", file]);
  if (command.action !== "run") throw new Error("unreachable");
  return readSettings(command, {});
}
