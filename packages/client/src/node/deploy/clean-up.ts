import type { ApplicationType } from "../../applications/application-types.js";
import { isFabricError } from "../../errors/errors.js";
import { isVerificationError } from "../../upload/upload-error.js";
import { receiptsOf } from "../../wire/store-path.js";
import type { DeployClients, Deployment } from "./deployment.js";
import { type DeployRequests, undefinedIfMissing } from "./requests.js";
import type { DeploySource } from "./source.js";

/** What to clean up. */
export interface CleanUp {
  readonly clients: DeployClients;
  readonly requests: DeployRequests;
  readonly typeName: string;
  readonly typeVersion: string;
  readonly previousTypeVersion: string | undefined;
  /** How many old versions to keep. Undefined for all of them. */
  readonly keepVersions: number | undefined;
  /** Where the package is. Undefined to keep it. */
  readonly storePath: string | undefined;
  /** Whether this deployment has uploaded the package. */
  readonly isUploaded: boolean;
  /** Whether only this version of the type uses the path. */
  readonly isOwnPath: boolean;
  readonly source: DeploySource;
}

export type CleanedUp = Pick<Deployment, "deletedPackage" | "removedVersions" | "cleanUpFailure">;

/** Deletes the package and the old versions. Rejects only after an abort. */
export async function cleanUp(what: CleanUp): Promise<CleanedUp> {
  const failures: Error[] = [];
  const attempt = async <Value>(work: Promise<Value>): Promise<Value | undefined> => {
    try {
      return await work;
    } catch (error) {
      what.requests.signal.throwIfAborted();
      failures.push(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  };
  const deletedPackage = await attempt(deletePackage(what));
  const removedVersions: string[] = [];
  for (const version of (await attempt(versionsToRemove(what))) ?? []) {
    if ((await attempt(removeVersion(what, version))) === true) removedVersions.push(version);
  }
  const [first, ...others] = failures;
  const cleanUpFailure = others.length === 0 ? first : new AggregateError(failures, first?.message);
  return { deletedPackage, removedVersions, cleanUpFailure };
}

async function deletePackage(what: CleanUp): Promise<string | undefined> {
  const { requests, storePath } = what;
  if (storePath === undefined || !(await isPackageToDelete(what))) return undefined;
  for (const path of [storePath, receiptsOf(storePath)])
    await requests.read((options) => what.clients.imageStore.deleteContent({ storePath: path, ...options }));
  return storePath;
}

/** Whether the package is in the store, and can be deleted. Only reads. */
export async function isPackageToDelete(
  what: Pick<CleanUp, "clients" | "requests" | "storePath" | "isUploaded" | "isOwnPath" | "source">,
): Promise<boolean> {
  const { requests, storePath, source } = what;
  const { imageStore } = what.clients;
  if (storePath === undefined || source.content === undefined) return false;
  const { content } = source;
  // An earlier run may have uploaded it.
  if (!what.isUploaded && !(await requests.read((options) => exists(imageStore, { storePath, ...options }))))
    return false;
  if (what.isUploaded || what.isOwnPath) return true;
  // Something else may use the path, so it must have the same package.
  return requests
    .read((options) => imageStore.verifyPackage(content, storePath, options))
    .then(
      () => true,
      (error: unknown) => {
        if (isVerificationError(error)) return false;
        throw error;
      },
    );
}

async function exists(
  store: DeployClients["imageStore"],
  options: { readonly storePath: string; readonly abortSignal: AbortSignal },
): Promise<boolean> {
  try {
    for await (const _ of store.listContent(options)) return true;
    return false;
  } catch (error) {
    return undefinedIfMissing(error) ?? false;
  }
}

/** The old versions that no application uses, beyond those to keep. */
export async function versionsToRemove(
  what: Pick<
    CleanUp,
    "clients" | "requests" | "typeName" | "typeVersion" | "previousTypeVersion" | "keepVersions"
  > & { readonly ignoredApplication?: string },
): Promise<readonly string[]> {
  const { requests, typeName, typeVersion, previousTypeVersion, keepVersions } = what;
  const { applications } = what.clients;
  if (keepVersions === undefined) return [];
  const types = await requests.read((options) =>
    all(applications.listApplicationTypes({ typeName, excludeParameters: true, ...options })),
  );
  const found = await requests.read((options) =>
    all(applications.listApplications({ typeName, excludeParameters: true, ...options })),
  );
  const others = found.filter(({ applicationName }) => applicationName !== what.ignoredApplication);
  const used = new Set(others.map((application) => application.typeVersion));
  const unused = types
    .filter((type) => isRemovable(type) && !used.has(type.typeVersion))
    .map((type) => type.typeVersion)
    // Another deployment may be about to use a higher version.
    .filter((version) => compareVersions(version, typeVersion) < 0)
    .sort((a, b) => {
      const isPrevious = Number(b === previousTypeVersion) - Number(a === previousTypeVersion);
      return isPrevious === 0 ? compareVersions(b, a) : isPrevious;
    });
  return unused.slice(keepVersions);
}

function isRemovable({ status }: ApplicationType): boolean {
  return status === "Available" || status === "Failed";
}

async function all<Item>(listing: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of listing) items.push(item);
  return items;
}

/** Compares numbers as numbers, so that 1.10 comes after 1.9. */
function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** Whether this call removed the version. An application may have begun to use it, or something else removed it. */
async function removeVersion(
  { clients: { applications }, requests, typeName }: CleanUp,
  typeVersion: string,
): Promise<boolean> {
  const type = { typeName, typeVersion };
  for (;;) {
    const outcome = await requests
      .send(`unprovision ${typeVersion}`, (options) =>
        applications.unprovisionApplicationType({ ...type, ...options }),
      )
      .catch((error: unknown) => {
        if (isFabricError(error) && error.status === 409) return "conflict" as const;
        throw error;
      });
    if (outcome !== "unknown") return outcome === "accepted";
    const left = await requests.read((options) => applications.getApplicationType({ ...type, ...options }));
    if (left === undefined || left.status === "Unprovisioning") return true;
  }
}
