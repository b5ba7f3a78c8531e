import { durationText } from "../output/units.js";
import { type Finding, ok, warn } from "./finding.js";

/** Headers tell whole seconds, and answers take their time; tokens and certificates mind minutes. */
const tolerated = 2 * 60_000;

/** Holds this machine's clock to that of the server, by the `Date` of an answer. */
export function judgeClock(date: string | null, now: number): Finding {
  const theirs = Date.parse(date ?? "");
  if (Number.isNaN(theirs)) return ok("clock", "the server does not tell its time");
  const skew = now - theirs;
  const size = durationText(Math.abs(skew));
  if (Math.abs(skew) <= tolerated)
    return ok("clock", `within ${durationText(tolerated)} of the server's (${size})`);
  const which = skew > 0 ? "ahead of" : "behind";
  return warn(
    "clock",
    `this machine is ${size} ${which} the server`,
    "Set the clock: certificates and tokens may count as expired, or as not valid yet.",
  );
}
