import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";
import { scratchFolder, writeZip, type ZipEntry } from "@sf-image-store/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Emulator } from "../src/index.js";
import { itemsAt, packageOf, post, provision, registeredFiles, upload } from "./application-exchange.js";
import { allFiles } from "./content-exchange.js";
import { emulatorForTest, type Received } from "./exchange.js";

/** A server of packages on this machine. Returns its URL. */
async function serve(answer: (response: ServerResponse, url: string) => void): Promise<string> {
  const server = createServer((request, response) => answer(response, request.url ?? ""));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

function archiveOf(entries: readonly ZipEntry[]): Buffer {
  return readFileSync(writeZip(join(scratchFolder(), "a.sfpkg"), entries));
}

function entriesOf(version: string, files: Readonly<Record<string, string>> = {}): ZipEntry[] {
  const { "_.dir": _, "WebPkg/_.dir": __, ...all } = { ...packageOf(version), ...files };
  return Object.entries(all).map(([name, content]) => ({ name, content }));
}

/** Registers `{base}/a.sfpkg` as T 1. */
function provisionFrom(emulator: Emulator, base: string, changes: object = {}): Promise<Received> {
  const body = {
    Kind: "ExternalStore",
    Async: true,
    ApplicationPackageDownloadUri: `${base}/a.sfpkg`,
    ApplicationTypeName: "T",
    ApplicationTypeVersion: "1",
    ...changes,
  };
  return post(emulator, "/ApplicationTypes/$/Provision", body, "api-version=6.2");
}

async function settled(emulator: Emulator) {
  await expect
    .poll(async () => (await itemsAt(emulator, "/ApplicationTypes/T"))[0]?.Status)
    .not.toBe("Provisioning");
  return (await itemsAt(emulator, "/ApplicationTypes/T"))[0];
}

describe("deploy-flow §2 Provision, External", () => {
  it("downloads the package, and never puts it into the image store as a package", async () => {
    const emulator = await emulatorForTest();
    const archive = archiveOf([{ name: "WebPkg/" }, ...entriesOf("1")]);
    const base = await serve((response) => response.end(archive));
    expect((await provisionFrom(emulator, base)).status).toBe(202);
    expect(await settled(emulator)).toMatchObject({
      Status: "Available",
      DefaultParameterList: [{ Key: "P", Value: "1" }],
    });
    expect(await registeredFiles(emulator)).toBe(5);
    const stored = (await allFiles(emulator)).map((path) => path.replaceAll("\\", "/"));
    expect(stored.filter((path) => !path.startsWith("Store/"))).toEqual([]);
    expect(stored).toContain("Store/T/WebPkg.Code.1/app.js");
    expect(readFileSync(emulator.contentPath("Store/T/WebPkg.Code.1/app.js"), "utf8")).toBe("// 1");
    // The same content from the image store has the same checksums.
    await upload(emulator, "1", {
      "ApplicationManifest.xml": packageOf("1")["ApplicationManifest.xml"] ?? "",
    });
    expect((await provision(emulator, "pkg1")).code).toBe("FABRIC_E_APPLICATION_TYPE_ALREADY_EXISTS");
  });

  it("waits for the download if the request is not asynchronous", async () => {
    const emulator = await emulatorForTest();
    const base = await serve((response) => response.end(archiveOf(entriesOf("1"))));
    expect((await provisionFrom(emulator, base, { Async: false })).status).toBe(200);
    expect(await settled(emulator)).toMatchObject({ Status: "Available" });
  });

  it("shows the progress, and ends it when the version is unprovisioned", async () => {
    const emulator = await emulatorForTest();
    const responses: ServerResponse[] = [];
    const base = await serve((response) => {
      responses.push(response);
      response.writeHead(200, { "Content-Length": "1000" }).write(Buffer.alloc(350));
    });
    expect((await provisionFrom(emulator, base)).status).toBe(202);
    await expect
      .poll(() => itemsAt(emulator, "/ApplicationTypes/T"))
      .toMatchObject([{ Status: "Provisioning", StatusDetails: "Downloading: 35 %" }]);
    // Others do not wait for it.
    await upload(emulator, "2");
    expect((await provision(emulator, "pkg2")).status).toBe(200);
    const removed = await post(emulator, "/ApplicationTypes/T/$/Unprovision", {
      ApplicationTypeVersion: "1",
    });
    expect(removed.status).toBe(200);
    expect(await itemsAt(emulator, "/ApplicationTypes/T")).toMatchObject([{ Version: "2" }]);
    await expect.poll(() => responses[0]?.destroyed).toBe(true);
  });

  it("continues after a restart, and then forgets the signature in the URL", async () => {
    const location = scratchFolder();
    const urls: string[] = [];
    let archive: Buffer | undefined;
    const base = await serve((response, url) => {
      urls.push(url);
      if (archive === undefined) response.writeHead(200, { "Content-Length": "1000" }).write("x");
      else response.end(archive);
    });
    const first = await emulatorForTest({ location });
    await provisionFrom(first, base, { ApplicationPackageDownloadUri: `${base}/a.sfpkg?sig=secret` });
    await expect.poll(() => urls).toHaveLength(1);
    await first.close();
    archive = archiveOf(entriesOf("1"));
    const second = await emulatorForTest({ location });
    expect(await settled(second)).toMatchObject({ Status: "Available" });
    expect(urls).toEqual(["/a.sfpkg?sig=secret", "/a.sfpkg?sig=secret"]);
    expect(readFileSync(join(location, "applications.json"), "utf8")).not.toContain("secret");
  });

  const damaged = entriesOf("1").map((entry) =>
    entry.name.endsWith("app.js") ? { ...entry, crc: 7 } : entry,
  );
  it.each([
    ["is of another type version", entriesOf("2"), /VALIDATION_ERROR: The package contains T 2, not T 1\./],
    ["is no archive", undefined, /VALIDATION_ERROR: The package cannot be read as a zip archive: /],
    ["has no manifest", [{ name: "a", content: "b" }], /FILE_NOT_FOUND: The file ApplicationManifest\.xml/],
    [
      "leads out of the folder",
      [...entriesOf("1"), { name: "../a", content: "b" }],
      /zip archive: invalid relative path/,
    ],
    [
      "has an absolute path",
      [...entriesOf("1"), { name: "C:/a", content: "b" }],
      /zip archive: absolute path/,
    ],
    [
      "has a device name",
      [...entriesOf("1"), { name: "WebPkg/nul", content: "b" }],
      /the name WebPkg\/nul, which is not allowed/,
    ],
    [
      "has a file twice",
      [...entriesOf("1"), ...entriesOf("1")],
      /contains ApplicationManifest\.xml more than once/,
    ],
    ["is damaged", damaged, /WebPkg\/Code\/app\.js has another checksum/],
    [
      "declares a size that is wrong",
      [...entriesOf("1"), { name: "WebPkg/Code/b", content: "bb", size: 1 }],
      /zip archive: too many bytes/,
    ],
    [
      "is too large",
      [
        ...entriesOf("1"),
        ...Array.from({ length: 5 }, (_, index) => ({ name: `b${index}`, content: "b", size: 0xfffffffe })),
      ],
      /larger than 16 GiB/,
    ],
  ] as const)("keeps a failure of a package that %s", async (_, entries, details) => {
    const emulator = await emulatorForTest();
    const archive = entries === undefined ? "no archive" : archiveOf(entries);
    const base = await serve((response) => response.end(archive));
    expect((await provisionFrom(emulator, base)).status).toBe(202);
    expect(await settled(emulator)).toMatchObject({
      Status: "Failed",
      StatusDetails: expect.stringMatching(details),
    });
    expect(await registeredFiles(emulator)).toBe(0);
  });

  it.each([
    [
      "an error of the server",
      (response: ServerResponse) => {
        response.writeHead(404).end();
      },
      /a\.sfpkg responded with 404 Not Found\.$/,
    ],
    [
      "a connection that breaks",
      (response: ServerResponse) => {
        response.writeHead(200, { "Content-Length": "9" }).write("x", () => response.destroy());
      },
      /a\.sfpkg could not be downloaded: /,
    ],
  ] as const)(
    "keeps a failure because of %s, without the signature in the URL",
    async (_, answer, details) => {
      const emulator = await emulatorForTest();
      const base = await serve(answer);
      const uri = { ApplicationPackageDownloadUri: `${base}/a.sfpkg?sig=secret` };
      expect((await provisionFrom(emulator, base, uri)).status).toBe(202);
      const { Status, StatusDetails } = await settled(emulator);
      expect({ Status, StatusDetails }).toEqual({
        Status: "Failed",
        StatusDetails: expect.stringMatching(details),
      });
      expect(StatusDetails).not.toContain("secret");
      // A synchronous request gets the error, and leaves no record.
      await post(emulator, "/ApplicationTypes/T/$/Unprovision", { ApplicationTypeVersion: "1" });
      const refused = await provisionFrom(emulator, base, { Async: false });
      expect(refused).toMatchObject({ status: 500, code: "FABRIC_E_COMMUNICATION_ERROR" });
      expect(await itemsAt(emulator, "/ApplicationTypes/T")).toEqual([]);
    },
  );
});
