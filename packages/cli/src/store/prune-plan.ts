import { durationText } from "../output/units.js";
import { isReserved } from "./reserved.js";
import { isComplete, type Totals, type TreeFolder, totalsOf } from "./tree.js";

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
  const says = "a file in it is being uploaded";
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
  if (isReserved(folder.storePath)) return stays("reserved", "belongs to the cluster");
  if (newest === undefined) return stays("unknown-age", "its age is unknown, no file is in it");
  if (keep !== undefined && rank <= keep) {
    return stays("among-newest", keep === 1 ? "the newest" : `one of the ${keep} newest`);
  }
  const age = now - newest.getTime();
  if (olderThanMs !== undefined && age < olderThanMs) return stays("young", `${ageText(age)} old`);
  if (!isComplete(folder) && age < maybeUnderWayMs) {
    return stays("maybe-under-way", "not marked as complete, may be on its way");
  }
  if (olderThanMs === undefined) return goes("superseded", `number ${rank} by age`);
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
