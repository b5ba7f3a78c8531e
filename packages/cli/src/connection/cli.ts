import type { ExitCode } from "../errors/errors.js";
import type { Environment, Output } from "../output/output.js";
import {
  type Profiles,
  profilePath,
  profileSettings,
  readProfiles,
  UnreadableProfilesError,
} from "./profiles.js";
import {
  type GivenSettings,
  type ResolvedSettings,
  resolveSettings,
  settingsOfEnvironment,
} from "./settings.js";

/** A stream that may be a terminal. */
export type InputStream = NodeJS.ReadableStream & {
  readonly isTTY?: boolean;
  ref?(): unknown;
  unref?(): unknown;
};

/** The process environment of a command. */
export interface Cli {
  readonly output: Output;
  readonly environment: Environment;
  /** Settings given on the command line, and the profile for the others. */
  readonly flags: GivenSettings;
  readonly profile: string | undefined;
  /** The whole command line, for messages that tell how to resume. */
  readonly argv: readonly string[];
  readonly stdin: InputStream;
  /** Aborted by the first Ctrl+C. */
  readonly signal: AbortSignal;
  /** Sets the exit code of a command that prints its result but found a problem. */
  setExitCode(code: ExitCode): void;
  /** Must be called before anything is sent that may change the store. Afterward, no failure exits with code 2. */
  markChanged(): void;
}

/** The action of a command. Rejects if the command fails. */
export type Work = (cli: Cli) => Promise<void>;

/** The settings and the profile they were loaded with. */
export interface LoadedSettings {
  readonly settings: ResolvedSettings;
  readonly profile: string | undefined;
}

/** Resolves the settings of a command from its flags, the environment and the profile. Throws UsageError. */
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

/** A container may run with another user's home directory. Profiles there are ignored unless a profile is named. */
async function profilesFor({ environment, output }: Cli, name: string | undefined): Promise<Profiles> {
  try {
    return await readProfiles(profilePath(environment));
  } catch (error) {
    if (name !== undefined || !(error instanceof UnreadableProfilesError)) throw error;
    output.note(`${error.message} Continuing without a profile.`);
    return { profiles: {} };
  }
}
