import type { Command } from "@commander-js/extra-typings";
import type { LintFinding } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import type { Cli } from "../connection/cli.js";
import { exitCode } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { findingCountText, findingText } from "../upload/lint.js";
import { translateInputError } from "../upload/messages.js";
import { addSelectionFlags, type SelectionFlags } from "../upload/patterns.js";
import { readPackage } from "../upload/source.js";

export const isOffline = true;

interface Flags extends SelectionFlags {
  readonly baseDir?: string | undefined;
  readonly strict?: boolean | undefined;
}

export function declare(command: Command, perform: Perform): void {
  const declared = command
    .argument("<path>", "directory of an application package, or an .sfpkg or .zip archive")
    .option(
      "--base-dir <path>",
      "directory or archive of an older version, to find content that changed under the same version",
    )
    .option("--strict", "also exit with 5 if there are only warnings");
  addSelectionFlags(declared)
    .addHelpText(
      "after",
      `${examples("lint ./MyApp", "lint Shop.sfpkg", "lint ./MyApp --base-dir ./MyApp_1.0")}\n${note}\n`,
    )
    .action((path, flags, self) => perform(self, (cli) => lint(cli, path, flags)));
}

const note =
  "Checks the manifests as a cluster does when it provisions the package. Sends nothing. Exits with 5 if there are errors.\n`upload` does the same before it sends anything.";

async function lint(cli: Cli, path: string, flags: Flags): Promise<void> {
  const findings = await findingsOf(cli, path, flags).catch((error: unknown) => {
    throw translateInputError(error);
  });
  const isBad = findings.some(({ severity }) => flags.strict === true || severity === "error");
  if (isBad) cli.setExitCode(exitCode.verification);
  const summary = `${oneLine(path)}: ${findings.length === 0 ? "no problems found" : findingCountText(findings)}.`;
  const document = {
    source: path,
    ok: !isBad,
    findings: findings.map(({ line = null, ...finding }) => ({ ...finding, line })),
  };
  cli.output.result(document, [...findings.map(findingText), summary].join("\n"), "findings");
}

async function findingsOf(cli: Cli, path: string, flags: Flags): Promise<readonly LintFinding[]> {
  const { baseDir } = flags;
  await using checked = await readPackage(cli, path, flags);
  await using base = baseDir === undefined ? undefined : await readPackage(cli, baseDir, flags);
  const { lintDirectory } = await import("@sf-image-store/client/node");
  return await lintDirectory(checked.content, {
    abortSignal: cli.signal,
    ...(base === undefined ? {} : { base: base.content }),
  });
}
