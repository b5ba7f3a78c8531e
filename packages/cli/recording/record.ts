import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Emulator, startEmulator } from "@sf-image-store/emulator";
import { ctrlC, startOnTerminal } from "./terminal.js";

const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const KiB = 1024;

/** So slow that there is something to see, and time to interrupt it. */
const bytesPerSecond = 100 * KiB;

/** Runs an upload on a terminal, interrupts it, runs it again. Returns what a person sees, prompts included. */
export async function record(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "sf-image-store-recording-"));
  try {
    writePackage(join(folder, "MyApp"));
    await using emulator = await startEmulator({
      faults: [{ do: "throttle", bytesPerSecond, operation: "UploadFileChunk", times: 100_000 }],
    });
    const first = await run(folder, emulator, /^MyApp .* [34]\d %.* left/m, [ctrlC]);
    const second = await run(folder, emulator, /^MyApp .* [7-9]\d %.* left/m);
    return [first, second].join("\n\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writePackage(directory: string): void {
  const files = {
    "ApplicationManifest.xml": 2,
    "WebPkg/ServiceManifest.xml": 2,
    "WebPkg/Code.zip": 3000,
    "WebPkg/Data.zip": 1200,
  };
  mkdirSync(join(directory, "WebPkg"), { recursive: true });
  for (const [path, size] of Object.entries(files)) {
    writeFileSync(join(directory, path), randomBytes(size * KiB));
  }
}

const commandLine = ["upload", "MyApp", "--chunk-size", "128KiB"];

/** One run: what is to be seen, the keys that are typed then, and the end. */
async function run(
  folder: string,
  { endpoint }: Emulator,
  seen: RegExp,
  keys: readonly string[] = [],
): Promise<string> {
  const environment = { PATH: process.env["PATH"] ?? "", HOME: folder, SF_ENDPOINT: endpoint };
  const terminal = startOnTerminal(program, commandLine, { environment, cwd: folder, columns: 96 });
  try {
    await terminal.until(seen);
    const atWork = await terminal.screen();
    for (const key of keys) terminal.type(key);
    await terminal.exitCode;
    const atEnd = await terminal.screen();
    return [
      `$ sf-image-store ${commandLine.join(" ")}`,
      atWork,
      ...keys.map(() => "^C"),
      withoutSame(atEnd, atWork),
    ].join("\n");
  } finally {
    terminal.kill();
  }
}

/** What has come after: the lines that stand on both screens are shown once. */
function withoutSame(screen: string, before: string): string {
  const known = new Set(before.split("\n"));
  return screen
    .split("\n")
    .filter((line) => !known.has(line))
    .join("\n");
}
