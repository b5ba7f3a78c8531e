import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { type Certified, certify, toPfx } from "@sf-image-store/testing/certificates";
import { beforeAll, describe, expect, it } from "vitest";
import { tokenOfFile } from "../../src/connection/sign-in.js";
import { decodeText, readTextFile } from "../../src/connection/text-file.js";
import { startCli } from "../cli-process.js";
import { emulatorForTest } from "../emulator-for-test.js";

/** How the same text may be written. Windows PowerShell 5.1 writes UTF-16 by `>`, and UTF-8 with a mark by `-Encoding utf8`. */
const encodings: Readonly<Record<string, (text: string) => Buffer>> = {
  "UTF-8": (text) => Buffer.from(text),
  "UTF-8 with a mark": (text) => Buffer.from(`\ufeff${text}`),
  "UTF-16 LE": (text) => Buffer.from(`\ufeff${text}`, "utf16le"),
  "UTF-16 BE": (text) => Buffer.from(`\ufeff${text}`, "utf16le").swap16(),
};
let authority: Certified;
let server: Certified;
let mine: Certified;
beforeAll(() => {
  authority = certify("authority", undefined, { isAuthority: true });
  server = certify("127.0.0.1", authority);
  mine = certify("me", authority);
});

describe.each(Object.entries(encodings))("a small text file in %s", (_, encode) => {
  const fileOf = (name: string, text: string) => {
    const path = join(scratchFolder(), name);
    writeFileSync(path, encode(text));
    return path;
  };

  it("is decoded correctly", async () => {
    const text = "Grüße 文\r\n";
    expect(decodeText(encode(text))).toBe(text);
    expect(await readTextFile(fileOf("text", text))).toBe(text);
  });

  it("can be the certificate, key, authority, passphrase, token and profiles", async () => {
    const { endpoint } = await emulatorForTest({
      tls: { ...server, clientCa: authority.cert, clientCertificate: "handshake" },
      bearer: { tokens: ["token"] },
    });
    const pfx = join(scratchFolder(), "me.pfx");
    writeFileSync(pfx, toPfx(mine, "secret word"));
    const profile = {
      endpoint: [endpoint],
      ca: [fileOf("ca.pem", authority.cert)],
      tokenFile: fileOf("token", "token\r\n"),
    };
    const SF_PROFILE_FILE = fileOf(
      "profiles.json",
      JSON.stringify({ current: "a", profiles: { a: profile } }),
    );
    for (const identity of [
      ["--pem", fileOf("me.pem", `${mine.cert}${mine.key}`)],
      ["--cert", fileOf("cert.pem", mine.cert), "--key", fileOf("key.pem", mine.key)],
      ["--pfx", pfx, "--passphrase-file", fileOf("passphrase", "secret word\r\n")],
    ]) {
      const { code, stderr } = await startCli(["ls", ...identity], { SF_PROFILE_FILE }).result;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    }
  });
});

describe("a file that is not a small text file", () => {
  const failing = async (flag: string, path: string) => {
    const args = ["ls", "--endpoint", "https://127.0.0.1:1", flag, path];
    const { code, stderr } = await startCli(flag === "--passphrase-file" ? [...args, "--pfx", path] : args)
      .result;
    expect(code).toBe(2);
    return stderr;
  };

  it.each(["--pem", "--ca"])("is rejected for %s with the flag and the file", async (flag) => {
    const path = join(scratchFolder(), "client.txt");
    writeFileSync(path, "hello");
    expect(await failing(flag, path)).toBe(
      `Error: The file of ${flag} is not in PEM format: ${path}. It contains no line that starts with "-----BEGIN". Check the path.\n`,
    );
    writeFileSync(path, toPfx(mine, "x"));
    expect(await failing(flag, path)).toMatch(
      /is not in PEM format: .*client\.txt\. The file is binary\. Pass .* --pfx/,
    );
  });

  it("is rejected with the flag if it is missing, binary, too large, or UTF-16 without a byte order mark", async () => {
    const folder = scratchFolder();
    const path = join(folder, "passphrase");
    expect(await failing("--passphrase-file", path)).toMatch(
      /^Error: The file of --passphrase-file does not exist: .*passphrase\n$/,
    );
    writeFileSync(path, Buffer.from("secret", "utf16le"));
    expect(await failing("--passphrase-file", path)).toMatch(/passphrase is neither UTF-8 nor UTF-16 with/);
    writeFileSync(path, Buffer.from([0xff, 0x80, 0x41]));
    expect(await failing("--passphrase-file", path)).toMatch(/is neither UTF-8 nor UTF-16/);
    writeFileSync(path, Buffer.alloc(5 * 1024 * 1024, "a"));
    expect(await failing("--passphrase-file", path)).toMatch(/passphrase is larger than 4 MiB\.\n$/);
    await expect(tokenOfFile(path).getToken("a")).rejects.toThrow(
      /^Cannot read the file of --token-file: .* is larger than 4 MiB\.$/,
    );
  });

  it("can be a PEM file with comments in a legacy encoding", async () => {
    const path = join(scratchFolder(), "me.pem");
    writeFileSync(path, Buffer.from(`friendlyName: M\u00fcller\n${mine.cert}${mine.key}`, "latin1"));
    const { stderr } = await startCli(["ls", "--endpoint", "https://127.0.0.1:1", "--pem", path]).result;
    expect(stderr).toMatch(/ECONNREFUSED/);
  });

  it("names the flag for the passphrase of a key", async () => {
    const path = join(scratchFolder(), "me.pfx");
    writeFileSync(path, toPfx(mine, "x"));
    expect(await failing("--pfx", path)).toMatch(
      /set the passphrase\. .*Pass --passphrase-file or set SF_PASSPHRASE\./,
    );
  });
});

