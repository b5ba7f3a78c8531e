import { randomUUID } from "node:crypto";
import { isFabricError } from "@sf-image-store/client/node";
import type { Cli } from "../cli.js";
import type { Connection } from "../connection/open-client.js";
import type { ResolvedSettings } from "../connection/resolve.js";
import { findStoreLocation } from "../connection/store-location.js";
import { factsOf } from "../failure/facts.js";
import { isUnknownOperation } from "../store/sessions.js";
import { type Finding, fail, failure, ok, warn } from "./finding.js";

/** One request that nothing but an image store gateway answers well. */
export async function checkAnswer(client: Connection, cli: Cli): Promise<readonly Finding[]> {
  const begin = performance.now();
  try {
    await client.getContentPage({ abortSignal: cli.signal });
  } catch (error) {
    return judgeRefusal(error, begin);
  }
  return answered(begin, "this identity may use the image store");
}

/** Refusals tell that there is a connection, too. */
function judgeRefusal(error: unknown, begin: number): readonly Finding[] {
  if (!isFabricError(error)) {
    return [failure(factsOf(error).certificate === undefined ? "endpoint" : "server-trust", error)];
  }
  if (error.code === "FABRIC_E_SERVICE_DOES_NOT_EXIST") {
    return answered(begin, "this identity may use the cluster");
  }
  const connected = ok("endpoint", `a server answers, after ${since(begin)}`);
  if (error.status === 401 || error.status === 403) return [connected, failure("identity", error)];
  if (isUnknownOperation(error)) {
    const remedy = "The cluster is older than 6.0, or this is no Service Fabric gateway.";
    return [connected, fail("api-version", error.message, remedy)];
  }
  return [failure("endpoint", error)];
}

function answered(begin: number, identity: string): readonly Finding[] {
  return [
    ok("endpoint", `a gateway answers, after ${since(begin)}`),
    ok("identity", identity),
    ok("api-version", "accepted"),
  ];
}

function since(begin: number): string {
  return `${Math.round(performance.now() - begin)} ms`;
}

/** Only gateways on Windows know upload sessions (protocol §1). */
export async function checkPlatform(client: Connection, { signal }: Cli): Promise<Finding> {
  try {
    await client.getUploadSession({ sessionId: randomUUID(), abortSignal: signal });
    return ok("platform", "Windows: uploads go in chunks and resume");
  } catch (error) {
    if (!isUnknownOperation(error)) return failure("platform", error);
    return warn(
      "platform",
      "Linux: there are no upload sessions",
      "Nothing to mend: files are sent whole, and again after a break.",
    );
  }
}

/** Which kind of image store the cluster has, and whether it can be used from here. */
export async function checkStore(client: Connection, settings: ResolvedSettings, cli: Cli): Promise<Finding> {
  try {
    const location = await findStoreLocation(client, settings, cli);
    if (location.kind === "service") return ok("image-store", "fabric: a service of the cluster");
    const { openFolder } = await import("../file-store/open-folder.js");
    await openFolder(location.folder);
    return ok("image-store", `file: the folder ${location.folder}`);
  } catch (error) {
    return failure("image-store", error);
  }
}
