import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Emulator, type EmulatorOptions, startEmulator } from "@sf-image-store/emulator";
import { applicationManifest, sharedFolder } from "@sf-image-store/testing";
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type CliProcess, type CliResult, startCli, startCliProcess, workIn } from "./cli-process.js";

const folder = sharedFolder();
workIn(folder);

const code = randomBytes(3_000_000);
beforeAll(() => {
  writePackage("MyApp", {
    "ApplicationManifest.xml": applicationManifest(),
    "CodePkg/Code.bin": code,
    "Con fig/ü 🎉.txt": "hi",
  });
  writeFileSync(join(folder, "data.bin"), code);
});

let emulator: Emulator;
let onStall = () => {};
beforeEach(async () => {
  emulator = await emulate({ onFault: ({ fault }) => fault.do === "delay" && onStall() });
});

async function emulate(options: EmulatorOptions = {}): Promise<Emulator> {
  const started = await startEmulator(options);
  onTestFinished(() => started.close());
  return started;
}

function writePackage(name: string, files: Record<string, string | Buffer>): void {
  for (const [path, content] of Object.entries(files)) {
    const full = join(folder, name, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, content);
  }
}

/** Bytes compared as bytes: comparing them as values takes minutes. */
function expectCode(storePath: string): void {
  expect(readFileSync(emulator.contentPath(storePath)).equals(code)).toBe(true);
}

function startProcess(...args: string[]): CliProcess {
  return startCliProcess(args, { SF_ENDPOINT: emulator.endpoint }, folder);
}

function cli(...args: string[]): Promise<CliResult> {
  return startCli(args, { SF_ENDPOINT: emulator.endpoint }).result;
}

