import { InvalidInputError } from "../errors/errors.js";
import { randomRequestId } from "../http/request.js";
import type { GatewayPlatform } from "../wire/store-path.js";
import { type UploadRun, withRetries } from "./upload-run.js";
import { isInvalidArgument } from "./upload-server.js";

/** Device names on Windows, with any extension. */
const deviceName = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])$/i;

/** Why Windows cannot store a path. */
export function windowsProblem(path: string): string | undefined {
  for (const name of path.split(/[/\\]/)) {
    if (/[<>:"|?*]/.test(name)) return "contains a character that Windows does not allow in names";
    if (/[. ]$/.test(name)) return "has a name that ends with a dot or space, which Windows removes";
    if (deviceName.test(name.split(".", 1)[0]?.trim() ?? ""))
      return "has a name that Windows reserves for a device";
  }
  return undefined;
}

/** Throws InvalidInputError if the gateway would change the path. Sends at most one request, and only for a doubtful path. */
export async function requireNameOnGateway(
  run: UploadRun,
  platform: GatewayPlatform | undefined,
  storePath: string,
): Promise<void> {
  const problem = windowsProblem(storePath);
  if (problem === undefined || (await gatewayNameKey(run, platform)) !== foldedKey) return;
  throw new InvalidInputError("storePath", `${problem}, got ${JSON.stringify(storePath)}`);
}

/** How the gateway compares names. Sends one request if the platform is not known yet. */
export async function gatewayNameKey(
  run: UploadRun,
  platform: GatewayPlatform | undefined,
): Promise<NameKey> {
  if (platform !== undefined) return platform === "linux" ? exactKey : foldedKey;
  run.gateway.hasSessions ??= await hasSessions(run);
  return run.gateway.hasSessions ? foldedKey : exactKey;
}

/** Only gateways on Windows support upload sessions (protocol §1). A request for a random session ID fails on Linux. */
async function hasSessions(run: UploadRun): Promise<boolean> {
  try {
    await withRetries(run, () => run.server.readSession(randomRequestId(), run.signal));
    return true;
  } catch (error) {
    if (isInvalidArgument(error)) return false;
    throw error;
  }
}

/** Returns the same key for two names that a gateway treats as the same. */
export type NameKey = (name: string) => string;

/** Linux compares names exactly (protocol §5.2). */
export const exactKey: NameKey = (name) => name;

/**
 * Windows ignores case like NTFS: character by character, because `toLowerCase` of a whole string depends on the position
 * (`ΑΣ`), and only if the length does not change.
 */
export const foldedKey: NameKey = (name) =>
  isAscii.test(name) ? name.toLowerCase() : name.replaceAll(/[^a-z0-9/]/g, foldCharacter);

const isAscii = /^[ -~]*$/;

function foldCharacter(character: string): string {
  const upper = character.toUpperCase();
  const lower = (upper.length === 1 ? upper : character).toLowerCase();
  return lower.length === 1 ? lower : character;
}
