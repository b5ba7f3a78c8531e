import type { exitCode } from "./errors/errors.js";

/** Not imported, because the entry module contains this module and should load no other one for `--version`. */
const usage: typeof exitCode.usage = 2;

const oldest = [20, 19] as const;

/**
 * The error message if the version of Node.js is too old; undefined otherwise. Imports nothing that an old version
 * could fail to load.
 * @param version A version such as `20.19.0`.
 */
export function unsupportedNodeMessage(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNewEnough = major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
  return isNewEnough
    ? undefined
    : `sf-image-store requires Node.js ${oldest.join(".")} or later. This is Node.js ${version}.`;
}

/** Prints the error as text or JSON, and sets the exit code. */
export function reportUnsupportedNode(message: string, argv: readonly string[]): void {
  const error = { code: "usage", exitCode: usage, kind: "old-node", message, details: {} };
  if (argv.includes("--json")) process.stdout.write(`${JSON.stringify({ ok: false, command: "", error })}\n`);
  else process.stderr.write(`Error: ${message}\n`);
  process.exitCode = usage;
}
