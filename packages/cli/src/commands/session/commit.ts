import type { Command } from "@commander-js/extra-typings";
import type { Cli } from "../../cli.js";
import { examples, type Perform } from "../../command.js";
import { parseSessionId } from "../../command-line/values.js";
import { loadSettings } from "../../connection/load-settings.js";
import { openClient } from "../../connection/open-client.js";
import { oneLine } from "../../output/one-line.js";
import { sizeText } from "../../output/units.js";
import {
  committedFile,
  findSession,
  goneError,
  missingBytes,
  requireSession,
  sessionDocument,
} from "../../store/sessions.js";

export function declareCommit(command: Command, perform: Perform): void {
  command
    .description("turn an upload whose bytes have all arrived into its file")
    .argument("<id>", "id of the session", parseSessionId)
    .addHelpText("after", examples("session commit 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60"))
    .action((id, _, self) => perform(self, (cli) => commit(cli, id)));
}

async function commit(cli: Cli, sessionId: string): Promise<void> {
  await using client = await openClient(cli, await loadSettings(cli));
  // Asked before, as the server has one and the same answer for unknown and for incomplete (protocol §2.5).
  const session = await requireSession(client, sessionId, cli.signal);
  const path = oneLine(session.storeRelativePath);
  const missing = missingBytes(session);
  if (missing > 0) {
    throw new Error(
      `The upload to ${path} cannot be committed: ${sizeText(missing)} have not arrived. Run the upload again, it sends only those.`,
    );
  }
  try {
    await client.commitUploadSession({ sessionId, abortSignal: cli.signal });
  } catch (error) {
    // Its own upload may have been faster. Whatever the answer was, a session that is still there was not committed.
    if (await findSession(client, sessionId, cli.signal)) throw error;
    if ((await committedFile(client, session, cli.signal)) === undefined) throw goneError(session);
  }
  cli.output.result(sessionDocument(session), `Committed: ${path}, ${sizeText(session.fileSize)}.`);
}
