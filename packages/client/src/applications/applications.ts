import type { Schemas } from "@sf-image-store/types/applications";
import { type OperationOptions, operationOptionNames } from "../http/options.js";
import { requireInteger } from "../http/retry.js";
import { decodeAnswerIfAny, expectNoContent, wireString } from "../wire/answer.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import { listQuery } from "./application-types.js";
import type { HealthState } from "./health.js";
import {
  applicationPath,
  defined,
  listItems,
  parameterList,
  type Requests,
  requireApplicationName,
  requireBoolean,
  requireText,
  wireParameters,
} from "./request.js";

/** What the cluster is doing with an application. Newer clusters may send other values. */
export type ApplicationStatus = Schemas["ApplicationStatus"];

/** An application of the cluster. */
export interface Application {
  /** Such as `fabric:/MyApp`. */
  readonly applicationName: string;
  readonly typeName: string;
  readonly typeVersion: string;
  readonly status: ApplicationStatus;
  readonly healthState: HealthState;
  /** The parameters whose values differ from the default. Empty if they were excluded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly definitionKind: Schemas["ApplicationDefinitionKind"];
}

/** A service of an application. */
export interface Service {
  /** Such as `fabric:/MyApp/Web`. */
  readonly serviceName: string;
  readonly typeName: string;
  /** The version of the service manifest. */
  readonly manifestVersion: string;
  readonly kind: Schemas["ServiceKind"];
  readonly status: Schemas["ServiceStatus"];
  readonly healthState: HealthState;
}

export interface ApplicationOptions extends OperationOptions {
  /** The name with `fabric:/`, such as `fabric:/MyApp`. */
  readonly applicationName: string;
}

export interface ListApplicationsOptions extends OperationOptions {
  /** List only applications of this type. @default all types */
  readonly typeName?: string;
  /** Leave the parameters out, which makes the responses smaller. @default false */
  readonly excludeParameters?: boolean;
  /** The maximum number of items in a response, 1 to 2147483647. @default as many as the cluster sends */
  readonly pageSize?: number;
}

export interface CreateApplicationOptions extends ApplicationOptions {
  readonly typeName: string;
  /** A version that is available. */
  readonly typeVersion: string;
  /** Values for parameters of the application manifest. @default the default values of the manifest */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The minimum and maximum number of nodes for the application. @default no limits */
  readonly capacity?: { readonly minimumNodes?: number; readonly maximumNodes?: number };
}

export interface DeleteApplicationOptions extends ApplicationOptions {
  /** Skips the orderly shutdown of the services. May leave state behind. @default false */
  readonly force?: boolean;
}

export interface ListServicesOptions extends ApplicationOptions {
  /** List only services of this type. @default all types */
  readonly serviceTypeName?: string;
}

/** Operations on applications and their services. */
export interface ApplicationOperations {
  /** Lists the applications of the cluster. Requests further pages as the loop continues. */
  listApplications(options?: ListApplicationsOptions): AsyncIterable<Application>;

  /** Gets an application; undefined if it does not exist. */
  getApplication(options: ApplicationOptions): Promise<Application | undefined>;

  /**
   * Creates an application and its default services. Fails with 409 `FABRIC_E_APPLICATION_ALREADY_EXISTS` if it exists, and
   * with 404 `FABRIC_E_APPLICATION_TYPE_NOT_FOUND` if the version does not. For a version that is not available yet, the
   * cluster waits until the timeout.
   */
  createApplication(options: CreateApplicationOptions): Promise<void>;

  /**
   * Deletes an application and its services. An upgrade in progress ends. Fails with 404 `FABRIC_E_APPLICATION_NOT_FOUND` if
   * the application does not exist.
   */
  deleteApplication(options: DeleteApplicationOptions): Promise<void>;

