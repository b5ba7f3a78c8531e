import {
  type DeployError,
  type DeployFailure,
  type FabricError,
  isDeployError,
} from "@sf-image-store/client/node";
import { quoteName } from "../output/hints.js";
import { DeploymentError, type DeploymentFailureKind, type FailureCode } from "./errors.js";
import type { Facts, FailureKind } from "./facts.js";

/** The cluster reported an error about an application type or an application. */
export const applicationKinds: readonly FailureKind[] = [
  fabricKind(
    "type-not-found",
    "notFound",
    "The version of the application type is not provisioned.",
    ["FABRIC_E_APPLICATION_TYPE_NOT_FOUND"],
    "To list provisioned versions, run: sf-image-store type ls\nTo provision a package, run: sf-image-store type provision STORE-PATH",
  ),
  fabricKind(
    "application-not-found",
    "notFound",
    "The application does not exist.",
    ["FABRIC_E_APPLICATION_NOT_FOUND", "FABRIC_E_HEALTH_ENTITY_NOT_FOUND"],
    "To list applications, run: sf-image-store app ls",
  ),
  fabricKind(
    "package-not-found",
    "notFound",
    "The image store has no package at this path.",
    ["FABRIC_E_DIRECTORY_NOT_FOUND", "FABRIC_E_FILE_NOT_FOUND"],
    "The folder does not exist, or it has no ApplicationManifest.xml. To list the content, run: sf-image-store ls",
    /^Provision/,
  ),
  fabricKind(
    "type-already-provisioned",
    "failed",
    "This version of the application type is already provisioned.",
    ["FABRIC_E_APPLICATION_TYPE_ALREADY_EXISTS"],
    "A provisioned version cannot be replaced. Increase the version in the manifests, or remove the old version first: sf-image-store type unprovision TYPE VERSION",
  ),
  fabricKind(
    "provision-in-progress",
    "failed",
    "The version is being provisioned by another request.",
    ["FABRIC_E_APPLICATION_TYPE_PROVISION_IN_PROGRESS"],
    "Wait until it is available. To check, run: sf-image-store type ls",
  ),
  fabricKind(
    "type-in-use",
    "failed",
    "An application uses this version of the application type.",
    ["FABRIC_E_APPLICATION_TYPE_IN_USE"],
    "An application runs this version or is being upgraded to it. To see which, run: sf-image-store app ls. Upgrade or delete it first.",
  ),
  fabricKind(
    "application-exists",
    "failed",
    "The application already exists.",
    ["FABRIC_E_APPLICATION_ALREADY_EXISTS"],
    "To change its version, run: sf-image-store app upgrade NAME VERSION\nTo replace it, delete it first: sf-image-store app rm NAME",
  ),
  fabricKind(
    "upgrade-in-progress",
    "failed",
    "An upgrade of the application is already in progress.",
    ["FABRIC_E_APPLICATION_UPGRADE_IN_PROGRESS"],
    "To see the progress, run: sf-image-store app show NAME\nTo return to the old version, run: sf-image-store app rollback NAME",
  ),
  fabricKind(
    "already-in-version",
    "failed",
    "The application already has this version and these parameters.",
    ["FABRIC_E_APPLICATION_ALREADY_IN_TARGET_VERSION"],
    "There is nothing to upgrade. To check the application, run: sf-image-store app health NAME",
  ),
  fabricKind(
    "not-upgrading",
    "failed",
    "No upgrade of the application is in progress.",
    ["FABRIC_E_APPLICATION_NOT_UPGRADING", "FABRIC_E_UPGRADE_DOMAIN_ALREADY_COMPLETED"],
    "To see the last upgrade, run: sf-image-store app show NAME",
  ),
  fabricKind(
    "invalid-upgrade",
    "failed",
    "The cluster rejected the settings of the upgrade.",
    ["FABRIC_E_APPLICATION_UPGRADE_VALIDATION_ERROR"],
    "The time limits of the upgrade and of an upgrade domain must be longer than the health checks. Check the --health-check options and time limits.",
  ),
  fabricKind(
    "invalid-package",
    "failed",
    "The cluster rejected the package or the parameters.",
    ["FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR"],
    "Parameters must be declared in ApplicationManifest.xml. To check the manifests of a package, run: sf-image-store lint DIRECTORY",
  ),
];

