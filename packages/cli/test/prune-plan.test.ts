import type { StoreFile } from "@sf-image-store/client";
import { describe, expect, it } from "vitest";
import { type PruneRules, planPrune } from "../src/commands/prune.js";
import type { TreeFolder } from "../src/store/tree.js";

const hour = 3_600_000;
const now = Date.parse("2026-06-01T00:00:00Z");

function folder(storePath: string, ageHours: number | undefined, isMarked = true): TreeFolder {
  const names = ageHours === undefined ? [] : ["a.bin", ...(isMarked ? ["_.dir"] : [])];
  const files = names.map((name) => file(`${storePath}/${name}`, now - (ageHours ?? 0) * hour));
  return { kind: "folder", storePath, files, folders: [], unreadFileCount: undefined };
}

function file(storePath: string, time: number): StoreFile {
  const fileVersion = { versionNumber: 1n, epochDataLossNumber: 1n, epochConfigurationNumber: 1n };
  return { kind: "file", storePath, fileSize: 1, modifiedDate: new Date(time), fileVersion };
}

function reasons(
  folders: TreeFolder[],
  rules: { olderThanMs?: number; keep?: number; findRegistered?: PruneRules["findRegistered"] },
) {
  const { olderThanMs, keep, findRegistered } = rules;
  const plan = planPrune(folders, { olderThanMs, keep, findRegistered }, now);
  return plan.map(
    ({ folder: { storePath }, isKept, reason }) => `${isKept ? "keep" : "drop"} ${storePath} ${reason}`,
  );
}

describe("a package that prune deletes", () => {
  it("matches both rules", () => {
    const folders = [folder("A", 100), folder("B", 50), folder("C", 10)];
    expect(reasons(folders, { olderThanMs: 40 * hour, keep: 2 })).toEqual([
      "keep C among-newest",
      "keep B among-newest",
      "drop A old",
    ]);
  });

  it("is any but the newest if only --keep is given", () => {
    const folders = [folder("A", 100), folder("B", 50), folder("C", 10)];
    expect(reasons(folders, { keep: 1 })).toEqual([
      "keep C among-newest",
      "drop B superseded",
      "drop A superseded",
    ]);
  });

  it("is never a package without files, which does not count among the newest either", () => {
    const folders = [folder("Empty", undefined), folder("A", 100), folder("B", 50)];
    expect(reasons(folders, { keep: 1 })).toEqual([
      "keep B among-newest",
      "drop A superseded",
      "keep Empty unknown-age",
    ]);
  });

  it("is never a reserved folder in any case, which does not count among the newest either", () => {
    const folders = [folder("STORE", 1), folder("WindowsFabricStore", 2), folder("A", 100), folder("B", 90)];
    expect(reasons(folders, { keep: 1 })).toEqual([
      "keep STORE reserved",
      "keep WindowsFabricStore reserved",
      "keep B among-newest",
      "drop A superseded",
    ]);
  });

  it("is not a package without a mark file that has a file from the last 24 hours", () => {
    const folders = [folder("A", 23, false), folder("B", 25, false), folder("C", 23)];
    expect(reasons(folders, { olderThanMs: hour })).toEqual([
      "keep A maybe-in-progress",
      "drop C old",
      "drop B old",
    ]);
  });

  it("is not a package one millisecond younger than the limit", () => {
    expect(reasons([folder("A", 1)], { olderThanMs: hour })).toEqual(["drop A old"]);
    expect(reasons([folder("A", 1)], { olderThanMs: hour + 1 })).toEqual(["keep A young"]);
  });

  it("is not a package with a date in the future", () => {
    expect(reasons([folder("A", -5)], { olderThanMs: hour })).toEqual(["keep A young"]);
  });
});

describe("a package that --unprovisioned deletes", () => {
  const findRegistered: PruneRules["findRegistered"] = ({ storePath }) =>
    storePath === "Used"
      ? { kind: "provisioned", name: "ShopType 1.0.0" }
      : { kind: storePath === "Data" ? "no-manifest" : "unregistered" };
  const folders = [
    folder("Used", 100),
    folder("Data", 90),
    folder("Old", 80),
    folder("Older", 85),
    folder("New", 3),
  ];

  it("is provisioned as no type, has a manifest, and is not from the last 24 hours", () => {
    expect(reasons(folders, { findRegistered })).toEqual([
      "keep New young",
      "drop Old unprovisioned",
      "drop Older unprovisioned",
      "keep Data no-manifest",
      "keep Used provisioned",
    ]);
  });

  it("also matches the other rules", () => {
    expect(reasons(folders, { findRegistered, olderThanMs: 82 * hour })).toContain("keep Old young");
    expect(reasons(folders, { findRegistered, keep: 2 })).toContain("keep Old among-newest");
    expect(reasons(folders, { findRegistered, olderThanMs: hour })).toContain("drop New unprovisioned");
  });
});