describe("upload", () => {
  it("uploads a package under its own name, and reports it only on standard output", async () => {
    const { code: exit, stdout, stderr } = await cli("upload", "MyApp");
    expect(stdout).toMatch(/^MyApp is in the image store: 3 files, 2\.86 MiB in \d+\.\d s\.\n$/);
    expect(stderr).toMatch(/^Uploading MyApp \(3 files, 2\.86 MiB\) to MyApp\.\n/);
    expect(exit).toBe(0);
    expectCode("MyApp/CodePkg/Code.bin");
    expect(existsSync(emulator.contentPath("MyApp/_.dir"))).toBe(true);
  });

  it("uploads a file into the folder of --to, or to a full path", async () => {
    expect((await cli("upload", "data.bin", "--to", "Apps\\One\\")).stdout).toMatch(
      /^Apps\/One\/data\.bin is in/,
    );
    expect((await cli("upload", "data.bin", "--to", "Apps/One/b.bin")).stdout).toMatch(
      /^Apps\/One\/b\.bin is in/,
    );
    expectCode("Apps/One/data.bin");
    expectCode("Apps/One/b.bin");
  });

  it("prints one JSON document with all figures, and JSON lines on standard error", async () => {
    const { stdout, stderr } = await cli("upload", "MyApp", "--json");
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      command: "upload",
      result: {
        ...{
          kind: "package",
          source: "MyApp",
          storePath: "MyApp",
          files: 3,
          folders: 3,
          totalBytes: 3_000_103,
        },
        ...{
          sentBytes: 3_000_103,
          resumedBytes: 0,
          copiedFiles: 0,
          copiedBytes: 0,
          deletedPaths: 0,
          sessionsLeft: 0,
          verified: true,
        },
        alreadyThere: false,
        receipt: expect.stringMatching(/^\.sf-image-store-receipts\/MyApp\//),
        durationMs: expect.any(Number),
      },
    });
    const events: { event: string }[] = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.at(-1)).toMatchObject({
      event: "progress",
      ...{
        totalBytes: 3_000_103,
        committedBytes: 3_000_103,
        resumedBytes: 0,
        files: { total: 3, committed: 3 },
      },
      ...{ bytesPerSecond: null, remainingMs: null, file: { phase: "done" } },
    });
  });

  it("sends no more bytes per second than --limit-rate allows", async () => {
    const running = startProcess("upload", "data.bin", "--limit-rate", "2MiB", "--json");
    const { code: exit, stdout } = await running.result;
    expect(exit).toBe(0);
    const { result }: { result: { sentBytes: number; durationMs: number } } = JSON.parse(stdout);
    expect(result.sentBytes).toBe(code.byteLength);
    // By the clock of the process: only its last piece needs no time. A slow machine takes longer, never less.
    expect(result.durationMs).toBeGreaterThan(((code.byteLength - 256 * 1024) / (2 * 1024 * 1024)) * 1000);
    expectCode("data.bin");
  });

  it("rejects a directory without files, and warns about one without a manifest", async () => {
    mkdirSync(join(folder, "hollow/Code"), { recursive: true });
    const refused = await cli("upload", "hollow");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toBe("Error: Nothing to upload: hollow contains no files.\n");
    writePackage("parent", { "MyApp/ApplicationManifest.xml": "<a/>" });
    const doubted = await cli("upload", "parent");
    expect(doubted.code).toBe(0);
    expect(doubted.stderr).toMatch(
      /^parent contains no ApplicationManifest\.xml\. Check that it is the directory of the package\.$/m,
    );
    expect((await cli("upload", "MyApp")).stderr).not.toContain("Manifest");
  });

  it("reports with --verbose which requests failed and were retried", async () => {
    // A request without a body: an answer to half a body may get lost with the connection.
    const operation = "CommitImageStoreUploadSession";
    const plan = { operation, do: "answer", status: 503, code: "E_ABORT" } as const;
    emulator.addFault(plan);
    const { code: exit, stderr } = await cli("upload", "data.bin", "-v");
    expect(exit).toBe(0);
    expect(stderr.match(/^POST .*$/gm)).toEqual([
      expect.stringMatching(/CommitUpload.* 503, \d+ ms$|CommitUpload.* 503 \d+ ms$/),
    ]);
    emulator.addFault(plan);
    expect((await cli("upload", "data.bin", "--to", "b")).stderr).not.toContain("POST");
  });

  it("prints only the result with --quiet", async () => {
    const { stdout, stderr } = await cli("upload", "MyApp", "-q");
    expect(stdout).toMatch(/^MyApp is in the image store/);
    expect(stderr).toBe("");
  });

  it("reports that nothing was verified with --no-verify", async () => {
    expect((await cli("upload", "data.bin", "--no-verify")).stdout).toMatch(/, not verified\.\n$/);
  });

  it.each([[[]], [["--compress"]], [["--replace"]]])(
    "finds its receipt when repeated, and sends nothing: %j",
    async (flags) => {
      let changes = 0;
      emulator = await emulate({ onRequest: ({ method }) => void (method === "GET" || changes++) });
      writePackage("Zipped", {
        "ApplicationManifest.xml": applicationManifest(),
        "CodePkg/ServiceManifest.xml": "<s/>",
        "CodePkg/Code/app.bin": code.subarray(0, 100_000),
      });
      await cli("upload", "Zipped", ...flags);
      expect(changes).toBeGreaterThan(0);
      changes = 0;
      const again = await cli("upload", "Zipped", ...flags);
      expect(again.code).toBe(0);
      expect(again.stdout).toMatch(
        /^Zipped is already in the image store with the same content: 3 files, .* KiB\. Nothing was sent\.\n$/,
      );
      const plan = await cli("upload", "Zipped", "--dry-run", ...flags);
      expect(plan.stdout).toContain(
        "Would send nothing: Zipped is already in the image store with the same content",
      );
      expect(changes).toBe(0);
    },
  );

  it("of a file finds its receipt when repeated, too, and sends the file again after a change", async () => {
    const bytes = Buffer.from(code);
    writeFileSync(join(folder, "own.bin"), bytes);
    await cli("upload", "own.bin", "--to", "Apps/");
    const again = await cli("upload", "own.bin", "--to", "Apps/", "--json");
    expect(JSON.parse(again.stdout).result).toMatchObject({ alreadyThere: true, sentBytes: 0 });
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
    writeFileSync(join(folder, "own.bin"), bytes);
    const edited = await cli("upload", "own.bin", "--to", "Apps/", "--json");
    expect(JSON.parse(edited.stdout).result).toMatchObject({ alreadyThere: false, sentBytes: bytes.length });
    expect(readFileSync(emulator.contentPath("Apps/own.bin")).equals(bytes)).toBe(true);
  });

  it("overwrites a complete package with different content of the same size only with --replace", async () => {
    writePackage("Own", { "ApplicationManifest.xml": applicationManifest(), "Pkg/settings.txt": "level=1" });
    await cli("upload", "Own");
    writePackage("Own", { "Pkg/settings.txt": "level=2" });
    const refused = await cli("upload", "Own");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain(
      "Error: Own already contains a complete package with different content. Pass --replace to overwrite it",
    );
    const differing = await cli("verify", "Own", "Own");
    expect(differing.code).toBe(5);
    expect(differing.stderr).toContain("Own has different content, although names and sizes are the same");
    expect(await cli("upload", "Own", "--replace")).toMatchObject({ code: 0 });
    const { stdout } = await cli("verify", "Own", "Own", "--json");
    expect(JSON.parse(stdout).result).toMatchObject({ proof: "content" });
  });

  it("stores no receipt with --no-receipt, and then cannot compare content", async () => {
    await cli("upload", "MyApp", "--no-receipt");
    const refused = await cli("upload", "MyApp");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("with the same names and sizes. Its content cannot be compared");
    const verified = await cli("verify", "MyApp", "MyApp");
    expect(verified.stdout).toContain("has the same names and sizes as MyApp");
    expect(verified.stdout).toContain("Content was not compared");
  });

  it("warns if the receipt cannot be stored, and succeeds", async () => {
    emulator.addFault({
      ...{ operation: "UploadFile", path: ".sf-image-store-receipts/*", times: 99 },
      ...{ do: "answer", status: 403, code: "E_ACCESSDENIED" },
    });
    const { code, stdout, stderr } = await cli("upload", "MyApp");
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("is in the image store"),
    });
    expect(stderr).toMatch(/Could not store a receipt: .*403.* The upload is complete/);
  });

  it("keeps unexpected files only with --allow-unexpected", async () => {
    await cli("upload", "data.bin", "--to", "MyApp/other.bin");
    expect(await cli("upload", "MyApp")).toMatchObject({ code: 5 });
    expect(await cli("upload", "MyApp", "--allow-unexpected")).toMatchObject({ code: 0 });
    expect(existsSync(emulator.contentPath("MyApp/other.bin"))).toBe(true);
  });

  it("reports the package to compress, and whether there is nothing to compress", async () => {
    const { stderr } = await cli("upload", "MyApp", "--compress");
    expect(stderr).toMatch(
      /^Compressing MyApp\.\.\.\nNothing to compress: .* ServiceManifest\.xml .*\.\nUploading MyApp \(3 files, /,
    );
  });

  it("uploads a compressed copy with --compress, with the same bytes each time", async () => {
    const sent = async (to: string) => {
      expect(await cli("upload", "packed", "--compress", "--to", to)).toMatchObject({ code: 0 });
      return readFileSync(emulator.contentPath(`${to}/Svc/Code.zip`));
    };
    writePackage("packed", {
      "ApplicationManifest.xml": applicationManifest(),
      "Svc/ServiceManifest.xml": "<s/>",
      "Svc/Code/a.txt": "a".repeat(100_000),
    });
    const first = await sent("one");
    expect(first.length).toBeLessThan(2000);
    expect((await sent("two")).equals(first)).toBe(true);
    expect(existsSync(emulator.contentPath("one/Svc/Code"))).toBe(false);
  });
});

