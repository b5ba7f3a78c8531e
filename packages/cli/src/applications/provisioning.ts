import type { ApplicationsClient, ApplicationType } from "@sf-image-store/client/applications";
import type { Cli } from "../connection/cli.js";
import { DeploymentError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { quoteName } from "../output/hints.js";
import { pollUntil } from "./waiting.js";

/** What identifies a version of an application type. */
export type TypeKey = Pick<ApplicationType, "typeName" | "typeVersion">;

/** `Shop 1.0.0`. */
export function typeText({ typeName, typeVersion }: TypeKey): string {
  return `${oneLine(typeName)} ${oneLine(typeVersion)}`;
}

/** A version of an application type for programs. */
export function typeDocument({ statusDetails, ...type }: ApplicationType): object {
  return { ...type, statusDetails: statusDetails ?? null };
}

/** Every version of one type or of all types. */
export async function listTypes(
  applications: ApplicationsClient,
  signal: AbortSignal,
  typeName?: string,
): Promise<readonly ApplicationType[]> {
  const types: ApplicationType[] = [];
  const which = typeName === undefined ? {} : { typeName };
  for await (const type of applications.listApplicationTypes({ ...which, abortSignal: signal }))
    types.push(type);
  return types;
}

/** Maximum number of questions until a request shows in the list of types. */
const maxSearches = 8;

/**
 * Waits until the version that a request started to provision is available. Throws DeploymentError with the details if it fails.
 * @param key The version. The request for a package in the store does not name it: then it is the one that changes.
 * @param before The types before the request.
 */
export async function awaitProvisioned(
  cli: Cli,
  applications: ApplicationsClient,
  before: readonly ApplicationType[],
  { key: given, timeoutMs }: { readonly key: TypeKey | undefined; readonly timeoutMs: number | undefined },
): Promise<ApplicationType> {
  let key = given;
  let searches = 0;
  let shown = "";
  const check = `sf-image-store type ls${key === undefined ? "" : ` ${quoteName(key.typeName)}`}`;
  const type = await pollUntil(cli, { timeoutMs, work: "provisions the package", check }, async () => {
    const types = await listTypes(applications, cli.signal, key?.typeName);
    const found = findVersion(before, types, key);
    if (found === undefined) {
      searches += 1;
      // A version that fails at once may never be listed as changed.
      if (searches > maxSearches) throw unknownVersionError(key, check);
      return undefined;
    }
    key = found;
    const text = `${typeText(found)}: ${oneLine(found.statusDetails ?? found.status)}`;
    if (text !== shown && found.status === "Provisioning") {
      cli.output.note(text, { event: "provision", ...typeDocument(found) });
    }
    shown = text;
    return found.status === "Available" || found.status === "Failed" ? found : undefined;
  });
  if (type.status === "Available") return type;
  const details = type.statusDetails === undefined ? "" : `\n  ${oneLine(type.statusDetails)}`;
  throw new DeploymentError(
    "provision-failed",
    `The cluster could not provision ${typeText(type)}.${details}\nFix the package, upload it again, and run the command again.`,
    typeDocument(type),
  );
}

function findVersion(
  before: readonly ApplicationType[],
  types: readonly ApplicationType[],
  key: TypeKey | undefined,
): ApplicationType | undefined {
  return key === undefined ? findChanged(before, types) : types.find((each) => isSame(each, key));
}

/** The only version that changed, or the only one that is being provisioned. */
function findChanged(
  before: readonly ApplicationType[],
  types: readonly ApplicationType[],
): ApplicationType | undefined {
  const changed = types.filter((type) => {
    const old = before.find((each) => isSame(each, type));
    return old?.status !== type.status || old.statusDetails !== type.statusDetails;
  });
  if (changed.length === 1) return changed[0];
  const active = types.filter(({ status }) => status === "Provisioning");
  return active.length === 1 ? active[0] : undefined;
}

function isSame(left: TypeKey, right: TypeKey): boolean {
  return left.typeName === right.typeName && left.typeVersion === right.typeVersion;
}

function unknownVersionError(key: TypeKey | undefined, check: string): DeploymentError {
  const what =
    key === undefined
      ? "The cluster accepted the package, but its list of application types does not show which version it is. To wait for it, pass --type-name and --type-version"
      : `The cluster accepted the package, but does not list ${typeText(key)}. Check the name and version in ApplicationManifest.xml`;
  return new DeploymentError(
    "provision-failed",
    `${what}. To list all versions, run:\n  ${check}`,
    key ?? {},
  );
}

/** Waits until a version no longer exists. */
export async function awaitUnprovisioned(
  cli: Cli,
  applications: ApplicationsClient,
  key: TypeKey,
  timeoutMs: number | undefined,
): Promise<void> {
  const check = `sf-image-store type ls ${quoteName(key.typeName)}`;
  await pollUntil(cli, { timeoutMs, work: `removes ${typeText(key)}`, check }, async () => {
    const type = await applications.getApplicationType({ ...key, abortSignal: cli.signal });
    if (type === undefined) return true;
    if (type.status === "Unprovisioning") return undefined;
    const details = type.statusDetails === undefined ? "" : `: ${oneLine(type.statusDetails)}`;
    throw new DeploymentError(
      "provision-failed",
      `The cluster did not remove ${typeText(key)}. It is ${oneLine(type.status)}${details}.`,
      typeDocument(type),
    );
  });
}
