import { describe, expect, it } from "vitest";
import { type LintOptions, lintDirectory, type PackageContent } from "../../src/node/index.js";
import { rejection } from "../server.js";
import { directoryOf } from "./directory.js";

type Files = Readonly<Record<string, string | Uint8Array>>;

const application = `<?xml version="1.0" encoding="utf-8"?>
<ApplicationManifest xmlns="http://schemas.microsoft.com/2011/01/fabric"
    ApplicationTypeName="Shop" ApplicationTypeVersion="1.0.0">
  <ServiceManifestImport>
    <ServiceManifestRef ServiceManifestName="WebPkg" ServiceManifestVersion="1.0.0" />
  </ServiceManifestImport>
</ApplicationManifest>
`;
const service = `<ServiceManifest Name="WebPkg" Version="1.0.0" xmlns="http://schemas.microsoft.com/2011/01/fabric">
  <CodePackage Name="Code" Version="1.0.0" />
  <ConfigPackage Name="Config" Version="1.0.0" />
</ServiceManifest>
`;
const good: Files = {
  "ApplicationManifest.xml": application,
  "WebPkg/ServiceManifest.xml": service,
  "WebPkg/Code/web.exe": "code",
  "WebPkg/Config/Settings.xml": "<Settings/>",
};

function contentOf(files: Files): PackageContent {
  return {
    files: Object.entries(files).map(([relativePath, content]) => {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      return { relativePath, size: bytes.length, open: async () => bytes };
    }),
  };
}

function without(path: string, files = good): Files {
  return Object.fromEntries(Object.entries(files).filter(([name]) => name !== path));
}

/** `severity code file:line` of every finding. */
async function lint(files: Files, options?: LintOptions): Promise<string[]> {
  const findings = await lintDirectory(contentOf(files), options);
  return findings.map(({ severity, code, file, line }) => `${severity} ${code} ${file}:${line ?? "-"}`);
}

const app = "ApplicationManifest.xml";
const web = "WebPkg/ServiceManifest.xml";
const edit = (path: string, from: string, to: string): Files => {
  const text = String(good[path]);
  expect(text).toContain(from);
  return { ...good, [path]: text.replace(from, to) };
};

describe("The lint of a package", () => {
  it("finds nothing in a good one: with folders, zip files, empty folders, byte order marks and UTF-16", async () => {
    expect(await lint(good)).toEqual([]);
    const zipped = without("WebPkg/Code/web.exe", { ...good, "WebPkg/Code.zip": "PK" });
    expect(await lint(zipped)).toEqual([]);
    expect(await lint({ ...good, [app]: `\uFEFF${application}` })).toEqual([]);
    const utf16 = Buffer.from(`\uFEFF${application.replace("utf-8", "utf-16")}`, "utf16le");
    expect(await lint({ ...good, [app]: new Uint8Array(utf16) })).toEqual([]);
    const prefixed = application.replaceAll("<", "<f:").replaceAll("<f:/", "</f:").replace("<f:?", "<?");
    expect(await lint({ ...good, [app]: prefixed.replace("xmlns=", "xmlns:f=") })).toEqual([]);
    const empty = contentOf(without("WebPkg/Config/Settings.xml"));
    expect(await lintDirectory({ ...empty, folders: ["WebPkg/Config"] })).toEqual([]);
  });

  it.each<[string, () => Files, string[]]>([
    ["no application manifest", () => without(app), [`error no-application-manifest ${app}:-`]],
    ["a manifest that is no XML", () => edit(app, "</Serv", "</Sorv"), [`error malformed-manifest ${app}:6`]],
    ["an empty manifest", () => ({ ...good, [web]: "" }), [`error malformed-manifest ${web}:1`]],
    ["a wrong root", () => ({ ...good, [app]: "\n<Apps/>" }), [`error wrong-root-element ${app}:2`]],
    ["no type", () => edit(app, ' ApplicationTypeName="Shop"', ""), [`error missing-attribute ${app}:2`]],
    [
      "an empty version",
      () => edit(app, 'TypeVersion="1.0.0"', 'TypeVersion=" "'),
      [`error missing-attribute ${app}:2`],
    ],
    [
      "an import without a reference",
      () => edit(app, "ServiceManifestRef ", "Other "),
      [`error missing-attribute ${app}:4`, `warning service-not-imported ${web}:-`],
    ],
    [
      "another folder",
      () => edit(app, 'Name="WebPkg"', 'Name="Web"'),
      [`warning missing-service-manifest ${app}:5`, `warning service-not-imported ${web}:-`],
    ],
    [
      "another service name",
      () => edit(web, 'Name="WebPkg"', 'Name="Web"'),
      [`error service-name-mismatch ${web}:1`],
    ],
    [
      "another service version",
      () => edit(app, 'ManifestVersion="1.0.0"', 'ManifestVersion="1.0.1"'),
      [`error service-version-mismatch ${web}:1`],
    ],
    [
      "a service twice",
      () =>
        edit(
          app,
          "  </ServiceManifestImport>",
          '  </ServiceManifestImport><ServiceManifestImport>\n<ServiceManifestRef ServiceManifestName="WebPkg" ServiceManifestVersion="1.0.0"/></ServiceManifestImport>',
        ),
      [`error duplicate-name ${app}:7`],
    ],
    [
      "a package twice",
      () => edit(web, "</ServiceManifest>", '<CodePackage Name="Code" Version="2"/></ServiceManifest>'),
      [`error duplicate-name ${web}:4`],
    ],
    [
      "no package version",
      () => edit(web, 'Name="Code" Version="1.0.0"', 'Name="Code"'),
      [`error missing-attribute ${web}:2`],
    ],
    ["no code", () => without("WebPkg/Code/web.exe"), [`warning missing-package ${web}:2`]],
    [
      "a folder in another case",
      () => without("WebPkg/Code/web.exe", { ...good, "WebPkg/code/web.exe": "" }),
      [`warning name-case ${web}:2`],
    ],
    [
      "a manifest in another case",
      () => without(app, { ...good, "applicationmanifest.xml": application }),
      ["warning name-case applicationmanifest.xml:2"],
    ],
    [
      "another service",
      () => ({ ...good, "OldPkg/ServiceManifest.xml": service }),
      ["warning service-not-imported OldPkg/ServiceManifest.xml:-"],
    ],
  ])("finds %s", async (_, files, expected) => {
    expect(await lint(files())).toEqual(expected);
  });

  it("says what to change", async () => {
    const findings = await lintDirectory(
      contentOf(edit(app, 'ManifestVersion="1.0.0"', 'ManifestVersion="2"')),
    );
    expect(findings.map(({ message }) => message)).toEqual([
      'The version is "1.0.0", but ApplicationManifest.xml imports version "2". Use the same version.',
    ]);
  });
});

