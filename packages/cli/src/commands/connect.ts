import { resolve } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import type { NodeFetchOptions } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import type { Cli } from "../connection/cli.js";
import { openClient, readNodeFetchOptions } from "../connection/open-client.js";
import { findStoreLocation } from "../connection/open-store.js";
import {
  listProfiles,
  profilePath,
  readProfiles,
  removeProfile,
  useProfile,
  writeProfile,
} from "../connection/profiles.js";
import {
  type GivenSettings,
  listOf,
  type ResolvedSettings,
  resolveSettings,
  ruleOf,
  type SettingName,
  type SettingValue,
  settingNames,
  settingsOfEnvironment,
} from "../connection/settings.js";
import {
  adviceByName,
  fetchServerCertificate,
  presentedText,
  type ServerCertificate,
} from "../doctor/certificates.js";
import { factsOf } from "../errors/facts.js";
import type { Environment } from "../output/output.js";

export function declare(command: Command, perform: Perform): void {
  command
    .option("--list", "list the saved profiles")
    .option("--use <name>", "make this profile the default")
    .option("--remove <name>", "delete this profile")
    .option("--no-check", "save without connecting to the cluster first")
    .addHelpText(
      "after",
      `
Saves the connection options of the command line and the SF_ variables in a profile. Use --profile to name it
(default: default). A profile stores the paths of files with secrets, never the secrets themselves. Without a cluster, run
sf-image-store emulator in another terminal: it listens at http://localhost:19080.
${examples(
  "connect --profile dev --endpoint http://localhost:19080",
  "connect --profile prod --endpoint https://prod.example:19080 --pem client.pem --server-thumbprint 0123…",
  "connect --list",
)}`,
    )
    .action((options, self) => perform(self, (cli) => connect(cli, options)));
}

interface ConnectOptions {
  readonly list?: true | undefined;
  readonly use?: string | undefined;
  readonly remove?: string | undefined;
  readonly check: boolean;
}

async function connect(cli: Cli, { list, use, remove, check }: ConnectOptions): Promise<void> {
  const path = profilePath(cli.environment);
  const profiles = await readProfiles(path);
  if (use !== undefined) return useProfile(cli.output, path, profiles, use);
  if (remove !== undefined) return removeProfile(cli.output, path, profiles, remove);
  if (list) return listProfiles(cli.output, path, profiles);
  const { settings, resolved, notes } = profileSettingsToSave(cli.flags, cli.environment);
  if (check) {
    await checkConnection(cli, resolved).catch(async (error: unknown) => {
      if (cli.signal.aborted) throw error;
      if (factsOf(error).certificate !== undefined) await describeServer(cli, resolved, presentedText);
      cli.output.note("The profile was not saved. To save it anyway, pass --no-check.");
      throw error;
    });
    await describeServer(cli, resolved, adviceByName);
  }
  await writeProfile(cli.output, path, profiles, cli.profile ?? "default", settings);
  for (const note of notes) cli.output.note(note);
}

/** Prints what `describe` says about the certificate of the server, if it has one and `describe` says anything. */
async function describeServer(
  cli: Cli,
  settings: ResolvedSettings,
  describe: (server: ServerCertificate, options: NodeFetchOptions) => string | undefined,
): Promise<void> {
  const [endpoint = ""] = listOf(settings, "endpoint");
  if (!endpoint.startsWith("https:")) return;
  const options = await readNodeFetchOptions(settings, cli.environment);
  const server = await fetchServerCertificate(endpoint, options.ca, cli.signal);
  const text = server === undefined ? undefined : describe(server, options);
  if (text !== undefined) cli.output.note(text);
}

export interface SavedSettings {
  readonly settings: GivenSettings;
  readonly resolved: ResolvedSettings;
  /** What was left out, and what to do about it. */
  readonly notes: readonly string[];
}

/** The content of a new profile: the given settings, with absolute paths and without secrets. */
export function profileSettingsToSave(flags: GivenSettings, environment: Environment): SavedSettings {
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
          `The secret in ${variable} was not saved. Set ${variable} whenever you use this profile, or store the secret in a file and pass ${flag}.`,
        ]
      : [],
  );
  return { settings: Object.fromEntries(kept), resolved, notes };
}

/** Profiles are used from other directories, too. */
function absolute(name: SettingName, value: SettingValue): SettingValue {
  if (!ruleOf(name).isFile || value === true) return value;
  return typeof value === "string" ? resolve(value) : value.map((path) => resolve(path));
}

/** Lists the root of the image store. Throws the errors that any command would throw. */
export async function checkConnection(cli: Cli, settings: ResolvedSettings): Promise<void> {
  await using client = await openClient(cli, settings);
  const location = await findStoreLocation(client, settings, cli);
  if (location.kind === "service") {
    await client.getContentPage({ abortSignal: cli.signal });
    return;
  }
  const { openFolder } = await import("@sf-image-store/client/folder");
  await openFolder(location.folder);
}
