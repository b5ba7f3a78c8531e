import type { Command } from "@commander-js/extra-typings";
import { examples, type Perform } from "../command-line/command.js";
import type { Cli } from "../connection/cli.js";
import { exitCode } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { findingCountText, findingText } from "../upload/lint.js";
import { translateInputError } from "../upload/messages.js";

export const isOffline = true;

interface Flags {
  readonly baseDir?: string | undefined;
  readonly strict?: boolean | undefined;
}

export function declare(command: Command, perform: Perform): void {
  command
    .argument("<dir>", "directory of an application package")
    .option(
      "--base-dir <dir>",
      "directory of an older version, to find content that changed under the same version",
    )
    .option("--strict", "also exit with 5 if there are only warnings")
    .addHelpText("after", `${examples("lint ./MyApp", "lint ./MyApp --base-dir ./MyApp_1.0")}\n${note}\n`)
    .action((directory, flags, self) => perform(self, (cli) => lint(cli, directory, flags)));
}

const note =
  "Checks the manifests as a cluster does when it provisions the package. Sends nothing. Exits with 5 if there are errors.\n`upload` does the same before it sends anything.";

async function lint(cli: Cli, directory: string, { baseDir, strict = false }: Flags): Promise<void> {
  const base = baseDir === undefined ? {} : { base: baseDir };
  const { lintDirectory } = await import("@sf-image-store/client/node");
  const findings = await lintDirectory(directory, { ...base, abortSignal: cli.signal }).catch(
    (error: unknown) => {
      throw translateInputError(error);
    },
  );
  const isBad = findings.some(({ severity }) => strict || severity === "error");
  if (isBad) cli.setExitCode(exitCode.verification);
  const summary = `${oneLine(directory)}: ${findings.length === 0 ? "no problems found" : findingCountText(findings)}.`;
  const document = {
    directory,
    ok: !isBad,
    findings: findings.map(({ line = null, ...finding }) => ({ ...finding, line })),
  };
  cli.output.result(document, [...findings.map(findingText), summary].join("\n"), "findings");
}