describe("upload --dry-run", () => {
  it("shows what would be uploaded, and changes nothing", async () => {
    const { code: exit, stdout, stderr } = await cli("upload", "MyApp", "--to", "New", "--dry-run");
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout).toBe(
      [
        "   101 B  New/ApplicationManifest.xml",
        "2.86 MiB  New/CodePkg/Code.bin",
        "     2 B  New/Con fig/ü 🎉.txt",
        "Would send 3 files, 2.86 MiB to New.",
        "Nothing was changed.\n",
      ].join("\n"),
    );
    expect(await cli("ls", "New")).toMatchObject({ code: 4 });
  });

  it("shows how much of an interrupted upload the cluster has", async () => {
    await interrupt("upload", "data.bin", "--chunk-size", "256KiB", "--concurrency", "1");
    const { result } = JSON.parse((await cli("upload", "data.bin", "--dry-run", "--json")).stdout);
    expect(result.uploadedBytes).toBeGreaterThanOrEqual(256 * 1024);
    expect(result).toMatchObject({ files: [{ storePath: "data.bin", uploadedBytes: result.uploadedBytes }] });
    expect((await cli("upload", "data.bin", "--dry-run")).stdout).toContain(
      "KiB are already there from an interrupted upload",
    );
  });

  it("shows what would fail, be deleted or be overwritten", async () => {
    await cli("upload", "MyApp");
    const plan = async (...args: string[]) => (await cli("upload", ...args, "--dry-run")).stdout;
    const complete = "The upload would fail: MyApp already contains a complete package.";
    expect(await plan("MyApp")).toContain("Would send nothing");
    writePackage("Changed", { "ApplicationManifest.xml": applicationManifest("2.0.0") });
    const changed = ["Changed", "--to", "MyApp"];
    expect(await plan(...changed)).toContain(complete);
    expect(await plan(...changed, "--replace")).toContain("Would first delete the complete package MyApp");
    expect(await plan(...changed, "--replace", "--allow-unexpected")).toContain(
      "Would update the complete package MyApp",
    );
    expect(await plan("data.bin", "--to", "MyApp/CodePkg/Code.bin")).toContain("Would overwrite the file");
    await cli("upload", "data.bin", "--to", "Half/other.bin");
    expect(await plan("MyApp", "--to", "Half")).toContain(
      "The upload would fail: Half contains 1 path that is not in the package (see --replace, --allow-unexpected):\n  Half/other.bin\n",
    );
    expect(await plan("MyApp", "--to", "Half", "--replace")).toContain(
      "delete 1 path that is not in the package:\n  Half/other.bin",
    );
  });

  it.each([
    ["a complete package with other content", ["Other", "--to", "Full"], 2],
    ["files that are not in the package", ["MyApp", "--to", "Extra"], 5],
    ["a file in the way", ["MyApp", "--to", "Extra/other.bin"], 2],
    ["a folder in the way", ["data.bin", "--to", "Full"], 2],
  ])("exits as the upload would, because of %s", async (_, args, expected) => {
    writePackage("Other", { "ApplicationManifest.xml": applicationManifest("3.0.0") });
    await cli("upload", "MyApp", "--to", "Full");
    await cli("upload", "data.bin", "--to", "Extra/other.bin");
    const plan = await cli("upload", ...args, "--dry-run");
    expect({ code: plan.code, stdout: plan.stdout }).toEqual({
      code: expected,
      stdout: expect.stringMatching(/^The upload would fail: .*\n( {2}.*\n)*Nothing was changed\.\n$/m),
    });
    const json = await cli("upload", ...args, "--dry-run", "--json");
    expect(JSON.parse(json.stdout).result.wouldFail).toMatch(/^(Full|Extra)/);
    expect((await cli("upload", ...args)).code).toBe(expected);
  });

  it("exits with 0 with the option that lets the upload through", async () => {
    await cli("upload", "data.bin", "--to", "Extra/other.bin");
    for (const flag of ["--replace", "--allow-unexpected", "--no-verify"]) {
      const plan = await cli("upload", "MyApp", "--to", "Extra", "--dry-run", flag, "--json");
      expect({ code: plan.code, wouldFail: JSON.parse(plan.stdout).result.wouldFail }).toEqual({
        ...{ code: 0, wouldFail: null },
      });
    }
  });

  it("cannot tell what a gateway without sessions has", async () => {
    emulator = await emulate({ platform: "linux" });
    const { result } = JSON.parse((await cli("upload", "data.bin", "--dry-run", "--json")).stdout);
    expect(result.uploadedBytes).toBeNull();
  });
});

