import type { X509Certificate } from "node:crypto";
import { type Finding, fail, ok, warn } from "./finding.js";

const dayMs = 86_400_000;
/** From so many days before its end, a certificate should be replaced. */
const soon = 30;

/** Whether a certificate is valid, and for how long. */
export function judgeDates(
  check: string,
  { subject, validFrom, validTo }: Pick<X509Certificate, "subject" | "validFrom" | "validTo">,
  renewal: string,
  now: number,
): Finding {
  const name = (subject ?? "").replaceAll(/\s+/g, " ");
  const [begin, end] = [Date.parse(validFrom), Date.parse(validTo)];
  const until = new Date(end).toISOString().slice(0, 10);
  const days = Math.floor((end - now) / dayMs);
  if (now > end) return fail(check, `${name} has expired on ${until}`, renewal);
  if (now < begin) {
    return fail(check, `${name} is not valid before ${validFrom}`, "Is the clock of this machine right?");
  }
  const says = `${name} is valid until ${until}, ${days === 1 ? "1 day" : `${days} days`} from now`;
  return days < soon ? warn(check, says, renewal) : ok(check, says);
}
