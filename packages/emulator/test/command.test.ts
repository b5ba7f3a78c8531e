import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { parseCommandLine, usage } from "../src/command/command-line.js";
import {
  banner as bannerText,
  exposureWarning,
  faultLine,
  logLine,
  printableText,
} from "../src/command/messages.js";
import { readSettings } from "../src/command/settings.js";
import type { EmulatorOptions } from "../src/index.js";
import { type OptionRow, optionRows } from "../src/option-table.js";
import { banner, runCommand } from "./command-process.js";
import { emulatorForTest, session1, version } from "./exchange.js";

describe("the command", () => {
  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "starts with a banner, logs requests, and ends cleanly on %s",
    async (signal) => {
      const command = runCommand("--port", "0");
      const { endpoint, location } = await banner(command);
      expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(existsSync(location)).toBe(true);
      const url = `${endpoint}/ImageStore/App/a.txt/$/UploadChunk?${version}&session-id=${session1}`;
      const answer = await fetch(url, {
        method: "PUT",
        headers: { "Content-Range": "bytes 0-4/10" },
        body: "01234",
      });
      expect(answer.status).toBe(200);
      await expect
        .poll(command.output)
        .toMatch(/^PUT \/ImageStore\/App\/a\.txt\/\$\/UploadChunk \[bytes 0-4\/10\] 200 OK \d+ ms$/m);
      command.child.kill(signal);
      expect(await command.exited).toBe(0);
      expect(command.errors()).toBe("");
      expect(existsSync(location)).toBe(false);
    },
  );

  it("does not log what the explorer page loads, but one line for its address, and everything else", async () => {
    const command = runCommand("--port", "0");
    const { endpoint } = await banner(command);
    for (const path of ["/Explorer", "/Explorer/main.js", "/Explorer/explorer.css", "/Explorer/none.js"])
      await (await fetch(endpoint + path)).text();
    await expect.poll(command.output).toContain("GET /Explorer/none.js 404");
    const lines = command.output().match(/^GET .*(?= \d+ ms$)/gm);
    expect(lines).toEqual(["GET /Explorer 301 MovedPermanently", "GET /Explorer/none.js 404 NotFound"]);
  });

  it("logs nothing with --quiet and warns when other machines can connect", async () => {
    const command = runCommand("--port", "0", "--host", "0.0.0.0", "--quiet");
    const { endpoint } = await banner(command);
    await fetch(`${endpoint}/Nonsense`);
    command.child.kill("SIGTERM");
    expect(await command.exited).toBe(0);
    expect(command.output()).not.toContain("Nonsense");
    expect(command.errors()).toMatch(/^Warning: 0\.0\.0\.0 is not a loopback address\..*\n$/);
  });

  it("keeps running without output after standard output closes, and cleans up at exit", async () => {
    const command = runCommand("--port", "0");
    const { endpoint, location } = await banner(command);
    command.child.stdout?.destroy();
    for (let time = 0; time < 5; time++) expect((await fetch(`${endpoint}/Nonsense`)).status).toBe(404);
    command.child.kill("SIGTERM");
    expect(await command.exited).toBe(0);
    expect(command.errors()).toBe("");
    expect(existsSync(location)).toBe(false);
  });

  it("explains in one line what to do if the port is in use, and exits with 1", async () => {
    const { endpoint } = await emulatorForTest();
    const { port } = new URL(endpoint);
    const command = runCommand("--port", port);
    expect(await command.exited).toBe(1);
    expect(command.errors()).toBe(
      `Port ${port} is in use. Choose another with --port, or pass --port 0 to use any free port.\n`,
    );
  });

  it("explains in one line what to do if the location is not writable, and exits with 1", async () => {
    const folder = scratchFolder();
    const location = join(folder, "file");
    await writeFile(location, "");
    const command = runCommand("--port", "0", "--location", location);
    expect(await command.exited).toBe(1);
    expect(command.errors()).toMatch(
      /^Cannot write to .*file \(.*\)\. Choose another folder with --location\.\n$/,
    );
  });

  it("explains in one line why an option is not valid, and exits with 2", async () => {
    const command = runCommand("--port", "lots");
    expect(await command.exited).toBe(2);
    expect(command.errors()).toBe('--port must be a number from 0 to 65535, not "lots". See --help.\n');
  });

  it.each([
    ["--faults", "[{", /not valid JSON/],

    ["--faults", '{"do":"delay"}', /must be an array/],
    ["--faults", '[{"do":"delay","ms":1},{"do":"explode"}]', /Fault 2: "do" must be one of "drop-before",/],
    ["--bearer-token-file", "\n", /contains no token/],
  ])(
    "explains in one line why the file of %s is not valid (%s), and exits with 2",
    async (option, text, reason) => {
      const file = join(scratchFolder(), "file");
      await writeFile(file, text);
      const command = runCommand("--port", "0", option, file);
      expect(await command.exited).toBe(2);
      expect(command.errors()).toMatch(reason);
      expect(command.errors()).toMatch(/^--[a-z-]+: .*\. See --help\.\n$/);
    },
  );

  it("prints faults when they happen, and with --json prints one object per line", async () => {
    const file = join(scratchFolder(), "faults.json");
    await writeFile(
      file,
      '[{"operation":"UploadFile","nth":2,"do":"answer","status":504,"code":"FABRIC_E_TIMEOUT"}]',
    );
    const command = runCommand("--port", "0", "--json", "--faults", file, "--platform", "linux");
    await expect.poll(command.output).toContain('"event":"start"');
    const { endpoint } = JSON.parse(command.output());
    const put = () => fetch(`${endpoint}/ImageStore/a?api-version=6.0`, { method: "PUT", body: "x" });
    expect([(await put()).status, (await put()).status, (await put()).status]).toEqual([200, 504, 200]);
    await expect.poll(() => command.output().trim().split("\n")).toHaveLength(5);
    const events = command
      .output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events).toMatchObject([
      { event: "start" },
      { event: "request", operationId: "UploadFile", status: 200, code: "OK" },
      { event: "fault", matchNumber: 2, fault: { do: "answer" } },
      { event: "request", status: 504, code: "FABRIC_E_TIMEOUT" },
      { event: "request", status: 200 },
    ]);
  });

  it("prints its options with --help and its version with --version", async () => {
    const help = runCommand("--help");
    const versionCommand = runCommand("--version");
    expect(await help.exited).toBe(0);
    expect(help.output()).toContain("--location");
    expect(await versionCommand.exited).toBe(0);
    expect(versionCommand.output()).toMatch(/^\d+\.\d+\.\d+/);
  });
});

