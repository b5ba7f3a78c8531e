import type { Command } from "@commander-js/extra-typings";
import type { Cli } from "../../cli.js";
import { examples, type Perform } from "../../command.js";
import { confirm } from "../../command-line/confirm.js";
import { parseSessionId } from "../../command-line/values.js";
import { loadSettings } from "../../connection/load-settings.js";
import { openClient } from "../../connection/open-client.js";
import { NotFoundError } from "../../failure/not-found-error.js";
import { oneLine } from "../../output/one-line.js";
import {
  arrivedText,
  committedFile,
  findSession,
  goneError,
  requireSession,
  sessionDocument,
} from "../../store/sessions.js";

export function declareDelete(command: Command, perform: Perform): void {
  command
    .description("drop an upload with what has arrived of it; asks before, on a terminal")
    .argument("<id>", "id of the session", parseSessionId)
    .option("-y, --yes", "do not ask; needed where nobody can be asked")
    .addHelpText("after", examples("session delete 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60 --yes"))
    .action((id, { yes }, self) => perform(self, (cli) => drop(cli, id, yes === true)));
}

async function drop(cli: Cli, sessionId: string, isSure: boolean): Promise<void> {
  await using client = await openClient(cli, await loadSettings(cli));
  const session = await requireSession(client, sessionId, cli.signal);
  const path = oneLine(session.storeRelativePath);
  if (!isSure) await confirm(cli, `Upload to ${path}, ${arrivedText(session)}\nDrop it?`);
  try {
    await client.deleteUploadSession({ sessionId, abortSignal: cli.signal });
  } catch (error) {
    if (await findSession(client, sessionId, cli.signal)) throw error;
    const file = await committedFile(client, session, cli.signal);
    if (file === undefined) throw goneError(session);
    throw new NotFoundError(
      `The session ${sessionId} is gone: its upload was committed, and ${path} is in the store. To delete the file, use rm.`,
      { cause: error },
    );
  }
  cli.output.result(sessionDocument(session), `Dropped the upload to ${path}.`);
}
