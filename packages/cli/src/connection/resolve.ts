import { type GivenSettings, ruleOf, type SettingName, type SettingValue, settingNames } from "./settings.js";

/** Where a setting came from, in the order of precedence. */
export type Origin = "flag" | "environment" | "profile" | "default";

export interface Setting {
  readonly value: SettingValue;
  readonly origin: Origin;
}

/** All settings that apply, each with where it came from. */
export type ResolvedSettings = { readonly [Name in SettingName]?: Setting };

export interface Sources {
  readonly flag: GivenSettings;
  readonly environment: GivenSettings;
  readonly profile: GivenSettings;
}

const defaults: GivenSettings = { endpoint: ["http://localhost:19080"] };

/**
 * A flag goes before a variable, a variable before the profile. Settings of one group come from one source: the first
 * that has any of them.
 */
export function resolveSettings(sources: Sources): ResolvedSettings {
  const ordered: readonly (readonly [Origin, GivenSettings])[] = [
    ["flag", sources.flag],
    ["environment", sources.environment],
    ["profile", sources.profile],
    ["default", defaults],
  ];
  const found = settingNames.flatMap((name) => {
    const rivals = rivalsOf(name);
    const from = ordered.find(([, given]) => rivals.some((rival) => given[rival] !== undefined));
    const value = from?.[1][name];
    return from === undefined || value === undefined ? [] : [[name, { value, origin: from[0] }] as const];
  });
  return Object.fromEntries(found);
}

function rivalsOf(name: SettingName): readonly SettingName[] {
  const { group } = ruleOf(name);
  return group === undefined ? [name] : settingNames.filter((other) => ruleOf(other).group === group);
}

/** The one text of a setting. */
export function textOf(settings: ResolvedSettings, name: SettingName): string | undefined {
  const value = settings[name]?.value;
  return typeof value === "string" ? value : undefined;
}

export function listOf(settings: ResolvedSettings, name: SettingName): readonly string[] {
  const value = settings[name]?.value;
  if (value === undefined || value === true) return [];
  return typeof value === "string" ? [value] : value;
}

export function isOn(settings: ResolvedSettings, name: SettingName): boolean {
  return settings[name]?.value === true;
}