  /** Lists the services of an application. Requests further pages as the loop continues. */
  listServices(options: ListServicesOptions): AsyncIterable<Service>;
}

export const applicationOptionNames: OptionNames<ApplicationOptions> = {
  ...operationOptionNames,
  applicationName: true,
};

const listOptionNames: OptionNames<ListApplicationsOptions> = {
  ...operationOptionNames,
  ...{ typeName: true, excludeParameters: true, pageSize: true },
};

const createOptionNames: OptionNames<CreateApplicationOptions> = {
  ...applicationOptionNames,
  ...{ typeName: true, typeVersion: true, parameters: true, capacity: true },
};

export function applicationOperations(requests: Requests): ApplicationOperations {
  return {
    listApplications(options = {}) {
      requireOptions("listApplications", options, listOptionNames);
      const { typeName } = options;
      const type = typeName === undefined ? {} : { ApplicationTypeName: requireText("typeName", typeName) };
      const query = { ...listQuery(options), ...type };
      return listItems(
        (page, decode) =>
          requests.read("GetApplicationInfoList", options, { query: { ...query, ...page } }, decode),
        decodeApplication,
        options.abortSignal,
      );
    },

    async getApplication(options) {
      requireOptions("getApplication", options, applicationOptionNames);
      const path = applicationPath(options.applicationName, requests);
      return requests.read("GetApplicationInfo", options, { path }, (answer) =>
        decodeAnswerIfAny(answer, decodeApplication),
      );
    },

    async createApplication(options) {
      requireOptions("createApplication", options, createOptionNames);
      const body = {
        Name: requireApplicationName(options.applicationName),
        TypeName: requireText("typeName", options.typeName),
        TypeVersion: requireText("typeVersion", options.typeVersion),
        ...defined({
          ParameterList: parameterList("parameters", options.parameters),
          ApplicationCapacity: encodeCapacity(options.capacity),
        }),
      };
      expectNoContent(await requests.once("CreateApplication", options, { body }));
    },

    async deleteApplication(options) {
      requireOptions("deleteApplication", options, { ...applicationOptionNames, force: true });
      const path = applicationPath(options.applicationName, requests);
      const query = defined({ ForceRemove: requireBoolean("force", options.force) });
      expectNoContent(await requests.once("DeleteApplication", options, { path, query }));
    },

    listServices(options) {
      requireOptions("listServices", options, { ...applicationOptionNames, serviceTypeName: true });
      const path = applicationPath(options.applicationName, requests);
      const { serviceTypeName } = options;
      const type =
        serviceTypeName === undefined
          ? {}
          : { ServiceTypeName: requireText("serviceTypeName", serviceTypeName) };
      return listItems(
        (page, decode) =>
          requests.read("GetServiceInfoList", options, { path, query: { ...type, ...page } }, decode),
        decodeService,
        options.abortSignal,
      );
    },
  };
}

function encodeCapacity(capacity: CreateApplicationOptions["capacity"]) {
  if (capacity === undefined) return undefined;
  requireOptions("createApplication", capacity, { minimumNodes: true, maximumNodes: true }, "capacity");
  const { minimumNodes = 0, maximumNodes = 0 } = capacity;
  return {
    MinimumNodes: requireInteger("capacity.minimumNodes", minimumNodes, 0, 2 ** 32 - 1),
    MaximumNodes: requireInteger("capacity.maximumNodes", maximumNodes, 0, 2 ** 32 - 1),
  };
}

function decodeApplication(wire: Schemas["ApplicationInfo"]): Application {
  return {
    applicationName: wireString("Name", wire.Name),
    typeName: wireString("TypeName", wire.TypeName),
    typeVersion: wireString("TypeVersion", wire.TypeVersion),
    status: wireString("Status", wire.Status),
    healthState: wireString("HealthState", wire.HealthState),
    parameters: wireParameters("Parameters", wire.Parameters),
    definitionKind: wireString("ApplicationDefinitionKind", wire.ApplicationDefinitionKind),
  };
}

function decodeService(wire: Schemas["ServiceInfo"]): Service {
  return {
    serviceName: wireString("Name", wire.Name),
    typeName: wireString("TypeName", wire.TypeName),
    manifestVersion: wireString("ManifestVersion", wire.ManifestVersion),
    kind: wireString("ServiceKind", wire.ServiceKind),
    status: wireString("ServiceStatus", wire.ServiceStatus),
    healthState: wireString("HealthState", wire.HealthState),
  };
}
