import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that is gone after the test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sf-image-store-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeTree(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** A small application package, as it comes from a build. */
export const packageFiles = {
  "ApplicationManifest.xml": "<ApplicationManifest/>",
  "WebPkg/ServiceManifest.xml": "<ServiceManifest/>",
  "WebPkg/Code/web.exe": "MZ".repeat(5000),
  "WebPkg/Code/wwwroot/ä.html": "<p>ä</p>",
  "WebPkg/Config/Settings.xml": "<Settings/>",
  "Notes/readme.txt": "no service",
} as const;

export function applicationPackage(folder = scratchFolder()): string {
  return writeTree(join(folder, "ShopPkg"), packageFiles);
}
