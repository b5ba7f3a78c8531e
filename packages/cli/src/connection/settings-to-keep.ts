import { resolve } from "node:path";
import { type Environment, settingsOfEnvironment } from "./environment.js";
import { type ResolvedSettings, resolveSettings } from "./resolve.js";
import { type GivenSettings, ruleOf, type SettingName, type SettingValue, settingNames } from "./settings.js";

export interface KeptSettings {
  readonly settings: GivenSettings;
  readonly resolved: ResolvedSettings;
  /** What is left out, and what to do about it. */
  readonly notes: readonly string[];
}

/** What a new profile holds: what is given now, files by absolute paths, and no secrets. */
export function settingsToKeep(flags: GivenSettings, environment: Environment): KeptSettings {
  const sources = { flag: flags, environment: settingsOfEnvironment(environment), profile: {} };
  const resolved = resolveSettings(sources);
  const kept = settingNames.flatMap((name) => {
    const setting = resolved[name];
    return setting === undefined ? [] : [[name, absolute(name, setting.value)] as const];
  });
  const notes = [
    ["SF_PASSPHRASE", "--passphrase-file"],
    ["SF_TOKEN", "--token-file"],
  ].flatMap(([variable = "", flag]) =>
    environment[variable]
      ? [
          `${variable} is a secret and was not written: set it whenever the profile is used, or keep it in a file (${flag}).`,
        ]
      : [],
  );
  return { settings: Object.fromEntries(kept), resolved, notes };
}

/** A profile is used from other folders, too. */
function absolute(name: SettingName, value: SettingValue): SettingValue {
  if (!ruleOf(name).isFile || value === true) return value;
  return typeof value === "string" ? resolve(value) : value.map((path) => resolve(path));
}
