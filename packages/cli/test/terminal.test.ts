import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Emulator, startEmulator } from "@sf-image-store/emulator";
import { applicationManifest, sharedFolder } from "@sf-image-store/testing";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ctrlC, startOnTerminal, type Terminal } from "../scripts/terminal.js";
import { program, startCliProcess } from "./cli-process.js";

const folder = sharedFolder();

const bins = ["a", "b", "c", "d", "e", "f", "g"].map((name) => `${name}${name}.bin`);
for (const name of bins) writeFileSync(join(folder, name), randomBytes(700_000));
writeFileSync(join(folder, "ApplicationManifest.xml"), applicationManifest().padEnd(700_000));

let emulator: Emulator;
beforeEach(async () => {
  emulator = await startEmulator();
  onTestFinished(() => emulator.close());
});

function slow(): void {
  emulator.addFault({ do: "throttle", bytesPerSecond: 300_000, operation: "UploadFileChunk", times: 10_000 });
}

const args = ["upload", ".", "--to", "MyApp", "--chunk-size", "64KiB", "--concurrency", "6"];

function start(environment: Record<string, string> = {}, columns = 100): Terminal {
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    SF_ENDPOINT: emulator.endpoint,
  };
  const terminal = startOnTerminal(program, args, {
    environment: { ...env, ...environment },
    cwd: folder,
    columns,
  });
  onTestFinished(() => terminal.kill());
  return terminal;
}

const esc = String.fromCharCode(27);
const total = /^MyApp +[▓█▒░]+ {2}\d+ % {2}/m;
const file = /^ {2}[a-g ]+\.bin +[▓█▒░]+ {2}\d+ % {2}/gm;

describe("upload on a terminal", () => {
  it("draws a bar for the upload and one for each file in progress, up to a limit", async () => {
    slow();
    const terminal = start();
    await terminal.until(/^MyApp +[▓█▒░]+ {2}[1-9]\d? %/m);
    const screen = await terminal.screen();
    expect(screen).toMatch(total);
    expect(screen.match(file)?.length).toBeGreaterThan(1);
    expect(screen.split("\n").length).toBeLessThanOrEqual(6);
  });

  it("says what it waits for before there is progress", async () => {
    emulator.addFault({ do: "delay", ms: 60_000, operation: "GetClusterManifest" });
    const terminal = start();
    await terminal.until(/^Connecting to http:\/\/[\d.:]+\.\.\. [2-9] s/m);
    terminal.type(ctrlC);
    expect(await terminal.exitCode).toBe(130);
    expect(await terminal.screen()).not.toContain("Connecting");
  });

  it("removes the bars at the end", async () => {
    const terminal = start();
    expect(await terminal.exitCode).toBe(0);
    expect(await terminal.screen()).toMatch(
      /^Uploading \. \(8 files, 5\.34 MiB\) to MyApp\.\nMyApp is in the image store: 8 files, 5\.34 MiB in .* s\.$/,
    );
  });

  it("stops after Ctrl+C with the last figures and the command to resume, and resumes with it", async () => {
    slow();
    const terminal = start();
    await terminal.until(/^MyApp +[▓█▒░]+ {2}[1-9]\d? %/m);
    terminal.type(ctrlC);
    expect(await terminal.exitCode).toBe(130);
    const lines = (await terminal.screen()).split("\n").filter((line) => line !== "");
    const stopped = lines.findIndex((line) => line.startsWith("Error: Stopped."));
    expect(lines[stopped - 1]).toMatch(total);
    expect(lines[stopped]).toMatch(/ were uploaded\. The cluster keeps them for about 30 minutes\.$/);
    expect(lines[stopped + 1]).toBe("Upload sessions (see sf-image-store session --help):");
    expect(lines[stopped + 2]).toMatch(/^ {2}[0-9a-f]{8}-[0-9a-f-]{27} {2}MyApp\/./);
    expect(lines.at(-2)).toBe("To resume, run:");
    expect(lines.at(-1)).toBe(`  sf-image-store ${args.join(" ")}`);

    const again = start();
    await again.until(/resumed/);
    expect(await again.exitCode).toBe(0);
    expect(await again.screen()).toMatch(/; resumed with .* already uploaded\.$/);
  });

  it("exits immediately after a second Ctrl+C, and leaves a usable terminal", async () => {
    emulator.addFault({ do: "delay", ms: 60_000, operation: "UploadFileChunk", times: 10_000 });
    const terminal = start();
    await terminal.until(/Uploading/);
    terminal.type(ctrlC + ctrlC);
    expect(await terminal.exitCode).toBe(130);
    // Neither was the cursor hidden, nor the wrapping of lines turned off.
    expect(terminal.written()).not.toContain(`${esc}[?`);
  });

  it("shows the percentage on a narrow terminal, in one row", async () => {
    slow();
    const terminal = start({}, 20);
    await terminal.until(/^\d+ %/m);
    expect(await terminal.screen()).not.toMatch(/[▓█▒░]/);
  });

  it("removes its bars before it prints the error", async () => {
    emulator.addFault({
      do: "answer",
      status: 403,
      code: "E_ACCESSDENIED",
      operation: "UploadFileChunk",
      times: 1000,
    });
    const terminal = start();
    expect(await terminal.exitCode).toBe(3);
    const lines = (await terminal.screen()).split("\n");
    expect(lines[1]).toMatch(total);
    expect(lines[2]).toMatch(/^Error: /);
  });

  it.each([{ TERM: "dumb" }, { GITHUB_ACTIONS: "true" }])("draws nothing with %j", async (environment) => {
    const terminal = start(environment);
    await terminal.exitCode;
    expect(terminal.written()).not.toMatch(/[▓█▒░]/);
  });
});

describe("color", () => {
  const refused = (environment: Record<string, string>) => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: folder, XDG_CONFIG_HOME: folder };
    return startOnTerminal(program, ["upload", "nope"], {
      environment: { ...env, ...environment },
      cwd: folder,
    });
  };

  it("is used on a terminal, and not with NO_COLOR", async () => {
    const colored = refused({});
    const plain = refused({ NO_COLOR: "1" });
    await Promise.all([colored.exitCode, plain.exitCode]);
    expect(colored.written()).toContain(`${esc}[31mError:`);
    expect(plain.written()).toMatch(/^Error: .*nope does not exist\./);
    expect(plain.written()).not.toContain(esc);
  });

  it("is not used in a pipe, and neither is any other escape sequence", async () => {
    const { stdout, stderr } = await startCliProcess(args, { SF_ENDPOINT: emulator.endpoint }, folder).result;
    expect(stdout + stderr).not.toContain(esc);
    expect(stdout).toMatch(/^MyApp is in the image store/);
  });
});
