import { randomUUID } from "node:crypto";
import { isFabricError, type NodeFetchOptions } from "@sf-image-store/client/node";
import type { Cli } from "../connection/cli.js";
import { type Connection, openClient, readNodeFetchOptions } from "../connection/open-client.js";
import { findStoreLocation } from "../connection/open-store.js";
import { listOf, type ResolvedSettings } from "../connection/settings.js";
import { factsOf } from "../errors/facts.js";
import { durationText } from "../output/units.js";
import { isUnknownOperation } from "../store/sessions.js";
import { judgeDates, judgeUsage, ownCertificate, shownCertificate } from "./certificates.js";
import { type Finding, fail, failure, ok, warn } from "./finding.js";

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
    const renewal = "Get a new client certificate and add it to the cluster.";
    if (certificate === undefined)
      return [warn("client-certificate", "the file contains no certificate", "Specify another file.")];
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
  const dates = judgeDates("server-certificate", certificate, "Replace the cluster certificate.", Date.now());
  return [dates, trustOf(options, certificate.fingerprint)];
}

/** How the server is known. Whether it is the right one, the first request shows. */
function trustOf(options: NodeFetchOptions, thumbprint: string): Finding {
  const shown = thumbprint.replaceAll(":", "");
  if (options.insecure === true) {
    return warn(
      "server-trust",
      "the server certificate is not verified",
      `Replace --insecure with --server-thumbprint ${shown}`,
    );
  }
  const isPinned = options.serverThumbprints !== undefined || options.serverCommonNames !== undefined;
  return ok(
    "server-trust",
    `verified by ${isPinned ? "thumbprint or name" : "certificate authority"}; thumbprint of the server certificate: ${shown}`,
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

/** One request that nothing but an image store gateway answers well. */
async function checkAnswer(client: Connection, cli: Cli): Promise<readonly Finding[]> {
  const begin = performance.now();
  try {
    await client.getContentPage({ abortSignal: cli.signal });
  } catch (error) {
    return judgeRefusal(error, begin);
  }
  return answered(begin, "this identity has access to the image store");
}

/** Refusals tell that there is a connection, too. */
function judgeRefusal(error: unknown, begin: number): readonly Finding[] {
  if (!isFabricError(error)) {
    return [failure(factsOf(error).certificate === undefined ? "endpoint" : "server-trust", error)];
  }
  if (error.code === "FABRIC_E_SERVICE_DOES_NOT_EXIST") {
    return answered(begin, "this identity has access to the cluster");
  }
  const connected = ok("endpoint", `a server answered after ${since(begin)}`);
  if (error.status === 401 || error.status === 403) return [connected, failure("identity", error)];
  if (isUnknownOperation(error)) {
    const remedy = "The cluster is older than version 6.0, or the endpoint is not a Service Fabric gateway.";
    return [connected, fail("api-version", error.message, remedy)];
  }
  return [failure("endpoint", error)];
}

function answered(begin: number, identity: string): readonly Finding[] {
  return [
    ok("endpoint", `a gateway answered after ${since(begin)}`),
    ok("identity", identity),
    ok("api-version", "accepted"),
  ];
}

function since(begin: number): string {
  return `${Math.round(performance.now() - begin)} ms`;
}

/** Only gateways on Windows know upload sessions (protocol §1). */
async function checkPlatform(client: Connection, { signal }: Cli): Promise<Finding> {
  try {
    await client.getUploadSession({ sessionId: randomUUID(), abortSignal: signal });
    return ok("platform", "Windows: uploads are chunked and resume");
  } catch (error) {
    if (!isUnknownOperation(error)) return failure("platform", error);
    return warn(
      "platform",
      "Linux: no upload sessions",
      "No action needed. Each file is sent in one request and starts over after an interruption.",
    );
  }
}

/** Which kind of image store the cluster has, and whether it can be used from here. */
async function checkStore(client: Connection, settings: ResolvedSettings, cli: Cli): Promise<Finding> {
  try {
    const location = await findStoreLocation(client, settings, cli);
    if (location.kind === "service")
      return ok("image-store", "fabric: the image store service of the cluster");
    const { openFolder } = await import("@sf-image-store/client/folder");
    await openFolder(location.folder);
    return ok("image-store", `file: the folder ${location.folder}`);
  } catch (error) {
    return failure("image-store", error);
  }
}

/** Headers tell whole seconds, and answers take their time; tokens and certificates mind minutes. */
const tolerated = 2 * 60_000;

/** Holds this machine's clock to that of the server, by the `Date` of an answer. */
export function judgeClock(date: string | null, now: number): Finding {
  const theirs = Date.parse(date ?? "");
  if (Number.isNaN(theirs)) return ok("clock", "unknown, because the server sends no Date header");
  const skew = now - theirs;
  const size = durationText(Math.abs(skew));
  if (Math.abs(skew) <= tolerated) return ok("clock", `differs from the server by ${size}`);
  const which = skew > 0 ? "ahead of" : "behind";
  return warn(
    "clock",
    `this machine is ${size} ${which} the server`,
    "Set the clock. Otherwise certificates and tokens may count as expired or not yet valid.",
  );
}
