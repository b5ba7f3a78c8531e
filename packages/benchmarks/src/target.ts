/** What a value must keep to. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** Which of two values is to be preferred. */
export type Better = "higher" | "lower";

export function isMet(target: Target, value: number): boolean {
  return "atLeast" in target ? value >= target.atLeast : value <= target.atMost;
}

export function targetText(target: Target): string {
  return "atLeast" in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}
