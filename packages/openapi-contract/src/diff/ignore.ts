import { applyIgnoreFile } from "../document/ignore-file.js";
import type { Finding } from "./causes.js";

export interface Accepted {
  readonly kept: readonly Finding[];
  readonly ignored: readonly { readonly change: Finding; readonly reason: string }[];
  /** A line for each entry that matches no change. */
  readonly unused: readonly string[];
}

/** Removes the changes that the ignore file accepts. Throws SpecError for an entry without a reason or a condition. */
export function acceptChanges(path: string, changes: readonly Finding[]): Accepted {
  const fields = {
    rule: { of: ({ rule }: Finding) => rule },
    name: { of: ({ name }: Finding) => name },
    pointer: { of: ({ pointer }: Finding) => pointer, isPattern: true },
  };
  const { kept, ignored, unused } = applyIgnoreFile(path, changes, fields, "why is this change acceptable?");
  return {
    kept,
    ignored: ignored.map(({ item, reason }) => ({ change: item, reason })),
    unused: unused.map(
      ({ file, place, reason }) =>
        `${file}${place}: matches no change; delete it (its reason was: ${reason})`,
    ),
  };
}
