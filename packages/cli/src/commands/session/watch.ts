import { setTimeout } from "node:timers/promises";
import type { Command } from "@commander-js/extra-typings";
import type { UploadSession } from "@sf-image-store/client/node";
import type { Cli } from "../../cli.js";
import { examples, type Perform } from "../../command.js";
import { parseDuration, parseSessionId } from "../../command-line/values.js";
import { loadSettings } from "../../connection/load-settings.js";
import { type Connection, openClient } from "../../connection/open-client.js";
import { oneLine } from "../../output/one-line.js";
import { countText, sizeText } from "../../output/units.js";
import { rangeBar } from "../../store/range-bar.js";
import {
  arrivedText,
  committedFile,
  findSession,
  goneError,
  missingBytes,
  requireSession,
  sessionDocument,
  storePathOf,
} from "../../store/sessions.js";

/** Cells of the bar: with what stands behind it, it fits 80 columns. */
const width = 30;

export function declareWatch(command: Command, perform: Perform): void {
  command
    .description("follow an upload until all its bytes have arrived")
    .argument("<id>", "id of the session", parseSessionId)
    .option("--interval <time>", "time between two looks, 1s or more (default: 2s)", parseDuration)
    .addHelpText(
      "after",
      examples(
        "session watch 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60",
        "session watch 3f2c8a4e-0b1d-5c6f-9a7e-1d2c3b4a5f60 --interval 10s --json",
      ),
    )
    .action((id, { interval = 2000 }, self) => perform(self, (cli) => watch(cli, id, interval)));
}

async function watch(cli: Cli, sessionId: string, intervalMs: number): Promise<void> {
  await using client = await openClient(cli, await loadSettings(cli));
  const view = createView(cli);
  let session = await requireSession(client, sessionId, cli.signal);
  cli.output.note(`Upload to ${oneLine(session.storeRelativePath)}`);
  try {
    view.show(session);
    while (missingBytes(session) > 0) {
      await setTimeout(intervalMs, undefined, { signal: cli.signal });
      const next = await findSession(client, sessionId, cli.signal);
      if (next === undefined) return tellGone(cli, client, session);
      session = next;
      view.show(session);
    }
  } finally {
    view.end();
  }
  cli.output.result(
    { state: "complete", ...sessionDocument(session) },
    `Complete: every byte of ${oneLine(session.storeRelativePath)} has arrived. It is a file once it is committed.`,
  );
}

async function tellGone({ output, signal }: Cli, client: Connection, last: UploadSession): Promise<void> {
  const file = await committedFile(client, last, signal);
  if (file === undefined) throw goneError(last);
  output.result(
    { state: "committed", ...sessionDocument({ ...last, expectedRanges: [] }) },
    `Committed: ${oneLine(storePathOf(last))} is a file of ${sizeText(file.fileSize)}, and the session is gone.`,
  );
}

/** A bar on a terminal; elsewhere a line for every change. */
function createView({ output }: Cli): { show(session: UploadSession): void; end(): void } {
  if (!output.isDrawn) return { show: linesOf(output), end: () => {} };
  return {
    show: (session) => output.redraw(`${rangeBar(session, width)} ${stateText(session)}`),
    end: () => output.endLine(),
  };
}

function linesOf(output: Cli["output"]): (session: UploadSession) => void {
  let told = "";
  return (session) => {
    const text = stateText(session);
    const state = JSON.stringify(session.expectedRanges);
    if (state !== told) output.note(text, { event: "session", ...sessionDocument(session) });
    told = state;
  };
}

function stateText(session: UploadSession): string {
  return `${arrivedText(session)}, ${countText(session.expectedRanges.length, "gap")}`;
}
