import { randomRequestId } from "../http/request-context.js";
import { isInvalidArgument } from "../upload/refusals.js";
import { newPatience, type UploadRun, withRetries } from "../upload/upload-run.js";
import type { GatewayPlatform } from "../wire/store-path.js";
import { exactKey, foldedKey, type NameKey } from "./name-key.js";

/** How the gateway tells names apart. It is asked once, if nothing has shown yet what it runs on. */
export async function gatewayNameKey(
  run: UploadRun,
  platform: GatewayPlatform | undefined,
): Promise<NameKey> {
  if (platform !== undefined) return platform === "linux" ? exactKey : foldedKey;
  run.gateway.hasSessions ??= await hasSessions(run);
  return run.gateway.hasSessions ? foldedKey : exactKey;
}

/** Only gateways on Windows know upload sessions (protocol §1): one that nobody has is an answer there, an error on Linux. */
async function hasSessions(run: UploadRun): Promise<boolean> {
  try {
    await withRetries(run, newPatience(run), () => run.server.readSession(randomRequestId(), run.signal));
    return true;
  } catch (error) {
    if (isInvalidArgument(error)) return false;
    throw error;
  }
}
