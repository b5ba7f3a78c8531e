import type { Cli } from "../cli.js";
import { settingsOfEnvironment } from "./environment.js";
import {
  type Profiles,
  profilePath,
  profileSettings,
  readProfiles,
  UnreadableProfilesError,
} from "./profile-file.js";
import { type ResolvedSettings, resolveSettings } from "./resolve.js";

/** Settings with the profile that some of them may come from. */
export interface LoadedSettings {
  readonly settings: ResolvedSettings;
  readonly profile: string | undefined;
}

/** The settings that apply to a command, from its flags, the environment and the profile. Throws UsageError. */
export async function loadSettings(cli: Cli): Promise<ResolvedSettings> {
  return (await loadSettingsAndProfile(cli)).settings;
}

export async function loadSettingsAndProfile(cli: Cli): Promise<LoadedSettings> {
  const { environment, flags } = cli;
  const name = cli.profile ?? (environment["SF_PROFILE"] || undefined);
  const profiles = await profilesFor(cli, name);
  const settings = resolveSettings({
    flag: flags,
    environment: settingsOfEnvironment(environment),
    profile: profileSettings(profiles, name),
  });
  return { settings, profile: name ?? profiles.current };
}

/** Who runs it with the home of somebody else, as containers do, cannot have meant the profiles there. */
async function profilesFor({ environment, output }: Cli, name: string | undefined): Promise<Profiles> {
  try {
    return await readProfiles(profilePath(environment));
  } catch (error) {
    if (name !== undefined || !(error instanceof UnreadableProfilesError)) throw error;
    output.note(`${error.message} No profile is used.`);
    return { profiles: {} };
  }
}
