import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, onTestFinished } from "vitest";
import { type ZipEntry, zipArchive } from "./zip.js";

export type { ZipEntry };

/** Makes a temporary folder that is removed when the running test ends. */
export function scratchFolder(): string {
  const folder = temporaryFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes a temporary folder that is removed after all tests of the file. */
export function sharedFolder(): string {
  const folder = temporaryFolder();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "sf-image-store-test-"));
}

/** Writes files below a folder, by relative path. Returns the folder. */
export function writeTree(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** An application manifest without services. */
export function applicationManifest(version = "1.0.0", content = ""): string {
  return `<ApplicationManifest ApplicationTypeName="Shop" ApplicationTypeVersion="${version}">${content}</ApplicationManifest>`;
}

/** The files of a small application package, as a build makes it. */
export const packageFiles = {
  "ApplicationManifest.xml": applicationManifest(
    "1.0.0",
    '<ServiceManifestImport><ServiceManifestRef ServiceManifestName="WebPkg" ServiceManifestVersion="1.0.0"/></ServiceManifestImport>',
  ),
  "WebPkg/ServiceManifest.xml":
    '<ServiceManifest Name="WebPkg" Version="1.0.0"><CodePackage Name="Code" Version="1.0.0"/><ConfigPackage Name="Config" Version="1.0.0"/></ServiceManifest>',
  "WebPkg/Code/web.exe": "MZ".repeat(5000),
  "WebPkg/Code/wwwroot/ä.html": "<p>ä</p>",
  "WebPkg/Config/Settings.xml": "<Settings/>",
  "Notes/readme.txt": "no service",
} as const;

/** Writes a small application package. Returns its folder, `ShopPkg`. */
export function applicationPackage(folder = scratchFolder()): string {
  return writeTree(join(folder, "ShopPkg"), packageFiles);
}

/** Mounts a disk of 2 MiB at the folder until the running test ends. Only root on Linux can; otherwise returns undefined. */
export function smallDisk(folder: string): string | undefined {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync("umount", ["-l", folder]));
  return folder;
}

const root = resolve(import.meta.dirname, "../../..");

/** The arguments for Node that run a TypeScript program of the repository from the sources of all packages. */
export function typeScriptProgram(path: string): readonly string[] {
  const tsx = join(root, "node_modules/tsx/dist/cli.mjs");
  return [tsx, "-C", "@sf-image-store/source", join(root, path)];
}

export interface ProcessResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a TypeScript program of the repository in a process of its own. */
export function runTypeScript(
  path: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<ProcessResult> {
  return runNode([...typeScriptProgram(path), ...args], options);
}

/** Runs Node in a process of its own, by default in the root of the repository. */
export function runNode(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<ProcessResult> {
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: root, ...options }, (error, stdout, stderr) => {
      // A process that was killed or could not start has no exit code.
      const failed = typeof error?.code === "number" ? error.code : 1;
      done({ code: error === null ? 0 : failed, stdout, stderr });
    });
  });
}

/** Writes a zip archive, also an invalid one. Returns its path. */
export function writeZip(path: string, entries: readonly ZipEntry[]): string {
  writeFileSync(path, zipArchive(entries));
  return path;
}
