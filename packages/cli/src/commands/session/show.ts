import type { Command } from "@commander-js/extra-typings";
import type { UploadSession } from "@sf-image-store/client/node";
import type { Cli } from "../../cli.js";
import { examples, type Perform } from "../../command.js";
import { parseSessionId } from "../../command-line/values.js";
import { loadSettings } from "../../connection/load-settings.js";
import { openClient } from "../../connection/open-client.js";
import { arrivedText, requireSession, sessionDocument } from "../../store/sessions.js";

/** Ranges that are shown to people; more of them tell nothing. */
const shownRanges = 20;

export function declareShow(command: Command, perform: Perform): void {
  command
    .description("tell which bytes of an upload are missing")
    .argument("<id>", "id of the session", parseSessionId)
    .addHelpText("after", examples("session show 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60"))
    .action((id, _, self) => perform(self, (cli) => show(cli, id)));
}

async function show(cli: Cli, sessionId: string): Promise<void> {
  await using client = await openClient(cli, await loadSettings(cli));
  const session = await requireSession(client, sessionId, cli.signal);
  const { table } = await import("../../output/table.js");
  cli.output.result(sessionDocument(session), table(rows(session), ["left", "left"]));
}

function rows(session: UploadSession): readonly (readonly string[])[] {
  const { sessionId, storeRelativePath, modifiedDate, expectedRanges } = session;
  const ranges = expectedRanges.map(
    ({ startPosition, endPosition }) => `bytes ${startPosition}-${endPosition}`,
  );
  const more = ranges.length - shownRanges;
  return [
    ["session", sessionId],
    ["path", storeRelativePath],
    ["arrived", arrivedText(session)],
    ["last chunk", modifiedDate.toISOString()],
    ...ranges.slice(0, shownRanges).map((range) => ["missing", range]),
    ...(more > 0 ? [["missing", `and ${more} more ranges`]] : []),
  ];
}