describe("an upload that is stopped", () => {
  it("names the sessions that the cluster keeps, in the text and in JSON", async () => {
    const { code, stdout } = await interrupt(
      ...[
        "upload",
        "data.bin",
        "--to",
        "Kept/data.bin",
        "--chunk-size",
        "256KiB",
        "--concurrency",
        "2",
        "-v",
      ],
    );
    const { error } = JSON.parse(stdout);
    const [session] = error.details.sessions;
    expect(code).toBe(130);
    expect(session).toMatchObject({
      storePath: "Kept/data.bin",
      committedBytes: error.details.committedBytes,
    });
    expect(error.message).toContain(`\n  ${session.sessionId}  Kept/data.bin\n`);
    const listed = JSON.parse((await cli("session", "list", "Kept/data.bin", "--json")).stdout);
    expect(listed.result.sessions).toMatchObject([{ sessionId: session.sessionId }]);
  });
});

/** Starts an upload that gets no answer from its fourth chunk on. Of two at a time, it knows by then that two have arrived. */
async function startStalling(...args: string[]): Promise<CliProcess & { heal(): void }> {
  const fourth = { operation: "UploadFileChunk", nth: 4, times: 1000 } as const;
  const heal = emulator.addFault({ ...fourth, do: "delay", ms: 600_000 });
  const stalled = new Promise<void>((stall) => {
    onStall = stall;
  });
  const running = startProcess(...args);
  await stalled;
  return { ...running, heal };
}

