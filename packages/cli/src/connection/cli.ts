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
export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean; unref?(): unknown };

/** What a command has of the process it runs in. */
export interface Cli {
  readonly output: Output;
  readonly environment: Environment;
  /** Settings that stand on the command line, and the profile to start from. */
  readonly flags: GivenSettings;
  readonly profile: string | undefined;
  /** The whole command line, for telling how to go on. */
  readonly argv: readonly string[];
  readonly stdin: InputStream;
  /** Aborted by the first Ctrl+C. */
  readonly signal: AbortSignal;
  /** How the process ends although the command has told its result: something it looked at is wrong. */
  endWith(code: ExitCode): void;
  /** To be called before anything is sent that may change the store: from then on, no failure ends with exit code 2. */
  noteChange(): void;
}

/** What a command does. It throws when that fails. */
export type Work = (cli: Cli) => Promise<void>;

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
    output.note(`${error.message} Continuing without a profile.`);
    return { profiles: {} };
  }
}
