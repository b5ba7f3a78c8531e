import type { Command } from "@commander-js/extra-typings";
import type { Cli } from "../cli.js";
import { examples, type Perform } from "../command.js";
import { loadSettingsAndProfile } from "../connection/load-settings.js";
import type { Finding } from "../doctor/finding.js";
import type { AppliedSetting } from "../doctor/settings.js";

export function declare(command: Command, perform: Perform): void {
  command
    .addHelpText(
      "after",
      `
Shows every setting with where it comes from: a flag goes before an SF_ variable, a variable before the profile.
Then it looks at the certificates and asks the cluster. Nothing is changed anywhere.
${examples("doctor --endpoint https://prod.example:19080 --pem client.pem", "doctor --profile prod --json")}`,
    )
    .action((_options, self) => perform(self, examineConnection));
}

async function examineConnection(cli: Cli): Promise<void> {
  const { settings, profile } = await loadSettingsAndProfile(cli);
  const [{ examine }, { appliedSettings }, { endingOf }] = await Promise.all([
    import("../doctor/examine.js"),
    import("../doctor/settings.js"),
    import("../doctor/finding.js"),
  ]);
  const applied = appliedSettings(settings, cli.environment, profile);
  const findings = await examine(cli, settings);
  cli.signal.throwIfAborted();
  cli.endWith(endingOf(findings));
  const document = findings.map(({ exitCode: _, ...finding }) => finding);
  cli.output.result({ settings: applied, findings: document }, text(applied, findings));
}

function text(applied: readonly AppliedSetting[], findings: readonly Finding[]): string {
  const settings = applied.map(({ name, value, from }) => `     ${name}: ${value}  (${from})`);
  const lines = findings.flatMap(({ check, level, says, remedy }) => [
    `${level.padEnd(4)} ${check}: ${says}`,
    ...(remedy === undefined ? [] : [`     -> ${remedy}`]),
  ]);
  return [...settings, ...lines].join("\n");
}