describe("The lint with an older version", () => {
  const base = contentOf(good);
  const raise = (files: Files, paths: readonly string[]): Files => ({
    ...files,
    ...Object.fromEntries(paths.map((path) => [path, String(files[path]).replaceAll("1.0.0", "1.0.1")])),
  });

  it("finds nothing if nothing changed, or all versions did", async () => {
    expect(await lint(good, { base })).toEqual([]);
    const edited = { ...good, "WebPkg/Code/web.exe": "edit" };
    expect(await lint(raise(edited, [app, web]), { base })).toEqual([]);
  });

  it("finds content that changed under the same version, also of the same size", async () => {
    const edited = { ...good, "WebPkg/Code/web.exe": "edit" };
    const found = [`error unchanged-version ${web}:2`, `error unchanged-version ${app}:2`];
    expect(await lint(edited, { base })).toEqual(found);
    expect(await lint({ ...good, "WebPkg/Code/new.dll": "" }, { base })).toEqual(found);
    const text = service.replace('Name="Code" Version="1.0.0"', 'Name="Code" Version="1.0.1"');
    expect(await lint({ ...edited, [web]: text }, { base })).toEqual([
      `error unchanged-version ${web}:1`,
      `error unchanged-version ${app}:2`,
    ]);
    const raised = { ...edited, [app]: application.replace("1.0.0", "1.0.1") };
    expect(await lint(raised, { base })).toEqual([`error unchanged-version ${web}:2`]);
  });

  it("ignores another application type, a new service, and a folder that is a zip file now", async () => {
    const other = { ...good, [app]: application.replace('"Shop"', '"Other"'), "WebPkg/Code/web.exe": "edit" };
    expect(await lint(other, { base })).toEqual([]);
    const zipped = without("WebPkg/Code/web.exe", { ...good, "WebPkg/Code.zip": "PK" });
    expect(await lint(zipped, { base })).toEqual([`error unchanged-version ${app}:2`]);
  });
});

describe("The lint of a directory", () => {
  it("reads the files, and rejects what is no directory", async () => {
    await using directory = await directoryOf({ "WebPkg/Config/": 0 });
    await directory.write(app, application);
    await directory.write(web, service);
    const findings = await lintDirectory(directory.path, { base: directory.path });
    expect(findings.map(({ code, line }) => `${code}:${line}`)).toEqual(["missing-package:2"]);
    const error = await rejection(lintDirectory(`${directory.path}/nowhere`));
    expect(error).toMatchObject({ name: "InvalidInputError", parameter: "directory" });
  });
});
