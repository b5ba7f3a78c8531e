import { startEmulator } from "@sf-image-store/emulator";
import { describe, expect, it } from "vitest";
import { createImageStoreClient } from "../src/index.js";
import { answering, answeringJson, rejection } from "./server.js";

describe("getClusterManifest", () => {
  it("returns the document unchanged, with any characters", async () => {
    const manifest = '<?xml version="1.0"?>\r\n<ClusterManifest Name="ä&amp;">\\v\t</ClusterManifest>';
    await using server = await answering((response) =>
      response.end(JSON.stringify({ Manifest: manifest }).replaceAll("/", "\\/")),
    );
    expect(await server.client.getClusterManifest({ timeoutSeconds: 5 })).toBe(manifest);
    expect(server.requests[0]).toMatchObject({
      method: "GET",
      url: "/$/GetClusterManifest?api-version=6.0&timeout=5",
    });
  });

  it.each(["", "null", "5", '"<ClusterManifest/>"', "{}", '{"Manifest":null}', '{"Manifest":{}}', "<xml/>"])(
    "rejects with a ProtocolError for %o",
    async (body) => {
      await using server = await answeringJson(200, body);
      expect(await rejection(server.client.getClusterManifest())).toMatchObject({ name: "ProtocolError" });
    },
  );
});

describe("getClusterVersion", () => {
  it("returns the version of the runtime", async () => {
    await using server = await answeringJson(200, { Version: "11.3.475.1" });
    expect(await server.client.getClusterVersion({ timeoutSeconds: 5 })).toBe("11.3.475.1");
    expect(server.requests[0]).toMatchObject({
      method: "GET",
      url: "/$/GetClusterVersion?api-version=6.4&timeout=5",
    });
  });

  it.each(["", "null", '"11.3"', "{}", '{"Version":null}', '{"Version":11.3}'])(
    "rejects with a ProtocolError for %o",
    async (body) => {
      await using server = await answeringJson(200, body);
      expect(await rejection(server.client.getClusterVersion())).toMatchObject({ name: "ProtocolError" });
    },
  );
});

describe("getAadMetadata", () => {
  it("returns the sign-in settings with descriptive names", async () => {
    const metadata = {
      authority: "https://login.microsoftonline.com/t",
      client: "k",
      cluster: "c",
      login: "https://login.microsoftonline.com",
      redirect: "urn:ietf:wg:oauth:2.0:oob",
      tenant: "t",
    };
    await using server = await answeringJson(200, { type: "aad", metadata });
    expect(await server.client.getAadMetadata()).toEqual({
      type: "aad",
      tenant: "t",
      clusterApplication: "c",
      clientApplication: "k",
      authority: metadata.authority,
      login: metadata.login,
      redirect: metadata.redirect,
      scope: "c/.default",
    });
    expect(server.requests[0]).toMatchObject({ method: "GET", url: "/$/GetAadMetadata?api-version=6.0" });
  });

  it.each([
    { type: "", metadata: {} },
    { metadata: {} },
    { type: "", metadata: { cluster: "", tenant: "", client: "", login: "", authority: "", redirect: "" } },
  ])("returns undefined for settings that the cluster does not have: %j", async (body) => {
    await using server = await answeringJson(200, body);
    expect(Object.values(await server.client.getAadMetadata())).toEqual(Array(8).fill(undefined));
  });

  it.each([
    "",
    "null",
    "5",
    "{}",
    '{"type":"aad"}',
    '{"type":"aad","metadata":null}',
    '{"type":5,"metadata":{}}',
    '{"type":"aad","metadata":{"tenant":5}}',
    '{"type":"aad","metadata":{"cluster":null}}',
  ])("rejects with a ProtocolError for %o", async (body) => {
    await using server = await answeringJson(200, body);
    expect(await rejection(server.client.getAadMetadata())).toMatchObject({ name: "ProtocolError" });
  });

  it("works without a token on a cluster that requires one", async () => {
    const entra = { tenant: "t", cluster: "c", client: "k" };
    await using emulator = await startEmulator({ entra, bearer: { audience: "c" } });
    const client = createImageStoreClient({ endpoint: emulator.endpoint });
    expect(await client.getAadMetadata()).toMatchObject({ tenant: "t", clusterApplication: "c" });
    expect(await rejection(client.getClusterManifest())).toMatchObject({ status: 401 });
  });
});

describe("a cluster whose image store is a folder", () => {
  it("rejects an upload at once with a code that says why", async () => {
    await using emulator = await startEmulator({ imageStoreConnectionString: "file:/packages" });
    const client = createImageStoreClient({ endpoint: emulator.endpoint });
    for (const size of [0, 10, 1_000_000]) {
      expect(await rejection(client.uploadFile("App/a", new Uint8Array(size)))).toMatchObject({
        name: "UploadError",
        reason: "refused",
        cause: { status: 404, code: "FABRIC_E_SERVICE_DOES_NOT_EXIST" },
      });
    }
  });
});
