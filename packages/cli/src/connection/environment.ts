import { UsageError } from "../failure/usage-error.js";
import { type GivenSettings, ruleOf, type SettingValue, settingNames } from "./settings.js";

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings from variables named `SF_…`. An empty one counts as not set. Throws UsageError. */
export function settingsOfEnvironment(environment: Environment): GivenSettings {
  const found = settingNames.flatMap((name) => {
    const { variable, kind } = ruleOf(name);
    const text = environment[variable];
    if (text === undefined || text === "") return [];
    const value = kind === "switch" ? readSwitch(variable, text) : readText(text, kind);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}

/** Lists are separated by `;`, as endpoints hold colons and names of certificates commas. */
function readText(text: string, kind: "text" | "list" | undefined): SettingValue {
  if (kind !== "list") return text;
  return text
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function readSwitch(variable: string, text: string): true | undefined {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return undefined;
  throw new UsageError(`${variable} must be true or false, not "${text}".`);
}
