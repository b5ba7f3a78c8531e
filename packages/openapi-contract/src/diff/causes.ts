import type { Change } from "./change.js";

/** Where else the same change shows. */
export interface OtherPlace {
  readonly kind: Change["kind"];
  readonly name: string;
  readonly pointer: string;
}

/** A change, told once however many places it shows at. */
export interface Finding extends Change {
  /** Missing where there are none. */
  readonly others?: readonly OtherPlace[];
}

/** Rules about text: the same text before and after is the same change, wherever it is repeated. */
const aboutText: readonly string[] = ["words-changed", "example-changed", "extension-changed"];

/** Puts changes of one cause together, in the order in which each was found first: a shared part, or a repeated text. */
export function groupByCause(changes: readonly Change[]): Finding[] {
  const groups = new Map<string, Change[]>();
  for (const each of changes) {
    const { rule, old, new: next, message, pointer, verdict } = each;
    const keyword = message.split(": ").at(-1) ?? "";
    const place = aboutText.includes(rule) ? keyword : [message, pointer, each.in];
    const key = JSON.stringify([rule, verdict, place, old ?? null, next ?? null]);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].flatMap(([first, ...rest]): Finding[] => {
    if (first === undefined) return [];
    const others = rest.map(({ kind, name, pointer }) => ({ kind, name, pointer }));
    return [others.length === 0 ? first : { ...first, others }];
  });
}
