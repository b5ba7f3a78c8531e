import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { reasonOf, UsageError } from "../errors/errors.js";
import { quoteName } from "../output/hints.js";
import type { Environment, Output } from "../output/output.js";
import { flagOf, type GivenSettings, ruleOf, type SettingValue, settingNames } from "./settings.js";
import { readTextFile } from "./text-file.js";

/** Named settings. Secrets are stored as paths of files, so the profile file itself contains none. */
export interface Profiles {
  /** The default profile. */
  readonly current?: string;
  readonly profiles: Readonly<Record<string, GivenSettings>>;
}

/**
 * The path of the profile file: `SF_PROFILE_FILE`, or a file in the user's configuration directory. Throws
 * UnreadableProfilesError if the user has no home directory, as in containers with an arbitrary user ID.
 */
export function profilePath(environment: Environment): string {
  const { SF_PROFILE_FILE: given, APPDATA: appData, XDG_CONFIG_HOME: config } = environment;
  if (given !== undefined && given !== "") return given;
  const folder =
    process.platform === "win32" && appData ? appData : config || join(homeDirectory(), ".config");
  return join(folder, "sf-image-store", "profiles.json");
}

function homeDirectory(): string {
  try {
    return homedir();
  } catch (cause) {
    throw new UnreadableProfilesError(
      "Cannot locate the profiles, because this user has no home directory. Set SF_PROFILE_FILE.",
      {
        cause,
      },
    );
  }
}

/** This user cannot read the profile file, although its content may be valid. */
export class UnreadableProfilesError extends UsageError {}

/**
 * Reads all profiles. A missing or empty file, such as `/dev/null`, contains none. Throws UnreadableProfilesError if
 * the file cannot be read, and UsageError if it is invalid.
 */
export async function readProfiles(path: string): Promise<Profiles> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT") return { profiles: {} };
    const what = `Cannot read the profiles in ${path}: ${reasonOf(cause)}.`;
    // An error without a code is about the content of the file.
    throw code === undefined ? new UsageError(what, { cause }) : new UnreadableProfilesError(what, { cause });
  }
  if (text.trim() === "") return { profiles: {} };
  try {
    return checkProfiles(JSON.parse(text));
  } catch (cause) {
    throw new UsageError(
      `${path} is not a valid profile file: ${reasonOf(cause)}. Fix the file, or delete it and run \`connect\` again.`,
      { cause },
    );
  }
}

/** Writes a new file and renames it, so that a full disk does not destroy existing profiles. */
export async function writeProfiles(path: string, profiles: Profiles): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  // Renaming would replace a device such as /dev/null.
  if (found !== undefined && !found.isFile()) {
    throw new UsageError(
      `Cannot write profiles to ${path}: it is not a regular file. Set SF_PROFILE_FILE to another path.`,
    );
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}.new`;
  await writeFile(fresh, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600 });
  await rename(fresh, path);
}

/** The settings of a profile, by default of the default profile. Throws UsageError if it does not exist. */
export function profileSettings({ current, profiles }: Profiles, name: string | undefined): GivenSettings {
  const wanted = name ?? current;
  if (wanted === undefined) return {};
  const found = Object.hasOwn(profiles, wanted) ? profiles[wanted] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(profiles).join(", ");
  throw new UsageError(
    `Profile "${wanted}" does not exist.${known === "" ? "" : ` Existing profiles: ${known}.`} To create it, run: sf-image-store connect --profile ${quoteName(wanted)} --endpoint URL`,
  );
}

function checkProfiles(value: unknown): Profiles {
  if (!isRecord(value) || !isRecord(value["profiles"])) throw new Error('"profiles" must be an object');
  const { current, profiles } = value;
  if (current !== undefined && typeof current !== "string") throw new Error('"current" must be a string');
  const checked = Object.entries(profiles).map(([name, settings]) => [name, checkSettings(name, settings)]);
  return { ...(current === undefined ? {} : { current }), profiles: Object.fromEntries(checked) };
}

function checkSettings(profile: string, value: unknown): GivenSettings {
  if (!isRecord(value)) throw new Error(`profile "${profile}" must be an object`);
  const entries = Object.entries(value).map(([key, given]) => {
    const name = settingNames.find((known) => known === key);
    if (name === undefined) throw new Error(`profile "${profile}" has an unknown setting "${key}"`);
    const { kind = "text" } = ruleOf(name);
    if (!isOfKind(given, kind))
      throw new Error(`setting "${key}" of profile "${profile}" must be ${kindText[kind]}`);
    return [name, given] as const;
  });
  return Object.fromEntries(entries);
}

const kindText = { text: "a string", list: "a list of strings", switch: "true" } as const;

function isOfKind(value: unknown, kind: "text" | "list" | "switch"): value is SettingValue {
  if (kind === "switch") return value === true;
  if (kind === "text") return typeof value === "string";
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Adds or replaces a profile. The first profile becomes the default. */
export async function writeProfile(
  output: Output,
  path: string,
  { current, profiles }: Profiles,
  name: string,
  settings: GivenSettings,
): Promise<void> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw new UsageError(
      `Invalid profile name "${name}". Use letters, digits, dots, dashes and underscores.`,
    );
  }
  const isCurrent = current === undefined || current === name;
  await writeProfiles(path, { current: current ?? name, profiles: { ...profiles, [name]: settings } });
  const hint = isCurrent ? " It is the default profile." : ` To use it, pass --profile ${name}.`;
  output.result(
    { profile: name, path, isCurrent, settings },
    [`Saved profile "${name}" in ${path}.${hint}`, ...settingLines(settings)].join("\n"),
  );
}

export async function useProfile(output: Output, path: string, known: Profiles, name: string): Promise<void> {
  profileSettings(known, name);
  await writeProfiles(path, { ...known, current: name });
  output.result({ current: name, path }, `Profile "${name}" is now the default.`);
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
  const hint =
    current === name && Object.keys(others).length > 0
      ? " There is no default profile now. To set one, run: sf-image-store connect --use NAME"
      : "";
  output.result({ removed: name, path, current: next ?? null }, `Deleted profile "${name}".${hint}`);
}

export function listProfiles(output: Output, path: string, { current, profiles }: Profiles): void {
  const lines = Object.entries(profiles).map(
    ([name, { endpoint }]) => `${name === current ? "*" : " "} ${name}  ${formatValue(endpoint ?? [])}`,
  );
  if (lines.length === 0) output.note(`There are no profiles in ${path}.`);
  output.result({ path, current: current ?? null, profiles }, lines.join("\n"));
}

function settingLines(settings: GivenSettings): readonly string[] {
  return settingNames.flatMap((name) => {
    const value = settings[name];
    return value === undefined ? [] : [`  ${flagOf(name)} ${formatValue(value)}`.trimEnd()];
  });
}

/** Formats the value of a setting. */
function formatValue(value: SettingValue): string {
  if (value === true) return "";
  return typeof value === "string" ? value : value.join(", ");
}
