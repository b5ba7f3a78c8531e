import type { Cli } from "../cli.js";
import { settingsOfEnvironment } from "./environment.js";
import { profilePath, profileSettings, readProfiles } from "./profile-file.js";
import { type ResolvedSettings, resolveSettings } from "./resolve.js";

/** The settings that apply to a command, from its flags, the environment and the profile. Throws UsageError. */
export async function loadSettings({ environment, flags, profile }: Cli): Promise<ResolvedSettings> {
  const profiles = await readProfiles(profilePath(environment));
  const name = profile ?? (environment["SF_PROFILE"] || undefined);
  return resolveSettings({
    flag: flags,
    environment: settingsOfEnvironment(environment),
    profile: profileSettings(profiles, name),
  });
}
