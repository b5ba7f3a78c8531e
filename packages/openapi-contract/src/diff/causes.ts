import { type Change, worst } from "./change.js";
import { type RuleName, ruleGroups } from "./rules.js";

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
const aboutText: readonly RuleName[] = ["words-changed", "example-changed", "extension-changed"];

/** Rules about what people read, the announced end of something included: they say nothing about values. */
export function isAboutText(rule: RuleName): boolean {
  return aboutText.includes(rule) || Object.hasOwn(ruleGroups["Deprecation, sunset and stability"], rule);
}

/** Puts changes of one cause together, in the order in which each was found first: a shared part, or a repeated text. */
export function groupByCause(changes: readonly Change[]): Finding[] {
  const groups = new Map<string, Change[]>();
  for (const each of changes) {
    const { rule, old, new: next, message, pointer, oldPointer } = each;
    const keyword = message.split(": ").at(-1) ?? "";
    const place = aboutText.includes(rule) ? keyword : [pointer, oldPointer, each.in];
    const key = JSON.stringify([rule, place, old ?? null, next ?? null]);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].flatMap((group): Finding[] => {
    const [first, ...rest] = group;
    if (first === undefined) return [];
    const others = rest.map(({ kind, name, pointer }) => ({ kind, name, pointer }));
    const verdict = worst(group.map((each) => each.verdict));
    return [others.length === 0 || verdict === "none" ? first : { ...first, verdict, others }];
  });
}
