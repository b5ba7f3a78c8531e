import type { Command } from "@commander-js/extra-typings";
import pLimit from "p-limit";
import { examples, type Perform } from "../command-line/command.js";
import { parseCount, parseDuration, parseFolder } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { NotFoundError, UsageError } from "../errors/errors.js";
import { countText, durationText, sizeText } from "../output/units.js";
import { deleteInTurn, isReserved, refuseReserved, unregister } from "../store/delete-content.js";
import { missingBytes, sessionsAt } from "../store/sessions.js";
import {
  filesBelow,
  folderText,
  isComplete,
  listEntries,
  readTree,
  type Totals,
  type TreeFolder,
  totalsOf,
} from "../store/tree.js";

interface PruneOptions {
  readonly olderThan?: number | undefined;
  readonly keep?: number | undefined;
  readonly yes?: true | undefined;
}

export function declare(command: Command, perform: Perform): void {
  command
    .description(`${command.description()}; without --yes, only show which`)
    .argument("[store-path]", "folder that contains the package folders (default: the root)", parseFolder)
    .option(
      "--older-than <time>",
      "delete packages whose newest file is older than this, such as 30d or 12h",
      parseDuration,
    )
    .option("--keep <n>", "always keep the N newest packages, 1 or more", parseCount)
    .option("-y, --yes", "delete the packages; without it, nothing is deleted")
    .addHelpText(
      "after",
      `
Specify --older-than, --keep, or both. With both, a package is deleted only if it is older and not among the N newest.
These are always kept: Store and WindowsFabricStore, folders without files, packages with an upload in progress, and
packages without a mark file (_.dir) that have a file from the last 24 hours.
${examples("prune --older-than 30d --keep 3", "prune MyTeam --keep 5 --yes", "prune --older-than 2w --json")}`,
    )
    .action((path = "", options, self) => perform(self, (cli) => prune(cli, path, options)));
}

async function prune(cli: Cli, storePath: string, { olderThan, keep, yes }: PruneOptions): Promise<void> {
  const rules: PruneRules = { olderThanMs: olderThan, keep };
  if (olderThan === undefined && keep === undefined) {
    throw new UsageError("Specify --older-than (for example 30d), --keep, or both.");
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
  if (entries === undefined) throw new NotFoundError(`${storePath} does not exist in the image store.`);
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
  return yes ? `Deleted ${what}.` : `Would delete ${what}. Nothing was deleted. To delete, pass --yes.`;
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

/** What to let go. At least one is given. */
export interface PruneRules {
  /** Milliseconds since the newest file of a package was written. */
  readonly olderThanMs: number | undefined;
  /** How many of the newest packages stay, whatever their age. */
  readonly keep: number | undefined;
}

/** Why a package stays or goes. Stable, for programs. */
export type PruneReason =
  | "reserved"
  | "unknown-age"
  | "among-newest"
  | "young"
  | "maybe-under-way"
  | "upload-under-way"
  | "old"
  | "superseded";

export interface Verdict {
  readonly folder: TreeFolder;
  readonly totals: Totals;
  readonly isKept: boolean;
  readonly reason: PruneReason;
  /** The reason for people. */
  readonly says: string;
}

/** A package without its mark may be on its way for so long after its last file: sessions last half an hour. */
const maybeUnderWayMs = 24 * 3_600_000;

/** Judges packages, the newest first. What is in doubt stays. */
export function planPrune(
  folders: readonly TreeFolder[],
  rules: PruneRules,
  now: number,
): readonly Verdict[] {
  const known = folders
    .map((folder) => ({ folder, totals: totalsOf(folder) }))
    .toSorted((a, b) => timeOf(b.totals) - timeOf(a.totals));
  let rank = 0;
  return known.map(({ folder, totals }) => {
    const isCounted = !isReserved(folder.storePath) && totals.newest !== undefined;
    if (isCounted) rank += 1;
    return { folder, totals, ...judge(folder, totals, rank, rules, now) };
  });
}

/** What the rest of the plan cannot know: somebody is uploading into the package. */
export function keptForUpload(verdict: Verdict): Verdict {
  const says = "an upload is in progress";
  return { ...verdict, isKept: true, reason: "upload-under-way", says };
}

type Judgement = Pick<Verdict, "isKept" | "reason" | "says">;

function judge(
  folder: TreeFolder,
  { newest }: Totals,
  rank: number,
  { olderThanMs, keep }: PruneRules,
  now: number,
): Judgement {
  if (isReserved(folder.storePath)) return stays("reserved", "reserved for the cluster");
  if (newest === undefined) return stays("unknown-age", "contains no files, so its age is unknown");
  if (keep !== undefined && rank <= keep) {
    return stays("among-newest", keep === 1 ? "the newest" : `one of the ${keep} newest`);
  }
  const age = now - newest.getTime();
  if (olderThanMs !== undefined && age < olderThanMs) return stays("young", `${ageText(age)} old`);
  if (!isComplete(folder) && age < maybeUnderWayMs) {
    return stays("maybe-under-way", "no mark file, an upload may be in progress");
  }
  if (olderThanMs === undefined) return goes("superseded", `not among the ${keep} newest`);
  return goes("old", `${ageText(age)} old`);
}

function stays(reason: PruneReason, says: string): Judgement {
  return { isKept: true, reason, says };
}

function goes(reason: PruneReason, says: string): Judgement {
  return { isKept: false, reason, says };
}

function timeOf({ newest }: Totals): number {
  return newest?.getTime() ?? Number.NEGATIVE_INFINITY;
}

function ageText(ms: number): string {
  const days = Math.floor(ms / 86_400_000);
  return days >= 2 ? `${days} days` : durationText(Math.max(ms, 0));
}