/** Stops an upload by a signal once something has arrived. */
async function interrupt(...args: string[]): Promise<CliResult> {
  const running = await startStalling(...args, "--json");
  running.child.kill("SIGINT");
  const result = await running.result;
  running.heal();
  return result;
}

describe("an interrupted upload", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)(
    "by %s exits with %i, reports what was uploaded and how to resume, and resumes",
    async (signal, exitCode) => {
      const args = [
        "upload",
        "data.bin",
        "--to",
        "it's/data 1.bin",
        "--chunk-size",
        "256KiB",
        "--concurrency",
        "2",
      ];
      const running = await startStalling(...args);
      running.child.kill(signal);
      const { code: exit, stdout, stderr } = await running.result;
      running.heal();
      expect({ exit, stdout }).toEqual({ exit: exitCode, stdout: "" });
      expect(stderr).toMatch(
        /Stopped\. .* of 2\.86 MiB were uploaded\. The cluster keeps them for about 30 minutes\./,
      );
      const command =
        "sf-image-store upload data.bin --to 'it'\\''s/data 1.bin' --chunk-size 256KiB --concurrency 2";
      expect(stderr.split("\n").at(-2)).toBe(`  ${command}`);
      const again = await cli(...args);
      expect(again.stdout).toMatch(
        /is in the image store: 2\.86 MiB in .* s; resumed with .* already uploaded\.\n$/,
      );
      expectCode("it's/data 1.bin");
    },
  );

  it("reports how to resume as JSON", async () => {
    const { code: exit, stdout } = await interrupt(
      "upload",
      "data.bin",
      "--chunk-size",
      "256KiB",
      "--concurrency",
      "1",
    );
    expect(exit).toBe(130);
    const { ok, error } = JSON.parse(stdout);
    expect({ ok, code: error.code, exitCode: error.exitCode }).toEqual({
      ok: false,
      code: "interrupted",
      exitCode: 130,
    });
    expect(error.details.committedBytes).toBeGreaterThan(0);
    expect(error.details.resume.arguments).toEqual([
      "upload",
      "data.bin",
      "--chunk-size",
      "256KiB",
      "--concurrency",
      "1",
      "--json",
    ]);
  });

  it("exits immediately after the second interruption", async () => {
    emulator.addFault({ do: "delay", ms: 60_000, operation: "UploadFileChunk", times: 1000 });
    const running = startProcess("upload", "data.bin");
    await expect.poll(running.stderr).toContain("Uploading");
    running.child.kill("SIGINT");
    running.child.kill("SIGTERM");
    expect((await running.result).code).toBe(130);
  });

  it("by a crash resumes, too", async () => {
    const args = ["upload", "data.bin", "--chunk-size", "256KiB", "--concurrency", "1", "--json"];
    const running = await startStalling(...args);
    running.child.kill("SIGKILL");
    await running.result;
    running.heal();
    const { result } = JSON.parse((await cli(...args)).stdout);
    expect(result.resumedBytes).toBeGreaterThan(0);
    expect(result.sentBytes + result.resumedBytes).toBe(3_000_000);
  });
});