describe("profiles that cannot be read", () => {
  /** As the home of another user has them. For root, a folder in the place of the file does the same. */
  function unreadable(): string {
    const folder = scratchFolder();
    const path = join(folder, "profiles.json");
    if (process.getuid?.() === 0) mkdirSync(path);
    else {
      writeFileSync(path, "{}");
      chmodSync(path, 0);
    }
    return path;
  }

  it("are ignored with one message, unless a profile is requested", async () => {
    const { endpoint } = await emulatorForTest();
    const environment = { SF_PROFILE_FILE: unreadable() };
    for (const command of ["ls", "doctor"]) {
      const { code, stderr } = await startCli([command, "--endpoint", endpoint], environment).result;
      expect({ command, code }).toEqual({ command, code: 0 });
      expect(stderr).toMatch(
        /^Cannot read the profiles in .*: E[A-Z]+: [^\n]*\. Continuing without a profile\.\n$/,
      );
    }
    for (const args of [["--profile", "a"], []]) {
      const more = args.length === 0 ? { SF_PROFILE: "a" } : {};
      const { code, stderr } = await startCli(["ls", "--endpoint", endpoint, ...args], {
        ...environment,
        ...more,
      }).result;
      expect(code).toBe(2);
      expect(stderr).toMatch(/^Error: Cannot read the profiles in .*: E[A-Z]+: /);
      expect(stderr.match(/Error/g)).toHaveLength(1);
    }
  });

  it("make connect fail, which would overwrite them", async () => {
    const environment = { SF_PROFILE_FILE: unreadable() };
    const args = ["connect", "--no-check", "--endpoint", "http://127.0.0.1:1"];
    expect(await startCli(args, environment).result).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^Error: Cannot read the profiles in .*: E/),
    });
  });

  it("are empty for an empty file, such as /dev/null, and an error for an invalid file", async () => {
    const { endpoint } = await emulatorForTest();
    const path = join(scratchFolder(), "profiles.json");
    writeFileSync(path, "");
    const isPosix = process.platform !== "win32";
    for (const SF_PROFILE_FILE of isPosix ? [path, "/dev/null"] : [path]) {
      const { result } = startCli(["ls", "--endpoint", endpoint], { SF_PROFILE_FILE });
      expect(await result).toEqual({ code: 0, stdout: "", stderr: "" });
    }
    writeFileSync(path, "nonsense");
    const { result } = startCli(["ls", "--endpoint", endpoint], { SF_PROFILE_FILE: path });
    expect(await result).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /is not a valid profile file: .* Fix the file, or delete it and run `connect` again\.\n$/,
      ),
    });
  });

  it.skipIf(process.platform === "win32")("do not replace a device", async () => {
    const folder = scratchFolder();
    // A folder stands for the device here: renaming over that one would succeed for root.
    mkdirSync(join(folder, "place"));
    const { writeProfiles } = await import("../../src/connection/profiles.js");
    await expect(writeProfiles(join(folder, "place"), { profiles: {} })).rejects.toThrow(
      /it is not a regular file/,
    );
    await expect(writeProfiles("/dev/null", { profiles: {} })).rejects.toThrow(
      "Cannot write profiles to /dev/null: it is not a regular file. Set SF_PROFILE_FILE to another path.",
    );
  });
});