async function settingsOf(args: readonly string[]): Promise<EmulatorOptions> {
  const parsed = parseCommandLine(args);
  if (parsed.action !== "run") throw new Error("unreachable");
  return readSettings(parsed, {});
}

describe("the command line", () => {
  it("defaults to the port of a cluster's gateway on 127.0.0.1", async () => {
    expect(await settingsOf([])).toEqual({
      port: 19080,
      host: "127.0.0.1",
      platform: "windows",
      apiVersionMax: "11.3",
      imageStoreConnectionString: "fabric:ImageStore",
      sessionLifetimeMs: 1_800_000,
      sweepIntervalMs: 300_000,
      upgradeDomains: 3,
      upgradeSpeed: 1,
    });
  });

  it("turns options into settings, seconds into milliseconds", async () => {
    const folder = scratchFolder();
    await writeFile(join(folder, "faults"), '[{"do":"drop-before"}]');
    await writeFile(join(folder, "tokens"), "one\ntwo\n");
    const settings = await settingsOf([
      ...[
        "--port",
        "1",
        "--host",
        "::1",
        "--location",
        "x",
        "--platform",
        "linux",
        "--api-version-max",
        "6.4",
      ],
      ...[
        "--cluster-id",
        "c",
        "--session-lifetime",
        "1.5",
        "--sweep-interval",
        "2",
        "--bearer-audience",
        "a",
        "--image-store-connection-string",
        "file:x",
      ],
      ...["--cors-origin", "http://localhost:5173", "--cors-origin", "https://pages.example"],
      ...["--faults", join(folder, "faults"), "--bearer-token-file", join(folder, "tokens")],
      ...["--fault", '{"do":"delay","ms":1}', "--fault", '{"do":"lose-sessions"}'],
      ...["--upgrade-domains", "5", "--upgrade-speed", "0.5"],
    ]);
    expect(settings).toEqual({
      port: 1,
      host: "::1",
      location: "x",
      platform: "linux",
      apiVersionMax: "6.4",
      clusterId: "c",
      imageStoreConnectionString: "file:x",
      sessionLifetimeMs: 1500,
      sweepIntervalMs: 2000,
      upgradeDomains: 5,
      upgradeSpeed: 0.5,
      faults: [{ do: "drop-before" }, { do: "delay", ms: 1 }, { do: "lose-sessions" }],
      bearer: { audience: "a", tokens: ["one", "two"] },
      corsOrigins: ["http://localhost:5173", "https://pages.example"],
    });
  });

  it.each([
    ["--port 65536", '--port must be a number from 0 to 65535, not "65536".'],
    ["--port=-1", '--port must be a number from 0 to 65535, not "-1".'],
    ["--port -1", "--port needs a value. If the value is -1, write --port=-1."],
    ["--location --quiet", "--location needs a value. If the value is --quiet, write --location=--quiet."],
    ["--port ", "--port needs a value."],
    ["--port", "--port needs a value."],
    ["--host=", "--host needs a value."],
    ["--entra=", "--entra needs a value."],
    ["--quiet=yes", "--quiet does not take a value."],
    ["--nonsense", "Unknown option --nonsense."],
    ["--prot 1", "Unknown option --prot. Did you mean --port?"],
    ["--loc x", "Unknown option --loc. Did you mean --location?"],
    ["-p 1", "Unknown option -p."],
    ["positional", 'Unexpected argument "positional".'],
    ["-- x", 'Unexpected argument "x".'],
    ["--upgrade-domains 0", '--upgrade-domains must be a whole number from 1 to 100, not "0".'],
    ["--upgrade-speed fast", '--upgrade-speed must be a number above 0, not "fast".'],
    ["--platform mac", '--platform must be windows or linux, not "mac".'],
    ["--api-version-max new", '--api-version-max must be a version such as 6.4, not "new".'],
    [
      "--image-store-connection-string file:\n",
      '--image-store-connection-string must be a string such as fabric:ImageStore, without control characters, not "file:\n".',
    ],
    ["--session-lifetime 0", '--session-lifetime must be a number of seconds above 0, not "0".'],
    ["--sweep-interval 5m", '--sweep-interval must be a number of seconds above 0, not "5m".'],
    ["--cert a", "--cert needs --key."],
    ["--key a", "--key needs --cert."],
    ["--client-ca a", "--client-ca needs --cert or --pfx."],
    ["--passphrase-file a", "--passphrase-file needs --cert or --pfx."],
    ["--pfx a --cert b --key c", "--pfx cannot be combined with --cert."],
    ["--pfx a --client-certificate late", "--client-certificate needs --client-ca."],
    ["--pfx a --client-eku any", "--client-eku needs --client-ca."],
    [
      "--pfx a --client-ca b --client-certificate never",
      '--client-certificate must be handshake or late, not "never".',
    ],
    [
      "--pfx a --client-ca b --client-certificate late --platform linux",
      "--client-certificate cannot be late on the platform linux: gateways on Linux ask at the handshake.",
    ],
    ["--pfx a --client-ca b --client-eku server", '--client-eku must be client or any, not "server".'],
    ["--cors-origin *", "--cors-origin must be the origin of a web page, such as http://localhost:5173"],
    ["--cors-origin ", "--cors-origin needs a value."],
    ["--cors-origin http://localhost:5173 --cors-origin localhost", 'not "localhost".'],
  ])("rejects %j", (line, message) => {
    expect(() => parseCommandLine(line.split(" "))).toThrow(
      expect.objectContaining({ name: "UsageError", message: expect.stringContaining(message) }),
    );
  });

  it("uses the last value of a flag that takes one value", async () => {
    expect(await settingsOf(["--port", "1", "--port=2"])).toMatchObject({ port: 2 });
  });
});

