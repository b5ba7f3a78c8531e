import type { Command } from "@commander-js/extra-typings";
import type { Registration } from "../applications/registered.js";
import { examples, type Perform } from "../command-line/command.js";
import { parseCount, parseDuration, parseFolder } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { type ImageStore, openClusterWithStore, openStore } from "../connection/open-store.js";
import { NotFoundError, UsageError } from "../errors/errors.js";
import { countText, durationText, sizeText } from "../output/units.js";
import {
  deleteSequentially,
  isReserved,
  rejectReservedPath,
  unregisterHint,
} from "../store/delete-content.js";
import { missingBytes, sessionsOfFiles } from "../store/sessions.js";
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
  readonly unprovisioned?: true | undefined;
  readonly yes?: true | undefined;
}

export function declare(command: Command, perform: Perform): void {
  command
    .description(`${command.description()}; without --yes, only show them`)
    .argument("[store-path]", "folder that contains the package folders (default: the root)", parseFolder)
    .option(
      "--older-than <time>",
      "delete packages whose newest file is older than this, such as 30d or 12h",
      parseDuration,
    )
    .option("--keep <n>", "always keep the N newest packages, 1 or more", parseCount)
    .option("--unprovisioned", "delete only packages that are not provisioned as an application type")
    .option("-y, --yes", "delete the packages; without it, nothing is deleted")
    .addHelpText(
      "after",
      `
Specify --older-than, --keep, --unprovisioned, or several of them. A package is deleted only if all of them apply.
These are always kept: Store and WindowsFabricStore, folders without files, packages with an upload in progress, and
packages without a mark file (_.dir) that have a file from the last 24 hours.

The API cannot read files back, so --unprovisioned compares sizes: a package counts as provisioned if the files of its
services have the same names and sizes as those of a provisioned version. A version stays provisioned after a rollback, and
so does its package. Without --older-than, packages from the last 24 hours are kept, because they may not be provisioned yet.
Folders without ApplicationManifest.xml are kept.
${examples("prune --older-than 30d --keep 3", "prune MyTeam --keep 5 --yes", "prune --unprovisioned --older-than 7d")}`,
    )
    .action((path = "", options, self) => perform(self, (cli) => prune(cli, path, options)));
}

async function prune(cli: Cli, storePath: string, options: PruneOptions): Promise<void> {
  const { olderThan, keep, unprovisioned } = options;
  if (olderThan === undefined && keep === undefined && !unprovisioned) {
    throw new UsageError(
      "Specify --older-than (for example 30d), --keep, --unprovisioned, or several of them.",
    );
  }
  rejectReservedPath(storePath, unregisterHint);
  if (!unprovisioned) {
    await using store = await openStore(cli);
    return pruneStore(cli, store, storePath, options, undefined);
  }
  await using cluster = await openClusterWithStore(cli);
  const { readRegistered } = await import("../applications/registered.js");
  const registered = await readRegistered(cluster, cli.signal);
  await pruneStore(cli, cluster.store, storePath, options, registered);
}

async function pruneStore(
  cli: Cli,
  store: ImageStore,
  storePath: string,
  { olderThan, keep, unprovisioned, yes }: PruneOptions,
  findRegistered: PruneRules["findRegistered"],
): Promise<void> {
  const rules: PruneRules = { olderThanMs: olderThan, keep, findRegistered };
  const folders = await readPackages(cli, store, storePath);
  const plan: Verdict[] = [];
  for (const verdict of planPrune(folders, rules, Date.now())) {
    plan.push(verdict.isKept ? verdict : await checkOpenUploads(cli, store, verdict));
  }
  const toDelete = plan.filter(({ isKept }) => !isKept).map(({ folder }) => folder.storePath);
  if (yes) await deleteSequentially(cli, store, toDelete);
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
      unprovisioned: unprovisioned === true,
      packages: plan.map(document),
    },
    `${rows}${rows === "" ? "" : "\n"}${summary(plan, yes)}`,
    "packages",
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
    // Reserved folders are always kept, so their content does not matter.
    if (isReserved(path)) {
      read.push({ kind: "folder", storePath: path, files: [], folders: [], unreadFileCount: fileCount });
      continue;
    }
    const tree = await readTree(store, path, { abortSignal: cli.signal });
    if (tree.kind === "file") continue;
    const files = filesBelow(tree).map(({ storePath: file }) => file);
    // Windows lists a folder once per spelling (protocol §1.3). Counting it twice would delete a package that must be
    // kept.
    if (files.some((file) => seen.has(file))) continue;
    for (const file of files) seen.add(file);
    read.push(tree);
  }
  return read;
}

