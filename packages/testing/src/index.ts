import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { afterAll, onTestFinished } from "vitest";

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

/** The files of a small application package, as a build makes it. */
export const packageFiles = {
  "ApplicationManifest.xml": "<ApplicationManifest/>",
  "WebPkg/ServiceManifest.xml": "<ServiceManifest/>",
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

/** An entry of a zip archive with any values in its headers. */
export interface ZipEntry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** Deflate the content. @default true */
  readonly deflate?: boolean;
  readonly crc?: number;
  readonly size?: number;
  readonly flags?: number;
  readonly method?: number;
  /** The mode on Unix. */
  readonly mode?: number;
  /** Point to the content of the first entry. */
  readonly isShared?: boolean;
}

/** Writes a zip archive byte by byte, because libraries refuse to write invalid ones. */
export function writeZip(path: string, entries: readonly ZipEntry[]): string {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? "");
    const deflate = entry.deflate ?? true;
    const bytes = deflate ? deflateRawSync(content) : content;
    const name = Buffer.from(entry.name);
    // From the flags to the length of extra fields: the same in both headers.
    const common = Buffer.alloc(24);
    common.writeUInt16LE((entry.flags ?? 0) | 0x800, 0);
    common.writeUInt16LE(entry.method ?? (deflate ? 8 : 0), 2);
    common.writeUInt32LE(entry.crc ?? crc32(content), 8);
    common.writeUInt32LE(bytes.length, 12);
    common.writeUInt32LE(entry.size ?? content.length, 16);
    common.writeUInt16LE(name.length, 20);
    const end = Buffer.alloc(14);
    end.writeUInt32LE(((entry.mode ?? 0) << 16) >>> 0, 6);
    end.writeUInt32LE(entry.isShared ? 0 : offset, 10);
    const madeBy = entry.mode === undefined ? [20, 0] : [20, 3];
    central.push(Buffer.from("PK\x01\x02"), Buffer.from([...madeBy, 20, 0]), common, end, name);
    const piece = Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.from([20, 0]), common, name, bytes]);
    local.push(piece);
    offset += piece.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  writeFileSync(path, Buffer.concat([...local, directory, Buffer.from("PK\x05\x06"), end]));
  return path;
}
