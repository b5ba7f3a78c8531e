import type { Command } from "@commander-js/extra-typings";
import type { StoreFile, UploadSession } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import { parseStorePath } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { openStore } from "../connection/open-store.js";
import { NotFoundError } from "../errors/errors.js";
import { countText, sizeText } from "../output/units.js";
import { arrivedText, sessionDocument, sessionsAt } from "../store/sessions.js";
import { folderText, isComplete, readTree, type TreeFolder, totalsOf } from "../store/tree.js";

type Found = TreeFolder | StoreFile | undefined;
type Sessions = readonly UploadSession[] | undefined;

export function declare(command: Command, perform: Perform): void {
  command
    .argument("<store-path>", "file or folder", parseStorePath)
    .addHelpText("after", examples("stat MyApp", "stat MyApp/MyServicePkg/Code.zip", "stat --json MyApp"))
    .action((path, _, self) => perform(self, (cli) => showDetails(cli, path)));
}

async function showDetails(cli: Cli, storePath: string): Promise<void> {
  await using store = await openStore(cli);
  const found = await readTree(store, storePath, { abortSignal: cli.signal }).catch(absent);
  const sessions = await sessionsAt(store, storePath, cli.signal);
  // A file that is uploaded for the first time exists only as a session.
  if (found === undefined && (sessions ?? []).length === 0) {
    throw new NotFoundError(`${storePath} does not exist in the image store.`);
  }
  const { table } = await import("../output/table.js");
  const rows = [...rowsOf(storePath, found), ...sessionRows(sessions)];
  cli.output.result(
    { ...document(storePath, found), sessions: sessions?.map(sessionDocument) ?? null },
    table(rows, ["left", "left"]),
  );
}

function absent(error: unknown): undefined {
  if (!(error instanceof NotFoundError)) throw error;
}

function rowsOf(storePath: string, found: Found): readonly (readonly string[])[] {
  if (found === undefined) {
    return [
      ["path", storePath],
      ["kind", "does not exist yet, upload in progress"],
    ];
  }
  if (found.kind === "file") {
    return [
      ["path", found.storePath],
      ["kind", "file"],
      ["size", exactSize(found.fileSize)],
      ["modified", found.modifiedDate.toISOString()],
      ["version", versionText(found)],
    ];
  }
  const { fileCount, folderCount, size, newest } = totalsOf(found);
  return [
    ["path", folderText(found.storePath)],
    ["kind", `folder with ${countText(fileCount, "file")}, ${countText(folderCount, "folder")}`],
    ["size", exactSize(size)],
    ["newest file", newest?.toISOString() ?? "none"],
    ["complete", isComplete(found) ? "yes, has a mark file (_.dir)" : "no mark file (_.dir)"],
  ];
}

function sessionRows(sessions: Sessions): readonly (readonly string[])[] {
  if (sessions === undefined) return [["sessions", "not supported by this image store"]];
  if (sessions.length === 0) return [["sessions", "none"]];
  return sessions.map((session) => ["session", `${session.sessionId}, ${arrivedText(session)}`]);
}

function exactSize(bytes: number): string {
  return bytes < 1024 ? sizeText(bytes) : `${sizeText(bytes)} (${bytes} bytes)`;
}

function versionText({ fileVersion }: StoreFile): string {
  const { versionNumber, epochDataLossNumber, epochConfigurationNumber } = fileVersion;
  return `${versionNumber} (epoch ${epochDataLossNumber}.${epochConfigurationNumber})`;
}

function document(storePath: string, found: Found): object {
  if (found === undefined) return { kind: "absent", storePath };
  if (found.kind === "folder") {
    const { newest, ...totals } = totalsOf(found);
    return {
      kind: "folder",
      storePath: found.storePath,
      ...totals,
      newestDate: newest?.toISOString() ?? null,
      isComplete: isComplete(found),
    };
  }
  const { fileSize, modifiedDate, fileVersion } = found;
  return {
    kind: "file",
    storePath: found.storePath,
    fileSize,
    modifiedDate: modifiedDate.toISOString(),
    // As text, because these numbers can exceed what most JSON parsers represent exactly.
    fileVersion: Object.fromEntries(
      Object.entries(fileVersion).map(([name, value]) => [name, String(value)]),
    ),
  };
}
