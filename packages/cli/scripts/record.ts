import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEmulator } from "@sf-image-store/emulator";
import { ctrlC, startOnTerminal } from "./terminal.js";

const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const KiB = 1024;

/** Slow enough to show progress and to interrupt the upload. */
const bytesPerSecond = 100 * KiB;

/** Runs an upload on a terminal, interrupts it, and resumes it. Returns the screens, including prompts. */
export async function record(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "sf-image-store-recording-"));
  try {
    writePackage(join(folder, "MyApp"));
    await using emulator = await startEmulator({
      faults: [{ do: "throttle", bytesPerSecond, operation: "UploadFileChunk", times: 100_000 }],
    });
    const { endpoint } = emulator;
    const upload = { folder, endpoint, commandLine };
    const first = await recordRun({ ...upload, pattern: /^MyApp .* [34]\d %.* left/m, keys: [ctrlC] });
    const second = await recordRun({ ...upload, pattern: /^MyApp .* [7-9]\d %.* left/m });
    return [first, second].join("\n\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writePackage(directory: string): void {
  const files = { "WebPkg/Code.zip": 3000, "WebPkg/Data.zip": 1200 };
  mkdirSync(join(directory, "WebPkg"), { recursive: true });
  for (const [path, size] of Object.entries(files)) {
    writeFileSync(join(directory, path), randomBytes(size * KiB));
  }
  for (const [path, text] of Object.entries(manifests)) {
    writeFileSync(join(directory, path), text.padEnd(2 * KiB));
  }
}

const manifests = {
  "ApplicationManifest.xml":
    '<ApplicationManifest ApplicationTypeName="MyApp" ApplicationTypeVersion="1.0.0"><ServiceManifestImport><ServiceManifestRef ServiceManifestName="WebPkg" ServiceManifestVersion="1.0.0"/></ServiceManifestImport></ApplicationManifest>',
  "WebPkg/ServiceManifest.xml":
    '<ServiceManifest Name="WebPkg" Version="1.0.0"><CodePackage Name="Code" Version="1.0.0"/><DataPackage Name="Data" Version="1.0.0"/></ServiceManifest>',
};

const commandLine = ["upload", "MyApp", "--chunk-size", "128KiB"];

/** A run of the command line on a terminal. */
export interface Run {
  /** The program; by default that of this checkout. */
  readonly program?: string;
  readonly folder: string;
  readonly endpoint: string;
  readonly commandLine: readonly string[];
  /** The screen to record, in addition to the one at the end. */
  readonly pattern?: RegExp;
  /** What is typed on that screen. */
  readonly keys?: readonly string[];
  readonly columns?: number;
}

/** Records one run: the screen once it matches `pattern`, the keys typed then, and the screen at the end. */
export async function recordRun(run: Run): Promise<string> {
  const { folder, endpoint, commandLine, pattern, keys = [], columns = 96 } = run;
  const environment = { PATH: process.env["PATH"] ?? "", HOME: folder, SF_ENDPOINT: endpoint };
  const options = { environment, cwd: folder, columns };
  const terminal = startOnTerminal(run.program ?? program, commandLine, options);
  try {
    if (pattern !== undefined) await terminal.until(pattern);
    const screenBefore = pattern === undefined ? "" : await terminal.screen(true);
    for (const key of keys) terminal.type(key);
    await terminal.exitCode;
    const screenAfter = await terminal.screen(true);
    return [
      `$ sf-image-store ${commandLine.join(" ")}`,
      ...(screenBefore === "" ? [] : [screenBefore]),
      ...keys.map(() => "^C"),
      newLines(screenAfter, screenBefore),
    ].join("\n");
  } finally {
    terminal.kill();
  }
}

/** The lines of a screen that were not on the screen before. */
function newLines(screen: string, before: string): string {
  const known = new Set(before.split("\n"));
  return screen
    .split("\n")
    .filter((line) => !known.has(line))
    .join("\n");
}

const begin = "<!-- recording: made by `pnpm record`, not by hand -->";
const end = "<!-- end of recording -->";

/** Replaces the recording in a README. */
export function withRecording(readme: string, recording: string): string {
  const [before, after] = around(readme);
  return `${before}${begin}\n\`\`\`text\n${recording}\n\`\`\`\n${end}${after}`;
}

/** The recording in a README, without the code fence. */
export function recordingIn(readme: string): string {
  const [before, after] = around(readme);
  const block = readme.slice(before.length + begin.length, readme.length - after.length - end.length);
  return block.replace(/^\n```text\n/, "").replace(/\n```\n$/, "");
}

function around(readme: string): readonly [before: string, after: string] {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error("The README has no markers for the recording.");
  return [readme.slice(0, from), readme.slice(to + end.length)];
}

// Run as a program, not imported by a test.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readme = fileURLToPath(new URL("../README.md", import.meta.url));
  const recording = await record();
  writeFileSync(readme, withRecording(readFileSync(readme, "utf8"), recording));
  console.log(recording);
}
