import type { Command } from "@commander-js/extra-typings";
import pLimit from "p-limit";
import type { Cli } from "../cli.js";
import { examples, type Perform } from "../command.js";
import { parseCount, parseDuration, parseFolder } from "../command-line/values.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { NotFoundError } from "../failure/not-found-error.js";
import { UsageError } from "../failure/usage-error.js";
import { countText, sizeText } from "../output/units.js";
import { deleteInTurn } from "../store/delete-content.js";
import { keptForUpload, type PruneRules, planPrune, type Verdict } from "../store/prune-plan.js";
import { listEntries, readTree } from "../store/read-tree.js";
import { isReserved, refuseReserved, unregister } from "../store/reserved.js";
import { missingBytes, sessionsAt } from "../store/sessions.js";
import { filesBelow, folderText, type TreeFolder } from "../store/tree.js";

interface PruneOptions {
  readonly olderThan?: number | undefined;
  readonly keep?: number | undefined;
  readonly yes?: true | undefined;
}

export function declare(command: Command, perform: Perform): void {
  command
    .description(`${command.description()}; without --yes it only shows which`)
    .argument(
      "[store-path]",
      "folder that holds the packages, one folder each (default: the root)",
      parseFolder,
    )
    .option("--older-than <time>", "those whose newest file is older, such as 30d or 12h", parseDuration)
    .option("--keep <count>", "never the newest ones, so many", parseCount)
    .option("-y, --yes", "delete them")
    .addHelpText(
      "after",
      `
Both rules must agree on a package that is deleted; at least one must be given. These stay in any case: Store and
WindowsFabricStore, a folder without files, a package that is being uploaded to a file in it, and one that is not
marked as complete and has a file from the last 24 hours.
${examples("prune --older-than 30d --keep 3", "prune MyTeam --keep 5 --yes", "prune --older-than 2w --json")}`,
    )
    .action((path = "", options, self) => perform(self, (cli) => prune(cli, path, options)));
}

async function prune(cli: Cli, storePath: string, { olderThan, keep, yes }: PruneOptions): Promise<void> {
  const rules: PruneRules = { olderThanMs: olderThan, keep };
  if (olderThan === undefined && keep === undefined) {
    throw new UsageError("Say what to let go: by --older-than, such as 30d, by --keep, or by both.");
  }
  refuseReserved(storePath, unregister);
  await using store = await openStore(cli);
  const folders = await readPackages(cli, store, storePath);
  const plan: Verdict[] = [];
  for (const verdict of planPrune(folders, rules, Date.now())) {
    plan.push(verdict.isKept ? verdict : await mindUploads(cli, store, verdict));
  }
  const doomed = plan.filter(({ isKept }) => !isKept).map(({ folder }) => folder.storePath);
  if (yes) await deleteInTurn(cli, store, doomed);
  const { table } = await import("../output/table.js");
  const rows = table(
    plan.map((verdict) => row(verdict, yes)),
    ["left", "left", "right", "right", "left"],
  );
  cli.output.result(
    {
      storePath,
      isDryRun: yes !== true,
      olderThanMs: olderThan ?? null,
      keep: keep ?? null,
      packages: plan.map(document),
    },
    `${rows}${rows === "" ? "" : "\n"}${sum(plan, yes)}`,
  );
}

async function readPackages(cli: Cli, store: ImageStore, storePath: string): Promise<readonly TreeFolder[]> {
  const entries = await listEntries(store, storePath, cli.signal);
  if (entries === undefined) throw new NotFoundError(`Nothing is at ${storePath} in the image store.`);
  const read: TreeFolder[] = [];
  const seen = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === "file") continue;
    const { storePath: path, fileCount } = entry;
    // Of what must stay, nothing needs to be known.
    if (isReserved(path)) {
      read.push({ kind: "folder", storePath: path, files: [], folders: [], unreadFileCount: fileCount });
      continue;
    }
    const tree = await readTree(store, path, { abortSignal: cli.signal });
    if (tree.kind === "file") continue;
    const files = filesBelow(tree).map(({ storePath: file }) => file);
    // Windows lists a folder once per spelling (protocol §1.3): taken for two, the one would go for the other.
    if (files.some((file) => seen.has(file))) continue;
    for (const file of files) seen.add(file);
    read.push(tree);
  }
  return read;
}

/** Sessions are found by the path of their file alone (protocol §2.7), so each file is asked for. */
async function mindUploads(cli: Cli, store: ImageStore, verdict: Verdict): Promise<Verdict> {
  const limit = pLimit(8);
  let hasSessions = true;
  const isUnderWay = async (storePath: string): Promise<boolean> => {
    const sessions = hasSessions ? await sessionsAt(store, storePath, cli.signal) : undefined;
    hasSessions = sessions !== undefined;
    return (sessions ?? []).some((session) => missingBytes(session) > 0);
  };
  const asked = filesBelow(verdict.folder).map(({ storePath }) => limit(() => isUnderWay(storePath)));
  return (await Promise.all(asked)).includes(true) ? keptForUpload(verdict) : verdict;
}

function row({ folder, totals, isKept, says }: Verdict, yes: true | undefined): readonly string[] {
  const action = isKept ? "keep" : yes ? "deleted" : "delete";
  const isRead = folder.unreadFileCount === undefined;
  const content = isRead ? [countText(totals.fileCount, "file"), sizeText(totals.size)] : ["", ""];
  return [action, folderText(folder.storePath), ...content, says];
}

function sum(plan: readonly Verdict[], yes: true | undefined): string {
  const doomed = plan.filter(({ isKept }) => !isKept);
  if (doomed.length === 0) return "Nothing to delete.";
  const size = sizeText(doomed.reduce((bytes, { totals }) => bytes + totals.size, 0));
  const what = `${countText(doomed.length, "folder")} of ${plan.length}, ${size}`;
  return yes ? `Deleted ${what}.` : `Would delete ${what}. Nothing was deleted: that takes --yes.`;
}

function document({ folder, totals, isKept, reason }: Verdict): object {
  const { fileCount, size, newest } = totals;
  return {
    storePath: folder.storePath,
    action: isKept ? "keep" : "delete",
    reason,
    fileCount,
    size,
    newestDate: newest?.toISOString() ?? null,
  };
}
