import type { Command } from "@commander-js/extra-typings";
import type { UploadSession } from "@sf-image-store/client/node";
import type { Cli } from "../../cli.js";
import { examples, type Perform } from "../../command.js";
import { parseStorePath } from "../../command-line/values.js";
import { openStore } from "../../connection/open-store.js";
import { arrivedText, noSessions, sessionDocument, sessionsAt } from "../../store/sessions.js";

export function declareList(command: Command, perform: Perform): void {
  command
    .description("list the uploads to a file, spelled as it was when they began")
    .argument("<store-path>", "the file, there or not yet", parseStorePath)
    .addHelpText("after", examples("session list MyApp/Code.zip", "session list --json MyApp/Code.zip"))
    .action((path, _, self) => perform(self, (cli) => list(cli, path)));
}

async function list(cli: Cli, storePath: string): Promise<void> {
  await using store = await openStore(cli);
  const sessions = await sessionsAt(store, storePath, cli.signal);
  if (sessions === undefined) throw noSessions();
  if (sessions.length === 0) {
    cli.output.note(
      `No upload to ${storePath} is known. Folders have none: name a file, in the case it was sent with.`,
    );
  }
  const { table } = await import("../../output/table.js");
  cli.output.result(
    { storePath, sessions: sessions.map(sessionDocument) },
    sessions.length === 0 ? "" : table(sessions.map(row), ["left", "left", "left"]),
  );
}

function row(session: UploadSession): readonly string[] {
  return [session.sessionId, session.modifiedDate.toISOString(), arrivedText(session)];
}
