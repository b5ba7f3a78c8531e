import { exitCode } from "./errors/errors.js";

const oldest = [20, 19] as const;

/**
 * Why a version of Node.js is too old, undefined if it is not. Loads nothing that such a version could fail on.
 * @param version Such as `20.19.0`.
 */
export function refusalOfNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNewEnough = major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
  return isNewEnough
    ? undefined
    : `sf-image-store requires Node.js ${oldest.join(".")} or later. This is Node.js ${version}.`;
}

/** Tells it in the form that was asked for, and ends the process with the code of what cannot be used. */
export function refuseNode(message: string, argv: readonly string[]): void {
  const error = { code: "usage", exitCode: exitCode.usage, kind: "old-node", message, details: {} };
  if (argv.includes("--json")) process.stdout.write(`${JSON.stringify({ ok: false, command: "", error })}\n`);
  else process.stderr.write(`Error: ${message}\n`);
  process.exitCode = exitCode.usage;
}
