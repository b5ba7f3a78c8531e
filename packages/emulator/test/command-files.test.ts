import { createPrivateKey } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { certify, toPfx } from "@sf-image-store/testing/certificates";
import { describe, expect, it } from "vitest";
import { parseCommandLine } from "../src/command/command-line.js";
import { readSettings } from "../src/command/settings.js";
import type { EmulatorOptions } from "../src/index.js";
import { runCommand } from "./command-process.js";

const own = certify("127.0.0.1");
const other = certify("127.0.0.1");
const encryptedKey = createPrivateKey(own.key)
  .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" })
  .toString();
const contents = {
  cert: own.cert,
  key: own.key,
  otherKey: other.key,
  encryptedKey,
  pfx: toPfx(own, "secret"),
  right: "\ufeffsecret\r\n",
  wrong: "guess",
  nonsense: "nonsense",
  broken: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  tokens: "\ufeffone\r\ntwo\r\n",
  faults: '\ufeff[{"do":"drop-before"}]',
};

/** Options whose values are names of the files above. */
async function argumentsFor(line: string): Promise<string[]> {
  const folder = scratchFolder();
  for (const [name, data] of Object.entries(contents)) await writeFile(join(folder, name), data);
  return line.split(" ").map((word) => (word.startsWith("--") ? word : join(folder, word)));
}

async function settingsFor(line: string): Promise<EmulatorOptions> {
  const command = parseCommandLine(await argumentsFor(line));
  if (command.action !== "run") throw new Error("unreachable");
  return readSettings(command, {});
}

describe("a file of the command", () => {
  it("may start with a byte order mark", async () => {
    const { bearer, faults, tls } = await settingsFor(
      "--bearer-token-file tokens --faults faults --pfx pfx --passphrase-file right",
    );
    expect(bearer?.tokens).toEqual(["one", "two"]);
    expect(faults).toEqual([{ do: "drop-before" }]);
    expect(tls?.passphrase).toBe("secret");
  });

  it("may be in UTF-16, as Windows PowerShell writes it", async () => {
    const folder = scratchFolder();
    const write = async (name: string, text: string, swap: boolean) => {
      const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
      await writeFile(join(folder, name), swap ? bytes.swap16() : bytes);
    };
    for (const swap of [false, true]) {
      for (const name of ["cert", "tokens", "faults"] as const)
        await write(name, contents[name].replace("\ufeff", ""), swap);
      await write("key", contents.encryptedKey, swap);
      await write("passphrase", "secret\r\n", swap);
      const files = { cert: "cert", key: "key", "passphrase-file": "passphrase", "client-ca": "cert" };
      const more = { "bearer-token-file": "tokens", faults: "faults" };
      const args = Object.entries({ ...files, ...more }).flatMap(([name, file]) => [
        `--${name}`,
        join(folder, file),
      ]);
      const command = parseCommandLine(args);
      if (command.action !== "run") throw new Error("unreachable");
      const { bearer, faults, tls } = await readSettings(command, {});
      expect(bearer?.tokens).toEqual(["one", "two"]);
      expect(faults).toEqual([{ do: "drop-before" }]);
      expect({ passphrase: tls?.passphrase, cert: String(tls?.cert) }).toEqual({
        passphrase: "secret",
        cert: own.cert,
      });
    }
  });

  it("is read up to a limit", async () => {
    const file = join(scratchFolder(), "faults");
    await writeFile(file, Buffer.alloc(5 * 1024 * 1024, " "));
    const command = parseCommandLine(["--faults", file]);
    if (command.action !== "run") throw new Error("unreachable");
    await expect(readSettings(command, {})).rejects.toThrow(
      /^--faults: cannot read .* \(larger than 4 MiB\)\.$/,
    );
  });

  it.each([
    ["{", /^--fault: \{ is not valid\. .*JSON.*\.$/],
    ['{"do":"explode"}', /^--fault: .* is not valid\. The fault: "do" must be one of /],
  ])("can be replaced by --fault, which must be valid: %s", async (text, reason) => {
    const command = parseCommandLine(["--fault", text]);
    if (command.action !== "run") throw new Error("unreachable");
    await expect(readSettings(command, {})).rejects.toThrow(reason);
  });

  it("may contain an encrypted key", async () => {
    const { tls } = await settingsFor("--cert cert --key encryptedKey --passphrase-file right");
    expect(String(tls?.key)).toBe(encryptedKey);
  });

  it.each([
    ["--cert cert --key otherKey", /^--key: .*otherKey is not the key of the certificate in .*cert\.$/],
    ["--cert nonsense --key key", /^--cert: .*nonsense is not valid\. /],
    ["--cert broken --key key", /^--cert: .*broken is not valid\. /],
    ["--cert cert --key nonsense", /^--key: .*nonsense is not valid\. /],
    ["--cert cert --key encryptedKey", /^--key: .*encryptedKey is not valid\. .* Is the passphrase right\?$/],
    ["--cert cert --key encryptedKey --passphrase-file wrong", /^--key: .* Is the passphrase right\?$/],
    ["--pfx pfx --passphrase-file wrong", /^--pfx: .*pfx is not valid\. .* Is the passphrase right\?$/],
    ["--pfx nonsense", /^--pfx: .*nonsense is not valid\. /],
    [
      "--cert cert --key key --client-ca nonsense",
      /^--client-ca: .*contains no certificate in PEM format\.$/,
    ],
    ["--cert cert --key key --client-ca broken", /^--client-ca: .*broken is not valid\. /],
  ])("that is invalid is a usage error that names the option: %s", async (line, message) => {
    await expect(settingsFor(line)).rejects.toMatchObject({
      name: "UsageError",
      message: expect.stringMatching(message),
    });
  });

  it("that is invalid ends the command with exit code 2", async () => {
    const command = runCommand("--port", "0", ...(await argumentsFor("--cert cert --key otherKey")));
    expect(await command.exited).toBe(2);
    expect(command.errors()).toMatch(/^--key: .* See --help\.\n$/);
  });
});
