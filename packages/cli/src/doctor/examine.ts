import { randomUUID } from "node:crypto";
import { isFabricError, type NodeFetchOptions } from "@sf-image-store/client/node";
import type { Cli } from "../connection/cli.js";
import { type Connection, openClient, readNodeFetchOptions } from "../connection/open-client.js";
import { findStoreLocation } from "../connection/open-store.js";
import { listOf, type ResolvedSettings } from "../connection/settings.js";
import { factsOf } from "../errors/facts.js";
import { durationText } from "../output/units.js";
import { isUnknownOperation } from "../store/sessions.js";
import {
  checkKeyUsage,
  checkValidity,
  fetchServerCertificate,
  loadClientCertificate,
  type ServerCertificate,
} from "./certificates.js";
import { type Finding, fail, failedCheck, ok, warn } from "./finding.js";

/** Checks everything that a connection needs, starting with local settings. Skips checks whose prerequisites fail. */
export async function examine(cli: Cli, settings: ResolvedSettings): Promise<readonly Finding[]> {
  let options: NodeFetchOptions;
  try {
    options = await readNodeFetchOptions(settings, cli.environment);
  } catch (error) {
    return [failedCheck("settings", error)];
  }
  const findings = [...checkClientCertificate(options)];
  for (const endpoint of listOf(settings, "endpoint")) {
    findings.push(...(await checkServer(cli, endpoint, options)));
  }
  const asked = await checkRequests(cli, settings);
  // The result of the first request overrides the assumption based on the options.
  const isRefused = asked.some(({ check }) => check === "server-trust");
  return [...findings.filter(({ check }) => !isRefused || check !== "server-trust"), ...asked];
}

function checkClientCertificate({ clientCertificate }: NodeFetchOptions): readonly Finding[] {
  if (clientCertificate === undefined) return [];
  try {
    const certificate = loadClientCertificate(clientCertificate);
    const renewal = "Get a new client certificate and add it to the cluster.";
    if (certificate === undefined)
      return [warn("client-certificate", "the file contains no certificate", "Specify another file.")];
    const usage = checkKeyUsage(certificate);
    const dates = checkValidity("client-certificate", certificate, renewal, Date.now());
    return usage === undefined ? [dates] : [dates, usage];
  } catch (error) {
    return [failedCheck("client-certificate", error)];
  }
}

async function checkServer(
  cli: Cli,
  endpoint: string,
  options: NodeFetchOptions,
): Promise<readonly Finding[]> {
  if (!URL.canParse(endpoint) || new URL(endpoint).protocol !== "https:") return [];
  const server = await fetchServerCertificate(endpoint, options.ca, cli.signal);
  if (server === undefined) return [];
  const renewal = "Replace the cluster certificate.";
  const dates = checkValidity("server-certificate", server.certificate, renewal, Date.now());
  return [dates, describeTrust(options, server)];
}

