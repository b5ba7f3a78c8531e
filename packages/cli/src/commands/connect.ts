import type { Command } from "@commander-js/extra-typings";
import type { Cli } from "../cli.js";
import { examples, type Perform } from "../command.js";
import { profilePath, readProfiles } from "../connection/profile-file.js";
import { listProfiles, removeProfile, useProfile, writeProfile } from "../connection/profiles.js";

export function declare(command: Command, perform: Perform): void {
  command
    .option("--list", "show the profiles there are")
    .option("--use <name>", "make a profile the one that applies when none is named")
    .option("--remove <name>", "forget a profile")
    .option("--no-check", "do not ask the cluster first")
    .addHelpText(
      "after",
      `
Writes the connection options that are given, and those in SF_ variables, to the profile that --profile names
("default" by default). Of secrets it writes where they are, never what they are.
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
  const { settingsToKeep } = await import("../connection/settings-to-keep.js");
  const { settings, resolved, notes } = settingsToKeep(cli.flags, cli.environment);
  if (check) {
    const { checkConnection } = await import("../connection/check-connection.js");
    await checkConnection(cli, resolved).catch((error: unknown) => {
      if (!cli.signal.aborted) cli.output.note("Nothing was written. To write it all the same: --no-check");
      throw error;
    });
  }
  await writeProfile(cli.output, path, profiles, cli.profile ?? "default", settings);
  for (const note of notes) cli.output.note(note);
}
