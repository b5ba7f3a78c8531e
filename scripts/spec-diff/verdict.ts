/** What a change asks of the next version, judged for somebody whose code calls the client. */
export type Verdict = "patch" | "minor" | "major";
export type Level = "none" | Verdict;

/** Which way values travel: a caller writes requests and reads responses, so the same change can hurt one and help the other. */
export type Direction = "request" | "response";

const order: readonly Level[] = ["none", "patch", "minor", "major"];

export function worst(levels: readonly Level[]): Level {
  return levels.reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), "none");
}

/** Whether a release of `level` may hold what needs `needed`. */
export function covers(level: Level, needed: Level): boolean {
  return order.indexOf(level) >= order.indexOf(needed);
}