/** The cluster accepted the request, and the result was not the wanted one in the end. */
export const deploymentKinds: readonly FailureKind[] = [
  {
    kind: "wait-timed-out",
    code: "timeOut",
    description: "The command stopped waiting for the cluster, which continues.",
    applies: ({ names }) => names.has("WaitTimeoutError"),
  },
  deployKind(
    "lint",
    "invalid-manifests",
    "usage",
    "The manifests of the package have errors.",
    () => "Fix the manifests. To check them again, run: sf-image-store lint DIRECTORY",
  ),
  deployKind(
    ...(["different-content", "different-content", "failed"] as const),
    "The cluster has the version with other content.",
    ({ typeName = "TYPE", typeVersion = "VERSION" }) =>
      `Increase the versions in the manifests. Or, if no application uses it, remove the provisioned version: sf-image-store type unprovision ${quoteName(typeName)} ${quoteName(typeVersion)}`,
  ),
  deployKind(
    ...(["different-type", "different-type", "failed"] as const),
    "An application of another type has the name.",
    ({ name }) => `Pass another --name, or delete the application: sf-image-store app rm${name}`,
  ),
  deployKind(
    ...(["upgrade-in-progress", "upgrade-in-progress", "failed"] as const),
    "An upgrade of the application is already in progress.",
    ({ name }) =>
      `To see its progress, run: sf-image-store app show${name}\nTo replace it, pass --when-upgrading replace.`,
  ),
  deployKind(
    ...(["upgrade-paused", "upgrade-paused", "failed"] as const),
    "The upgrade waits for a decision.",
    ({ name }) =>
      `To continue, run: sf-image-store app resume${name}\nTo return to the old version, run: sf-image-store app rollback${name}`,
  ),
  deployKind(
    "rolled-back",
    "upgrade-failed",
    "failed",
    "The upgrade of the application failed or was rolled back.",
  ),
  deployKind(
    ...(["superseded", "superseded", "failed"] as const),
    "Something else changed the application during the deployment.",
  ),
  deployKind(
    "unhealthy",
    "unhealthy",
    "failed",
    "The application is not healthy.",
    ({ name }) => `To see the health, run: sf-image-store app health${name}`,
  ),
  deployKind(
    "provision-failed",
    "provision-failed",
    "failed",
    "The cluster could not provision the package.",
  ),
  deployKind(
    "timed-out",
    "wait-timed-out",
    "timeOut",
    "The command stopped waiting for the cluster, which continues.",
  ),
  deploymentKind("provision-in-progress", "The version is being provisioned."),
  deploymentKind("provision-failed", "The cluster could not provision the package."),
  deploymentKind("upgrade-in-progress", "An upgrade of the application is already in progress."),
  deploymentKind("upgrade-failed", "The upgrade of the application failed or was rolled back."),
  deploymentKind("unhealthy", "The application is not healthy."),
];

function fabricKind(
  kind: string,
  code: FailureCode,
  description: string,
  codes: readonly string[],
  remedy: string,
  operation = /./,
): FailureKind {
  return {
    ...{ kind, code, description },
    applies: ({ fabric }) =>
      fabric?.code !== undefined && codes.includes(fabric.code) && operation.test(fabric.operationId),
    remedy: ({ fabric = {} }) => withName(remedy, fabric),
  };
}

function deploymentKind(kind: DeploymentFailureKind, description: string): FailureKind {
  const applies = ({ chain }: Facts) =>
    chain.some((one) => one instanceof DeploymentError && one.kind === kind);
  return { kind, code: "failed", description, applies };
}

/** @param remedy What to do. `name` is a space and the name of the application, or empty. */
function deployKind(
  reason: DeployFailure,
  kind: string,
  code: FailureCode,
  description: string,
  remedy?: (error: Pick<DeployError, "typeName" | "typeVersion"> & { readonly name: string }) => string,
): FailureKind {
  const errorOf = ({ chain }: Facts) => chain.filter(isDeployError).find((error) => error.reason === reason);
  return {
    ...{ kind, code, description },
    applies: (facts) => errorOf(facts) !== undefined,
    remedy: (facts) => {
      const { applicationName, typeName, typeVersion } = errorOf(facts) ?? {};
      const name = applicationName === undefined ? "" : ` ${shortName(applicationName)}`;
      return remedy?.({ name, typeName, typeVersion });
    },
  };
}

function shortName(applicationName: string): string {
  return quoteName(applicationName.replace(/^fabric:\//, ""));
}

/** Replaces `NAME` by the application of the request, if its URL contains it. */
function withName(remedy: string, { request = "" }: Partial<FabricError>): string {
  const [, id] = /\/Applications\/([^/?$]+)/.exec(request) ?? [];
  if (id === undefined) return remedy;
  return remedy.replaceAll("NAME", () => shortName(decodeURIComponent(id).replaceAll("~", "/")));
}