/** How the client verifies the server. The first request shows whether the verification succeeds. */
function describeTrust(options: NodeFetchOptions, server: ServerCertificate): Finding {
  const { thumbprint, isManaged, flagsByName } = server;
  if (options.insecure === true) {
    return warn(
      "server-trust",
      "the server certificate is not verified",
      `Replace --insecure with ${flagsByName === undefined ? "" : `${flagsByName} or `}--server-thumbprint ${thumbprint}`,
    );
  }
  const isByName = options.serverCommonNames !== undefined;
  if (isManaged && !isByName && options.serverThumbprints !== undefined) {
    return warn(
      "server-trust",
      "verified by thumbprint, but this is a managed cluster: Azure replaces its certificate without notice",
      `Replace --server-thumbprint with ${flagsByName ?? "--server-common-name"}. The next certificate has another thumbprint.`,
    );
  }
  const isPinned = isByName || options.serverThumbprints !== undefined;
  return ok(
    "server-trust",
    `verified by ${isPinned ? "thumbprint or name" : "certificate authority"}; thumbprint of the server certificate: ${thumbprint}`,
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
    return [failedCheck("settings", error)];
  }
  try {
    const reached = await checkAnswer(client, cli);
    const clock = answer === undefined ? [] : [checkClock(answer.date, answer.at)];
    if (reached.some(({ level }) => level === "fail")) return [...reached, ...clock];
    const store = await checkStore(client, settings, cli);
    return [...reached, ...clock, await checkPlatform(client, cli), store];
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

/** Sends a request that only an image store gateway answers successfully. */
async function checkAnswer(client: Connection, cli: Cli): Promise<readonly Finding[]> {
  const begin = performance.now();
  try {
    await client.getContentPage({ abortSignal: cli.signal });
  } catch (error) {
    return findingsOfError(error, begin);
  }
  return findingsOfAnswer(begin, "this identity has access to the image store");
}

/** An error response also proves that the connection works. */
function findingsOfError(error: unknown, begin: number): readonly Finding[] {
  if (!isFabricError(error)) {
    return [failedCheck(factsOf(error).certificate === undefined ? "endpoint" : "server-trust", error)];
  }
  if (error.code === "FABRIC_E_SERVICE_DOES_NOT_EXIST") {
    return findingsOfAnswer(begin, "this identity has access to the cluster");
  }
  const connected = ok("endpoint", `a server responded after ${elapsedSince(begin)}`);
  if (error.status === 401 || error.status === 403) return [connected, failedCheck("identity", error)];
  if (isUnknownOperation(error)) {
    const remedy = "The cluster is older than version 6.0, or the endpoint is not a Service Fabric gateway.";
    return [connected, fail("api-version", error.message, remedy)];
  }
  return [failedCheck("endpoint", error)];
}

function findingsOfAnswer(begin: number, identity: string): readonly Finding[] {
  return [
    ok("endpoint", `a gateway responded after ${elapsedSince(begin)}`),
    ok("identity", identity),
    ok("api-version", "accepted"),
  ];
}

function elapsedSince(begin: number): string {
  return `${Math.round(performance.now() - begin)} ms`;
}

/** Only gateways on Windows support upload sessions (protocol §1). */
async function checkPlatform(client: Connection, { signal }: Cli): Promise<Finding> {
  try {
    await client.getUploadSession({ sessionId: randomUUID(), abortSignal: signal });
    return ok("platform", "Windows: uploads are chunked and resume");
  } catch (error) {
    if (!isUnknownOperation(error)) return failedCheck("platform", error);
    return warn(
      "platform",
      "Linux: no upload sessions",
      "No action needed. Each file is sent in one request and starts over after an interruption.",
    );
  }
}

/** Which type of image store the cluster has, and whether this machine can use it. */
async function checkStore(client: Connection, settings: ResolvedSettings, cli: Cli): Promise<Finding> {
  try {
    const location = await findStoreLocation(client, settings, cli);
    if (location.kind === "service")
      return ok("image-store", "fabric: the image store service of the cluster");
    const { openFolder } = await import("@sf-image-store/client/folder");
    await openFolder(location.folder);
    return ok("image-store", `file: the folder ${location.folder}`);
  } catch (error) {
    return failedCheck("image-store", error);
  }
}

/** Date headers have a resolution of one second and responses take time. Tokens and certificates tolerate minutes. */
const toleratedSkewMs = 2 * 60_000;

/** Compares the clock of this machine with the server's `Date` header. */
export function checkClock(date: string | null, now: number): Finding {
  const serverTime = Date.parse(date ?? "");
  if (Number.isNaN(serverTime)) return ok("clock", "unknown, because the server sends no Date header");
  const skew = now - serverTime;
  const size = durationText(Math.abs(skew));
  if (Math.abs(skew) <= toleratedSkewMs) return ok("clock", `differs from the server by ${size}`);
  const which = skew > 0 ? "ahead of" : "behind";
  return warn(
    "clock",
    `this machine is ${size} ${which} the server`,
    "Set the clock. Otherwise certificates and tokens may count as expired or not yet valid.",
  );
}
