import type { NodeFetchOptions } from "@sf-image-store/client/node";
import type { Cli } from "../cli.js";
import { readNodeFetchOptions } from "../connection/node-fetch-options.js";
import { type Connection, openClient } from "../connection/open-client.js";
import { listOf, type ResolvedSettings } from "../connection/resolve.js";
import { judgeDates } from "./certificate-dates.js";
import { judgeUsage, ownCertificate } from "./client-certificate.js";
import { judgeClock } from "./clock.js";
import { type Finding, failure, ok, warn } from "./finding.js";
import { checkAnswer, checkPlatform, checkStore } from "./requests.js";
import { shownCertificate } from "./server-certificate.js";

/** Looks at everything that a connection needs, from near to far. What cannot be seen any more is left out. */
export async function examine(cli: Cli, settings: ResolvedSettings): Promise<readonly Finding[]> {
  let options: NodeFetchOptions;
  try {
    options = await readNodeFetchOptions(settings, cli.environment);
  } catch (error) {
    return [failure("settings", error)];
  }
  const findings = [...checkOwnCertificate(options)];
  for (const endpoint of listOf(settings, "endpoint")) {
    findings.push(...(await checkServer(cli, endpoint, options)));
  }
  const asked = await checkRequests(cli, settings);
  // What the first request shows of the server goes before what its certificate seemed to be good for.
  const isRefused = asked.some(({ check }) => check === "server-trust");
  return [...findings.filter(({ check }) => !isRefused || check !== "server-trust"), ...asked];
}

function checkOwnCertificate({ clientCertificate }: NodeFetchOptions): readonly Finding[] {
  if (clientCertificate === undefined) return [];
  try {
    const certificate = ownCertificate(clientCertificate);
    const renewal = "Get a new client certificate, and have it added to the cluster.";
    if (certificate === undefined)
      return [warn("client-certificate", "the file holds no certificate", "Name another file.")];
    const usage = judgeUsage(certificate);
    const dates = judgeDates("client-certificate", certificate, renewal, Date.now());
    return usage === undefined ? [dates] : [dates, usage];
  } catch (error) {
    return [failure("client-certificate", error)];
  }
}

async function checkServer(
  cli: Cli,
  endpoint: string,
  options: NodeFetchOptions,
): Promise<readonly Finding[]> {
  if (!URL.canParse(endpoint) || new URL(endpoint).protocol !== "https:") return [];
  const certificate = await shownCertificate(endpoint, cli.signal);
  if (certificate === undefined) return [];
  const dates = judgeDates(
    "server-certificate",
    certificate,
    "The cluster needs a new certificate.",
    Date.now(),
  );
  return [dates, trustOf(options, certificate.fingerprint)];
}

/** How the server is known. Whether it is the right one, the first request shows. */
function trustOf(options: NodeFetchOptions, thumbprint: string): Finding {
  const shown = thumbprint.replaceAll(":", "");
  if (options.insecure === true) {
    return warn("server-trust", "every server is accepted", `Drop --insecure: --server-thumbprint ${shown}`);
  }
  const isPinned = options.serverThumbprints !== undefined || options.serverCommonNames !== undefined;
  return ok(
    "server-trust",
    `${isPinned ? "by pins" : "by authorities"}; the server shows thumbprint ${shown}`,
  );
}

async function checkRequests(cli: Cli, settings: ResolvedSettings): Promise<readonly Finding[]> {
  let answer: { readonly date: string | null; readonly at: number } | undefined;
  let client: Connection;
  try {
    client = await openClient(cli, settings, {
      onAnswer: ({ headers }) => {
        answer = { date: headers.get("Date"), at: Date.now() };
      },
    });
  } catch (error) {
    return [failure("settings", error)];
  }
  try {
    const reached = await checkAnswer(client, cli);
    const clock = answer === undefined ? [] : [judgeClock(answer.date, answer.at)];
    if (reached.some(({ level }) => level === "fail")) return [...reached, ...clock];
    const store = await checkStore(client, settings, cli);
    return [...reached, ...clock, await checkPlatform(client, cli), store];
  } finally {
    await client[Symbol.asyncDispose]();
  }
}
