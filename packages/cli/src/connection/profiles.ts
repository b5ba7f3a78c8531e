import { UsageError } from "../failure/usage-error.js";
import type { Output } from "../output/output.js";
import { type Profiles, profileSettings, writeProfiles } from "./profile-file.js";
import { flagOf, type GivenSettings, type SettingValue, settingNames } from "./settings.js";

/** Adds a profile, or replaces one. The first one applies when none is named. */
export async function writeProfile(
  output: Output,
  path: string,
  { current, profiles }: Profiles,
  name: string,
  settings: GivenSettings,
): Promise<void> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw new UsageError(
      `A profile cannot be named "${name}": letters, digits, dots, dashes and underscores can.`,
    );
  }
  const isCurrent = current === undefined || current === name;
  await writeProfiles(path, { current: current ?? name, profiles: { ...profiles, [name]: settings } });
  const applies = isCurrent ? " It applies when none is named." : ` To use it: --profile ${name}`;
  output.result(
    { profile: name, path, isCurrent, settings },
    [`Profile "${name}" was written to ${path}.${applies}`, ...settingLines(settings)].join("\n"),
  );
}

export async function useProfile(output: Output, path: string, known: Profiles, name: string): Promise<void> {
  profileSettings(known, name);
  await writeProfiles(path, { ...known, current: name });
  output.result({ current: name, path }, `Profile "${name}" applies now when none is named.`);
}

export async function removeProfile(
  output: Output,
  path: string,
  known: Profiles,
  name: string,
): Promise<void> {
  profileSettings(known, name);
  const { current, profiles } = known;
  const { [name]: _, ...others } = profiles;
  const next = current === name ? undefined : current;
  await writeProfiles(path, { ...(next === undefined ? {} : { current: next }), profiles: others });
  const lost =
    current === name && Object.keys(others).length > 0 ? " None applies now: connect --use NAME" : "";
  output.result({ removed: name, path, current: next ?? null }, `Profile "${name}" was removed.${lost}`);
}

export function listProfiles(output: Output, path: string, { current, profiles }: Profiles): void {
  const lines = Object.entries(profiles).map(
    ([name, { endpoint }]) => `${name === current ? "*" : " "} ${name}  ${shown(endpoint ?? [])}`,
  );
  if (lines.length === 0) output.note(`There are no profiles in ${path} yet.`);
  output.result({ path, current: current ?? null, profiles }, lines.join("\n"));
}

function settingLines(settings: GivenSettings): readonly string[] {
  return settingNames.flatMap((name) => {
    const value = settings[name];
    return value === undefined ? [] : [`  ${flagOf(name)} ${shown(value)}`.trimEnd()];
  });
}

/** A setting for people. */
function shown(value: SettingValue): string {
  if (value === true) return "";
  return typeof value === "string" ? value : value.join(", ");
}