describe("the exit code of an upload is", () => {
  it("1 if no server answers", async () => {
    await emulator.close();
    const { code: exit, stderr } = await cli("upload", "data.bin", "--max-retries", "0");
    expect(exit).toBe(1);
    expect(stderr).toMatch(/Error: /);
  });

  it("1 if the server keeps failing", async () => {
    emulator.addFault({
      do: "answer",
      status: 500,
      code: "E_FAIL",
      operation: "UploadFileChunk",
      times: 1000,
    });
    expect(await cli("upload", "data.bin", "--max-retries", "1")).toMatchObject({ code: 1 });
  });

  it.each([
    [["nope"], /nope does not exist\./],
    [["data.bin", "--chunk-size", "1GiB"], /Use a size from 1 B to 256 MiB\./],
    [["data.bin", "--chunk-size", "big"], /Use a size such as 8MiB/],
    [["data.bin", "--concurrency", "0"], /Use auto or a whole number from 1 to 256\./],
    [["data.bin", "--concurrency", "Auto"], /Use auto or a whole number from 1 to 256\./],
    [["data.bin", "--timeout", "5"], /Use a duration such as 90s/],
    [["data.bin", "--fingerprint", "name"], /Allowed choices are content, stat/],
    [["data.bin", "--compress"], /--compress requires a package/],
    [["MyApp", "--compress", "--fingerprint", "stat"], /--compress cannot be used with --fingerprint stat/],
    [["/"], /Use --to to specify a path/],
    [
      ["linked"],
      /The package has a path that cannot be uploaded:\n {2}"a" is a symbolic link\.\nNothing was sent\.\nTo upload the targets of links, pass --follow-symlinks\. To leave paths out, pass --exclude\.\n$/,
    ],
    [
      ["data.bin", "--to", "100%"],
      /^Error: The destination contains %.*^Pass --gateway-platform windows or/ms,
    ],
  ])("2 for %j", async (args, message) => {
    mkdirSync(join(folder, "linked"), { recursive: true });
    if (!existsSync(join(folder, "linked/a")))
      symlinkSync(join(folder, "data.bin"), join(folder, "linked/a"));
    const { code: exit, stdout, stderr } = await cli("upload", ...args);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it("3 if the cluster denies access", async () => {
    emulator.addFault({ do: "answer", status: 403, code: "E_ACCESSDENIED", times: 1000 });
    expect(await cli("upload", "data.bin")).toMatchObject({ code: 3 });
  });

  it("5 if the listing does not show what was sent", async () => {
    // Its first listing is made before the file is sent.
    emulator.addFault({
      do: "answer",
      status: 404,
      code: "FABRIC_E_FILE_NOT_FOUND",
      operation: "GetImageStoreContent",
      path: "data.bin",
      times: 1000,
    });
    const { code: exit, stderr } = await cli("upload", "data.bin", "--max-retries", "0");
    expect(stderr).toContain("data.bin is missing");
    expect(exit).toBe(5);
  });

  it("6 after a timeout", async () => {
    emulator.addFault({ do: "delay", ms: 60_000, operation: "UploadFileChunk", times: 1000 });
    expect(await cli("upload", "data.bin", "--timeout", "1s")).toMatchObject({ code: 6 });
  });
});
