import { operations, type Schemas } from "@sf-image-store/types";
import {
  type OperationOptions,
  operationOptionNames,
  operationQuery,
  requestOptions,
} from "../http/options.js";
import type { Retry } from "../http/retry.js";
import type { Transport } from "../http/transport.js";
import { decodeAnswer, wireObject, wireText } from "../wire/answer.js";
import { requireOptions } from "../wire/validation.js";

/** What the cluster tells of itself: where its packages are, how new it is, and how to sign in. */
export interface ClusterOperations {
  /**
   * The cluster's manifest, an XML document. Where packages are is the setting `ImageStoreConnectionString` of its section
   * `Management`: `fabric:ImageStore` for the service that all other methods are for. Where it is anything else, such as
   * the `file:` folder of a development cluster, those are refused with 404 `FABRIC_E_SERVICE_DOES_NOT_EXIST`.
   */
  getClusterManifest(options?: OperationOptions): Promise<string>;

  /**
   * The version of the runtime that the cluster runs, such as `11.3.475.1`; its first two numbers are the newest api-version
   * that the cluster accepts. A cluster older than 6.4 refuses this with 400 `E_INVALIDARG`.
   */
  getClusterVersion(options?: OperationOptions): Promise<string>;

  /**
   * How callers get a token of Microsoft Entra ID. Answered without one, by whoever answers at the endpoint: do not send
   * credentials to an authority from here unless the server is known by its certificate.
   */
  getAadMetadata(options?: OperationOptions): Promise<AadMetadata>;
}

export function clusterOperations(http: Transport, retry: Retry): ClusterOperations {
  return {
    async getClusterManifest(options = {}) {
      requireOptions("getClusterManifest", options, operationOptionNames);
      const operation = operations.GetClusterManifest;
      const params = { query: operationQuery(operation, options) };
      const answer = await retry(options, () =>
        http.GET(operation.path, { params, ...requestOptions(options) }),
      );
      return decodeAnswer(answer, (data) => wireText("Manifest", wireObject("the answer", data).Manifest));
    },

    async getClusterVersion(options = {}) {
      requireOptions("getClusterVersion", options, operationOptionNames);
      const operation = operations.GetClusterVersion;
      const params = { query: operationQuery(operation, options) };
      const answer = await retry(options, () =>
        http.GET(operation.path, { params, ...requestOptions(options) }),
      );
      return decodeAnswer(answer, (data) => wireText("Version", wireObject("the answer", data).Version));
    },

    async getAadMetadata(options = {}) {
      requireOptions("getAadMetadata", options, operationOptionNames);
      const operation = operations.GetAadMetadata;
      const params = { query: operationQuery(operation, options) };
      const answer = await retry(options, () =>
        http.GET(operation.path, { params, ...requestOptions(options) }),
      );
      return decodeAnswer(answer, decodeAadMetadata);
    },
  };
}

/**
 * How callers sign in with Microsoft Entra ID. What the cluster does not say, or leaves empty, is undefined: all of it
 * where Entra ID is not configured.
 */
export interface AadMetadata {
  /** `aad` for Entra ID. */
  readonly type: string | undefined;
  /** Id of the tenant. */
  readonly tenant: string | undefined;
  /** Id of the application that stands for the cluster: the audience of the tokens it takes. */
  readonly clusterApplication: string | undefined;
  /** Id of the application that people sign in with. */
  readonly clientApplication: string | undefined;
  /** URL of the authority that issues tokens. */
  readonly authority: string | undefined;
  /** URL of the sign-in service, without the tenant. */
  readonly login: string | undefined;
  /** Redirect URI of the client application. */
  readonly redirect: string | undefined;
  /** What to ask a token for: the cluster application's `/.default`. */
  readonly scope: string | undefined;
}

function decodeAadMetadata(answer: Schemas["AadMetadataObject"]): AadMetadata {
  const metadata = wireObject("metadata", answer.metadata);
  const clusterApplication = textIfAny("cluster", metadata.cluster);
  return {
    type: textIfAny("type", answer.type),
    tenant: textIfAny("tenant", metadata.tenant),
    clusterApplication,
    clientApplication: textIfAny("client", metadata.client),
    authority: textIfAny("authority", metadata.authority),
    login: textIfAny("login", metadata.login),
    redirect: textIfAny("redirect", metadata.redirect),
    scope: clusterApplication === undefined ? undefined : `${clusterApplication}/.default`,
  };
}

/** A cluster sends settings that it does not have as empty texts. */
function textIfAny(property: string, value: unknown): string | undefined {
  return value === undefined || value === "" ? undefined : wireText(property, value);
}