describe("the table of options", () => {
  /** A value that each kind of plain option accepts, and that is not its default. */
  const sampleOf = ({ kind, flag }: OptionRow) =>
    ["1", "x", "6.4", "https://a.example", ...(kind.choices ?? [])]
      .toReversed()
      .find((text) => (kind.item ?? kind).accepts(kind.fromText(text))) ?? `no sample for ${flag}`;

  const plainRows = optionRows.filter(
    ({ flag, placeholder, option }) => flag && option && placeholder !== "file" && !option.startsWith("tls."),
  );

  it.each(plainRows)("has an effect for --$flag", async (row) => {
    const settings = await settingsOf([`--${row.flag}=${sampleOf(row)}`]);
    expect(settings).not.toEqual(await settingsOf([]));
    expect(settings).toHaveProperty(row.option ?? "");
  });

  it("is what --help prints", () => {
    for (const { flag, description } of optionRows) {
      if (flag !== undefined) expect(usage(400)).toMatch(new RegExp(`^  --${flag}( <[a-z]+>)?\\s`, "m"));
      if (flag !== undefined) expect(usage(400)).toContain(description);
    }
    expect(usage(400)).toContain("(windows or linux; default: windows)");
  });

  it.each([
    [40, 40],
    [60, 60],
    [132, 132],
    [10, 40],
    [undefined, 80],
  ])("on a terminal with %s columns, is at most %s wide and loses no word", (columns, width) => {
    const lines = usage(columns).split("\n");
    expect(lines.filter((line) => line.length > width)).toEqual([]);
    expect(lines.join(" ").split(/\s+/)).toEqual(usage(400).split(/\s+/));
  });

  it("refers to flags that exist", () => {
    const flags = optionRows.map(({ flag }) => flag);
    for (const { needs = [], excludes = [] } of optionRows)
      for (const other of [...needs, ...excludes]) expect(flags).toContain(other);
  });
});

