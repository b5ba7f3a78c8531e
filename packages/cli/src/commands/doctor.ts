import type { Command } from "@commander-js/extra-typings";
import { examples, type Perform } from "../command-line/command.js";
import { type Cli, loadSettingsAndProfile } from "../connection/cli.js";
import { type ResolvedSettings, ruleOf, settingNames } from "../connection/settings.js";
import type { Finding } from "../doctor/finding.js";
import type { Environment } from "../output/output.js";

export function declare(command: Command, perform: Perform): void {
  command
    .addHelpText(
      "after",
      `
Shows each setting and its source. A flag overrides an SF_ variable, and a variable overrides the profile.
Then checks the certificates and the cluster. Changes nothing.
${examples("doctor --endpoint https://prod.example:19080 --pem client.pem", "doctor --profile prod --json")}`,
    )
    .action((_options, self) => perform(self, examineConnection));
}

async function examineConnection(cli: Cli): Promise<void> {
  const { settings, profile } = await loadSettingsAndProfile(cli);
  const [{ examine }, { exitCodeOf }] = await Promise.all([
    import("../doctor/examine.js"),
    import("../doctor/finding.js"),
  ]);
  const applied = appliedSettings(settings, cli.environment, profile);
  const findings = await examine(cli, settings);
  cli.signal.throwIfAborted();
  cli.setExitCode(exitCodeOf(findings));
  const document = findings.map(({ check, level, message, remedy }) => ({
    ...{ check, level, message },
    ...(remedy === undefined ? {} : { remedy: cli.output.withHints(remedy) }),
  }));
  cli.output.result({ settings: applied, findings: document }, text(applied, document), "findings");
}

function text(applied: readonly AppliedSetting[], findings: readonly Omit<Finding, "exitCode">[]): string {
  const settings = applied.map(({ name, value, from }) => `     ${name}: ${value}  (${from})`);
  const lines = findings.flatMap(({ check, level, message, remedy }) => [
    `${level.padEnd(4)} ${check}: ${message}`,
    ...(remedy === undefined ? [] : [`     -> ${remedy}`]),
  ]);
  return [...settings, ...lines].join("\n");
}

/** A setting and its source. */
export interface AppliedSetting {
  readonly name: string;
  readonly value: string;
  readonly from: string;
}

/** All settings that apply. For a secret, only that it is set. */
export function appliedSettings(
  settings: ResolvedSettings,
  environment: Environment,
  profile: string | undefined,
): readonly AppliedSetting[] {
  const named = settingNames.flatMap((name) => {
    const setting = settings[name];
    if (setting === undefined) return [];
    const { flag, variable } = ruleOf(name);
    const [option = flag] = flag.split(" ");
    const from = {
      flag: option,
      environment: variable,
      profile: `profile ${profile ?? ""}`.trimEnd(),
      default: "default",
    }[setting.origin];
    return [{ name, value: valueText(setting.value), from }];
  });
  const secrets = ["SF_PASSPHRASE", "SF_TOKEN"].flatMap((variable) =>
    environment[variable] ? [{ name: variable, value: "(secret)", from: variable }] : [],
  );
  return [...named, ...secrets];
}

function valueText(value: string | readonly string[] | true): string {
  if (value === true) return "yes";
  return typeof value === "string" ? value : value.join(", ");
}
