import type { Environment } from "../connection/environment.js";
import type { ResolvedSettings } from "../connection/resolve.js";
import { ruleOf, settingNames } from "../connection/settings.js";

/** A setting that applies, and where it comes from. */
export interface AppliedSetting {
  readonly name: string;
  readonly value: string;
  readonly from: string;
}

/** All settings that apply. Of secrets it is only told that there are some. */
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
