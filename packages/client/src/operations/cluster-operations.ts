import type { Schemas } from "@sf-image-store/types";
import { call } from "../http/call.js";
import { type OperationOptions, operationOptionNames } from "../http/options.js";
import type { Retry } from "../http/retry.js";
import type { Transport } from "../http/transport.js";
import { decodeAnswer, wireObject, wireString } from "../wire/answer.js";
import { requireOptions } from "../wire/validation.js";

/** Information about the cluster: where its packages are, its version, and how to sign in. */
export interface ClusterOperations {
  /**
   * Gets the cluster manifest, an XML document. The setting `ImageStoreConnectionString` in its section `Management` says where
   * packages are. `fabric:ImageStore` is the service that all other methods use. With any other value, such as the `file:`
   * folder of a development cluster, those methods fail with 404 `FABRIC_E_SERVICE_DOES_NOT_EXIST`.
   */
  getClusterManifest(options?: OperationOptions): Promise<string>;

  /**
   * Gets the version of the cluster's runtime, such as `11.3.475.1`. Its first two numbers are the newest api-version that the
   * cluster accepts. Clusters older than 6.4 respond with 400 `E_INVALIDARG`.
   */
  getClusterVersion(options?: OperationOptions): Promise<string>;

  /**
   * Gets the information needed to sign in with Microsoft Entra ID. Needs no token. Do not send credentials to the returned
   * authority unless you verified the server's certificate.
   */
  getAadMetadata(options?: OperationOptions): Promise<AadMetadata>;
}

export function clusterOperations(http: Transport, retry: Retry): ClusterOperations {
  return {
    async getClusterManifest(options = {}) {
      requireOptions("getClusterManifest", options, operationOptionNames);
      const answer = await retry(options, () => call(http, "GetClusterManifest", options, {}));
      return decodeAnswer(answer, (data) =>
        wireString("Manifest", wireObject("the response", data).Manifest),
      );
    },

    async getClusterVersion(options = {}) {
      requireOptions("getClusterVersion", options, operationOptionNames);
      const answer = await retry(options, () => call(http, "GetClusterVersion", options, {}));
      return decodeAnswer(answer, (data) => wireString("Version", wireObject("the response", data).Version));
    },

    async getAadMetadata(options = {}) {
      requireOptions("getAadMetadata", options, operationOptionNames);
      const answer = await retry(options, () => call(http, "GetAadMetadata", options, {}));
      return decodeAnswer(answer, decodeAadMetadata);
    },
  };
}

/**
 * How to sign in with Microsoft Entra ID. A property is undefined if the cluster does not set it; all are undefined if Entra ID
 * is not configured.
 */
export interface AadMetadata {
  /** `aad` for Entra ID. */
  readonly type: string | undefined;
  /** The ID of the tenant. */
  readonly tenant: string | undefined;
  /** The ID of the cluster's application: the audience of the tokens that the cluster accepts. */
  readonly clusterApplication: string | undefined;
  /** The ID of the application that users sign in with. */
  readonly clientApplication: string | undefined;
  /** The URL of the authority that issues tokens. */
  readonly authority: string | undefined;
  /** The URL of the sign-in service, without the tenant. */
  readonly login: string | undefined;
  /** The redirect URI of the client application. */
  readonly redirect: string | undefined;
  /** The scope of tokens: the cluster's application with `/.default`. */
  readonly scope: string | undefined;
}

function decodeAadMetadata(answer: Schemas["AadMetadataObject"]): AadMetadata {
  const metadata = wireObject("metadata", answer.metadata);
  const clusterApplication = stringOrUndefined("cluster", metadata.cluster);
  return {
    type: stringOrUndefined("type", answer.type),
    tenant: stringOrUndefined("tenant", metadata.tenant),
    clusterApplication,
    clientApplication: stringOrUndefined("client", metadata.client),
    authority: stringOrUndefined("authority", metadata.authority),
    login: stringOrUndefined("login", metadata.login),
    redirect: stringOrUndefined("redirect", metadata.redirect),
    scope: clusterApplication === undefined ? undefined : `${clusterApplication}/.default`,
  };
}

/** Clusters send settings that are not configured as empty strings. */
function stringOrUndefined(property: string, value: unknown): string | undefined {
  return value === undefined || value === "" ? undefined : wireString(property, value);
}