async function checkOpenUploads(cli: Cli, store: ImageStore, verdict: Verdict): Promise<Verdict> {
  const paths = filesBelow(verdict.folder).map(({ storePath }) => storePath);
  const sessions = await sessionsOfFiles(store, paths, cli.signal);
  return (sessions ?? []).some((session) => missingBytes(session) > 0) ? keepForUpload(verdict) : verdict;
}

function row({ folder, totals, isKept, explanation }: Verdict, yes: true | undefined): readonly string[] {
  const action = isKept ? "keep" : yes ? "deleted" : "delete";
  const isRead = folder.unreadFileCount === undefined;
  const content = isRead ? [countText(totals.fileCount, "file"), sizeText(totals.size)] : ["", ""];
  return [action, folderText(folder.storePath), ...content, explanation];
}

function summary(plan: readonly Verdict[], yes: true | undefined): string {
  const toDelete = plan.filter(({ isKept }) => !isKept);
  if (toDelete.length === 0) return "Nothing to delete.";
  const size = sizeText(toDelete.reduce((bytes, { totals }) => bytes + totals.size, 0));
  const what = `${countText(toDelete.length, "folder")} of ${plan.length}, ${size}`;
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

/** At least one rule is set. */
export interface PruneRules {
  /** Minimum age of a package's newest file, in milliseconds. */
  readonly olderThanMs: number | undefined;
  /** Number of newest packages that are always kept. */
  readonly keep: number | undefined;
  /** Finds the provisioned version that a package may be, or why that is unknown. Undefined: provisioned packages are deleted, too. */
  readonly findRegistered?: ((folder: TreeFolder) => Registration) | undefined;
}

/** Why a package is kept or deleted. Stable, for programs. */
export type PruneReason =
  | "reserved"
  | "unknown-age"
  | "among-newest"
  | "young"
  | "provisioned"
  | "no-manifest"
  | "unprovisioned"
  | "maybe-in-progress"
  | "upload-in-progress"
  | "old"
  | "superseded";

export interface Verdict {
  readonly folder: TreeFolder;
  readonly totals: Totals;
  readonly isKept: boolean;
  readonly reason: PruneReason;
  /** The reason as text. */
  readonly explanation: string;
}

/** Sessions expire after about half an hour. A package without a mark file may still be uploading for longer. */
const uploadGraceMs = 24 * 3_600_000;

/** Decides which packages to keep, newest first. When in doubt, keeps the package. */
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
    return { folder, totals, ...decide(folder, totals, rank, rules, now) };
  });
}

/** Keeps a package because a file in it is being uploaded. */
export function keepForUpload(verdict: Verdict): Verdict {
  const explanation = "an upload is in progress";
  return { ...verdict, isKept: true, reason: "upload-in-progress", explanation };
}

type Decision = Pick<Verdict, "isKept" | "reason" | "explanation">;

function decide(
  folder: TreeFolder,
  { newest }: Totals,
  rank: number,
  { olderThanMs, keep, findRegistered }: PruneRules,
  now: number,
): Decision {
  if (isReserved(folder.storePath)) return keepBecause("reserved", "reserved for the cluster");
  if (newest === undefined) return keepBecause("unknown-age", "contains no files, so its age is unknown");
  const registration = findRegistered?.(folder);
  if (registration?.kind === "no-manifest") {
    return keepBecause("no-manifest", "contains no ApplicationManifest.xml");
  }
  if (registration?.kind === "provisioned")
    return keepBecause("provisioned", `same sizes as ${registration.name}, which is provisioned`);
  if (keep !== undefined && rank <= keep) {
    return keepBecause("among-newest", keep === 1 ? "the newest" : `one of the ${keep} newest`);
  }
  const age = now - newest.getTime();
  if (olderThanMs !== undefined && age < olderThanMs) return keepBecause("young", `${formatAge(age)} old`);
  if (registration !== undefined && olderThanMs === undefined && age < uploadGraceMs) {
    return keepBecause("young", `${formatAge(age)} old, may be provisioned soon`);
  }
  if (!isComplete(folder) && age < uploadGraceMs) {
    return keepBecause("maybe-in-progress", "no mark file, an upload may be in progress");
  }
  if (registration !== undefined)
    return deleteBecause("unprovisioned", `not provisioned, ${formatAge(age)} old`);
  if (olderThanMs === undefined) return deleteBecause("superseded", `not among the ${keep} newest`);
  return deleteBecause("old", `${formatAge(age)} old`);
}

function keepBecause(reason: PruneReason, explanation: string): Decision {
  return { isKept: true, reason, explanation };
}

function deleteBecause(reason: PruneReason, explanation: string): Decision {
  return { isKept: false, reason, explanation };
}

function timeOf({ newest }: Totals): number {
  return newest?.getTime() ?? Number.NEGATIVE_INFINITY;
}

function formatAge(ms: number): string {
  const days = Math.floor(ms / 86_400_000);
  return days >= 2 ? `${days} days` : durationText(Math.max(ms, 0));
}
