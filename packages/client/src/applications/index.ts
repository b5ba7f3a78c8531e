/** The entry point for application types, applications, upgrades and health. Works on every platform with `fetch`. */

import { systemClock } from "../async/clock.js";
import { type ClientOptions, requireClientOptions } from "../http/options.js";
import { createRetry, retrySettings } from "../http/retry.js";
import { createTransport } from "../http/transport.js";
import { type ApplicationTypeOperations, applicationTypeOperations } from "./application-types.js";
import { type ApplicationOperations, applicationOperations } from "./applications.js";
import { type HealthOperations, healthOperations } from "./health-operations.js";
import { createRequests } from "./request.js";
import { type UpgradeOperations, upgradeOperations } from "./upgrades.js";

/**
 * The application types and applications of one cluster. Every method rejects with an error of this package:
 * InvalidInputError before anything is sent, CredentialError without a token, FabricError for an error response,
 * NetworkError, TimeoutError or AbortError without a response, ProtocolError for a response that does not match the API.
 * Retries requests that only read (`retryOptions`), and no others.
 */
export interface ApplicationsClient
  extends ApplicationTypeOperations,
    ApplicationOperations,
    UpgradeOperations,
    HealthOperations {}

/** Creates a client without sending a request. Throws InvalidInputError for invalid options. */
export function createApplicationsClient(options: ClientOptions): ApplicationsClient {
  requireClientOptions(options, "createApplicationsClient");
  const gateway = { hasAnswered: false };
  const settings = retrySettings(options.retryOptions ?? {}, 3);
  const retry = createRetry(settings, { clock: systemClock, random: Math.random, gateway });
  const isExact = options.gatewayPlatform !== undefined;
  const requests = createRequests(createTransport(options), retry, isExact);
  return {
    ...applicationTypeOperations(requests),
    ...applicationOperations(requests),
    ...upgradeOperations(requests),
    ...healthOperations(requests),
  };
}

export type {
  ApplicationType,
  ApplicationTypeOperations,
  ApplicationTypeOptions,
  ApplicationTypeStatus,
  ListApplicationTypesOptions,
  ProvisionFromImageStore,
  ProvisionFromUrl,
  ProvisionOptions,
  UnprovisionOptions,
} from "./application-types.js";
export type {
  Application,
  ApplicationOperations,
  ApplicationOptions,
  ApplicationStatus,
  CreateApplicationOptions,
  DeleteApplicationOptions,
  ListApplicationsOptions,
  ListServicesOptions,
  Service,
} from "./applications.js";
export {
  describeUnhealthyEvaluations,
  type EntityEvaluation,
  type EntityHealth,
  type EntityHealthState,
  type EvaluationBase,
  type EventEvaluation,
  type GroupEvaluation,
  type HealthEvaluation,
  type HealthEvent,
  type HealthState,
} from "./health.js";
export type {
  ApplicationHealth,
  ApplicationHealthOptions,
  ApplicationHealthPolicy,
  ClusterHealth,
  ClusterHealthOptions,
  HealthFilter,
  HealthOperations,
  ServiceTypeHealthPolicy,
} from "./health-operations.js";
export type {
  ApplicationUpgrade,
  MonitoringPolicy,
  ResumeUpgradeOptions,
  StartUpgradeOptions,
  UpdateUpgradeOptions,
  UpgradeDomainProgress,
  UpgradeFailure,
  UpgradeMode,
  UpgradeOperations,
  UpgradeSettings,
  UpgradeState,
} from "./upgrades.js";
