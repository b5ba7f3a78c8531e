import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import { scratchFolder, writeTree } from "@sf-image-store/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { connectionStringOf } from "../../src/connection/store-location.js";
import { runCli, startCliProcess } from "../cli-process.js";
import { emulatorForTest } from "../emulator-for-test.js";

const manifest = (parameter: string) => `\uFEFF<?xml version="1.0" encoding="utf-8"?>
<ClusterManifest xmlns="http://schemas.microsoft.com/2011/01/fabric"><!-- a > b -->
  <FabricSettings>
    <Section Name="Other"><Parameter Name="ImageStoreConnectionString" Value="wrong"/></Section>
    <Section Name="Management">${parameter}</Section>
  </FabricSettings>
</ClusterManifest>`;

describe("the cluster's manifest", () => {
  it("contains the connection string, which is unescaped", () => {
    const parameter =
      '<Parameter Name="ImageStoreConnectionString" Value="file:C:\\a &amp; b" IsEncrypted="false"/>';
    expect(connectionStringOf(manifest(parameter))).toBe("file:C:\\a & b");
  });

  it("can contain none", () => {
    expect(connectionStringOf(manifest(""))).toBeUndefined();
  });

  it("can contain an encrypted one, which only the cluster can read", () => {
    const parameter = '<Parameter Name="ImageStoreConnectionString" Value="MIIB" IsEncrypted="true"/>';
    expect(() => connectionStringOf(manifest(parameter))).toThrow(
      /is encrypted in the cluster manifest\. Pass it with --image-store/,
    );
  });

  it("is rejected with a reason if it is not XML", () => {
    expect(() => connectionStringOf("<a>")).toThrow(
      /Cannot parse the cluster manifest: .*--image-store fabric:ImageStore/,
    );
  });
});

describe("the image store that commands use", () => {
  it("is the folder in the manifest", async () => {
    const folder = writeTree(scratchFolder(), { "App/a.txt": "123" });
    const { endpoint } = await emulatorForTest({ imageStoreConnectionString: `file:${folder}` });
    const { code, stdout, stderr } = await runCli("ls", "App", "-v", "--endpoint", endpoint);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "App/a.txt\n" });
    expect(stderr).toContain(`The image store is the folder ${folder}.`);
    expect(readdirSync(folder)).toEqual(["App"]);
  });

  it("is not a folder that another machine specifies, unless the user specifies it, too", async () => {
    const folder = writeTree(scratchFolder(), { "App/a.txt": "123" });
    const value = `<Parameter Name="ImageStoreConnectionString" Value="file:${folder}"/>`;
    // What is asked of a name that leads nowhere is answered by the proxy.
    const proxy = createServer((_, response) => response.end(JSON.stringify({ Manifest: manifest(value) })));
    await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
    onTestFinished(() => void proxy.close());
    const address = proxy.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const environment = {
      HTTP_PROXY: `http://127.0.0.1:${port}`,
      SF_ENDPOINT: "http://cluster.example:19080",
    };
    const refused = await startCliProcess(["rm", "--yes", "App"], environment).result;
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      `on another machine. If this machine can access that folder, pass --image-store file:${folder}`,
    );
    expect(readdirSync(folder)).toEqual(["App"]);
    const named = await startCliProcess(["ls", "--image-store", `file:${folder}`], environment).result;
    expect(named).toMatchObject({ code: 0, stdout: "App/\n" });
  });

  it("is the value of --image-store, regardless of the manifest", async () => {
    const folder = writeTree(scratchFolder(), { "a.txt": "" });
    const { endpoint } = await emulatorForTest();
    const { stdout } = await runCli("ls", "--endpoint", endpoint, "--image-store", `file:${folder}`);
    expect(stdout).toBe("a.txt\n");
  });

  it("is the service if the manifest cannot be read, as --verbose shows", async () => {
    const emulator = await emulatorForTest();
    for (const [status, code] of [
      [403, "E_ACCESSDENIED"],
      [404, "NotFound"],
    ] as const) {
      emulator.addFault({ operation: "GetClusterManifest", do: "answer", status, code });
      const { code: ending, stderr } = await runCli("ls", "-v", "--endpoint", emulator.endpoint);
      expect(ending).toBe(0);
      expect(stderr).toContain(
        `Cannot read the cluster manifest (${status} ${code}). Assuming fabric:ImageStore.`,
      );
    }
  });
});
