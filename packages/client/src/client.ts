import { systemClock } from "./async/clock.js";
import { type ClientOptions, requireClientOptions } from "./http/options.js";
import { createRetry, noRetry, retrySettings } from "./http/retry.js";
import { createTransport, type Transport } from "./http/transport.js";
import type { ClusterOperations } from "./operations/cluster-operations.js";
import {
  type ContentOperations,
  contentOperations,
  loadWrites,
  type UploadSessionOperations,
  uploadSessionOperations,
} from "./operations/store-operations.js";
import { type PackageOperations, packageOperations } from "./package/packages.js";
import type { GatewayMemory, UploadEnvironment } from "./upload/upload-run.js";
import { type UploadOperations, uploadOperations } from "./upload/uploads.js";

/**
 * The image store of one cluster. Every method rejects with an error of this package: InvalidInputError before anything is
 * sent, CredentialError without a token, FabricError for an error response, NetworkError, TimeoutError or AbortError without
 * a response, ProtocolError for a response that does not match the API. Uploads also reject with UploadError and
 * VerificationError.
 */
export interface ImageStoreClient
  extends ContentOperations,
    UploadSessionOperations,
    UploadOperations,
    PackageOperations,
    ClusterOperations {}

/** Creates a client without sending a request. Throws InvalidInputError for invalid options. */
export function createImageStoreClient(options: ClientOptions): ImageStoreClient {
  return createClient(options);
}

/** @param newLevel What finds the concurrency of uploads; see UploadEnvironment. */
export function createClient(
  options: ClientOptions,
  newLevel?: UploadEnvironment["newLevel"],
): ImageStoreClient {
  requireClientOptions(options);
  const http = createTransport(options);
  const environment = { ...createEnvironment(options, http), newLevel };
  const { gatewayPlatform, retryOptions = {} } = options;
  const retry = createRetry(retrySettings(retryOptions, 3), environment);
  // Loaded by the first call, because few pages need them.
  const cluster = async () =>
    (await import("./operations/cluster-operations.js")).clusterOperations(http, retry);
  return {
    ...contentOperations(http, gatewayPlatform, retry),
    ...uploadSessionOperations(http, retry),
    ...uploadOperations(environment, gatewayPlatform),
    ...packageOperations(environment, gatewayPlatform),
    getClusterManifest: async (options) => (await cluster()).getClusterManifest(options),
    getClusterVersion: async (options) => (await cluster()).getClusterVersion(options),
    getAadMetadata: async (options) => (await cluster()).getAadMetadata(options),
  };
}

/** What uploads need, for this client and for clients built on it. */
export function createEnvironment(
  options: ClientOptions,
  http: Transport = createTransport(options),
): UploadEnvironment {
  const { gatewayPlatform } = options;
  const hasSessions = gatewayPlatform === "linux" ? false : undefined;
  const gateway: GatewayMemory = { hasSessions, hasAnswered: false, rejectedSize: undefined };
  return {
    operations: {
      limitsTime: true,
      // Uploads have their own retries.
      ...contentOperations(http, options.gatewayPlatform, noRetry),
      ...uploadSessionOperations(http, noRetry),
      putStream: async (content) => (await loadWrites()).putContent(http, content),
      // Only gateways on Linux have no sessions (protocol §1).
      copyContent: async (copy) =>
        (await import("./operations/copy-content.js")).copyContent(
          http,
          gatewayPlatform ?? (gateway.hasSessions === false ? "linux" : undefined),
          copy,
        ),
    },
    gateway,
    clock: systemClock,
    random: Math.random,
  };
}