describe("the banner and the warning", () => {
  const command = (...args: string[]) => {
    const parsed = parseCommandLine(args);
    if (parsed.action !== "run") throw new Error("unreachable");
    return parsed;
  };

  it("show the chosen options", () => {
    const emulator = { endpoint: "https://127.0.0.1:1", location: "/x" };
    const store = ["--image-store-connection-string", "file:/s", "--cors-origin", "https://a.example"];
    const chosen = command("--location", "x", "--platform", "linux", "--faults", "f.json", ...store);
    expect(bannerText(emulator, chosen).split("\n")).toEqual([
      "Service Fabric image store emulator",
      "  endpoint  https://127.0.0.1:1",
      "  explorer  https://127.0.0.1:1/Explorer",
      "  location  /x (kept at exit)",
      "  platform  linux (no upload sessions)",
      "  packages  file:/s (no image store service)",
      "  faults    f.json",
      "  origins   https://a.example",
      "Stop with Ctrl+C.",
    ]);
  });

  it.each([
    [[], false],
    [["--host", "localhost"], false],
    [["--host", "0.0.0.0"], true],
    [["--host", "0.0.0.0", "--bearer-audience", "a"], true],
    [["--host", "0.0.0.0", "--bearer-token-file", "a"], false],
    [["--host", "0.0.0.0", "--pfx", "a", "--client-ca", "b"], false],
    [["--host", "0.0.0.0", "--pfx", "a"], true],
  ])("warn if other machines can connect without authentication: %j", (args, warns) => {
    expect(exposureWarning(command(...args)) !== undefined).toBe(warns);
  });
});

describe("a log line", () => {
  it("describes a fault", () => {
    const fired = {
      fault: { do: "drop-after" },
      matchNumber: 2,
      method: "PUT",
      url: "/ImageStore/a?x",
    } as const;
    expect(faultLine(fired)).toBe("fault drop-after on request 2: PUT /ImageStore/a");
  });

  it("cannot write control characters to the terminal", () => {
    const line = logLine({
      method: "GET",
      url: "/\u001b[2J?a",
      code: "OK",
      status: 200,
      durationMs: 1.4,
      contentRange: "\u009b1",
    });
    expect(line).toBe("GET /?[2J [?1] 200 OK 1 ms");
  });

  it.each([["--json"], []])("escapes commands for CI services and terminals: %s", async (...flags) => {
    const command = runCommand("--port", "0", ...flags);
    await expect.poll(command.output).toMatch(/Stop with|"start"/);
    const port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(command.output())?.[1]);
    const url = "/ImageStore/x##vso[task.complete]::add-path::/evil";
    const socket = connect(port, "127.0.0.1");
    // No client that follows the rules would send this.
    socket.end(Buffer.from(`GET ${url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, "latin1"));
    await once(socket.resume(), "close");
    await expect.poll(command.output).toContain("add-path");
    expect(command.output()).not.toMatch(/##vso\[|::add-path/);
    if (flags.length === 0) return;
    const events = command
      .output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events).toMatchObject([{ event: "start" }, { event: "request", url }]);
  });

  it("escapes folder names that contain commands and control sequences", () => {
    const text = "  location  /a\u202e##[x]\n::stop-commands::t\r\n b ::warning::c http://[::1]:19080";
    expect(printableText(text)).toBe(
      "  location  /a\\u{202e}#\\x23[x]\n\\x3a:stop-commands::t\\u{d}\n b \\x3a:warning\\x3a:c http://[::1]:19080",
    );
  });

  it("reports a closed connection, and the cause of an internal failure", () => {
    expect(logLine({ method: "PUT", url: "/a", code: "ConnectionBroken", durationMs: 3 })).toBe(
      "PUT /a - ConnectionBroken 3 ms",
    );
    const failed = {
      method: "PUT",
      url: "/a",
      status: 500,
      code: "E_FAIL",
      durationMs: 3,
      cause: new Error("disk"),
    };
    expect(logLine(failed)).toBe("PUT /a 500 E_FAIL 3 ms (Error: disk)");
  });
});
