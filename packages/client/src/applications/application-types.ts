import type { Schemas } from "@sf-image-store/types/applications";
import { InvalidInputError } from "../errors/errors.js";
import { type OperationOptions, operationOptionNames } from "../http/options.js";
import { requireInteger } from "../http/retry.js";
import { decodeAnswer, expectNoContent, wireString } from "../wire/answer.js";
import { requireStorePath } from "../wire/store-path.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import {
  defined,
  listItems,
  type Requests,
  requireBoolean,
  requireOneOf,
  requireText,
  typePath,
  wireParameters,
} from "./request.js";

/** What the cluster is doing with a version of an application type. Newer clusters may send other values. */
export type ApplicationTypeStatus = Schemas["ApplicationTypeStatus"];

/** A version of an application type that the cluster knows. */
export interface ApplicationType {
  readonly typeName: string;
  readonly typeVersion: string;
  readonly status: ApplicationTypeStatus;
  /** The progress of a download, or the code and message of a failure. Undefined if there are no details. */
  readonly statusDetails: string | undefined;
  /** The parameters of the application manifest with their default values. Empty if they were excluded. */
  readonly defaultParameters: Readonly<Record<string, string>>;
  /** What the type was made from. */
  readonly definitionKind: Schemas["ApplicationTypeDefinitionKind"];
}

/** A version of an application type. */
export interface ApplicationTypeOptions extends OperationOptions {
  /** The name, as in the application manifest. */
  readonly typeName: string;
  /** The version, as in the application manifest. */
  readonly typeVersion: string;
}

export interface ListApplicationTypesOptions extends OperationOptions {
  /** List only versions of this type. @default all types */
  readonly typeName?: string;
  /** List only this version. Requires `typeName`. @default all versions */
  readonly typeVersion?: string;
  /** Leave the parameters out, which makes the responses smaller. @default false */
  readonly excludeParameters?: boolean;
  /** The maximum number of items in a response, 1 to 2147483647. @default as many as the cluster sends */
  readonly pageSize?: number;
}

export interface ProvisionOptions extends OperationOptions {
  /**
   * Whether the cluster responds before the version is available. Then get the type until its status is `Available` or
   * `Failed`. Otherwise the request must complete within `timeoutSeconds`. @default true
   */
  readonly async?: boolean;
}

/** Provisions a package that is in the image store. */
export interface ProvisionFromImageStore extends ProvisionOptions {
  /** The path of the package, with `/` as separator. */
  readonly storePath: string;
  /**
   * What happens to the package after the version is available: `Automatic` deletes it, `Manual` keeps it.
   * @default "Default", which does what the cluster is configured to do
   */
  readonly cleanupPolicy?: "Default" | "Automatic" | "Manual";
}

/** Provisions a package that the cluster downloads. */
export interface ProvisionFromUrl extends ProvisionOptions {
  /** The `http:` or `https:` URL of the package. Its path ends with `.sfpkg`. The cluster must be able to read it. */
  readonly packageUrl: string | URL;
  /** Must be the name in the manifest of the package. */
  readonly typeName: string;
  /** Must be the version in the manifest of the package. */
  readonly typeVersion: string;
}

export interface UnprovisionOptions extends ApplicationTypeOptions {
  /** Whether the cluster responds before the version is removed. @default true */
  readonly async?: boolean;
}

/** Operations on application types. */
export interface ApplicationTypeOperations {
  /** Lists versions of application types. Lists nothing if there is no such type. Requests further pages as the loop continues. */
  listApplicationTypes(options?: ListApplicationTypesOptions): AsyncIterable<ApplicationType>;

  /** Gets a version of an application type; undefined if it does not exist. */
  getApplicationType(options: ApplicationTypeOptions): Promise<ApplicationType | undefined>;

  /** Gets the application manifest of a version, an XML document. */
  getApplicationManifest(options: ApplicationTypeOptions): Promise<string>;

  /**
   * Makes a version of an application type available from a package. Fails with 409
   * `FABRIC_E_APPLICATION_TYPE_ALREADY_EXISTS` if it is available. A request for a version that is being provisioned joins it,
   * and one for a version that failed starts again. Even if `async`, the cluster first reads the name and version in the
   * package, and fails if it cannot. It reports all other failures of an `async` request in the type's `statusDetails`.
   */
  provisionApplicationType(options: ProvisionFromImageStore | ProvisionFromUrl): Promise<void>;

  /**
   * Removes a version of an application type. Fails with 404 `FABRIC_E_APPLICATION_TYPE_NOT_FOUND` if it does not exist, and
   * with 409 `FABRIC_E_APPLICATION_TYPE_IN_USE` if an application uses it.
   */
  unprovisionApplicationType(options: UnprovisionOptions): Promise<void>;
}

const typeOptionNames: OptionNames<ApplicationTypeOptions> = {
  ...operationOptionNames,
  typeName: true,
  typeVersion: true,
};

const listOptionNames: OptionNames<ListApplicationTypesOptions> = {
  ...typeOptionNames,
  excludeParameters: true,
  pageSize: true,
};

const imageStoreOptionNames: OptionNames<ProvisionFromImageStore> = {
  ...operationOptionNames,
  ...{ async: true, storePath: true, cleanupPolicy: true },
};

const urlOptionNames: OptionNames<ProvisionFromUrl> = { ...typeOptionNames, async: true, packageUrl: true };

const unprovisionOptionNames: OptionNames<UnprovisionOptions> = { ...typeOptionNames, async: true };

export function applicationTypeOperations(requests: Requests): ApplicationTypeOperations {
  const list = (options: ListApplicationTypesOptions) => {
    const { typeName, typeVersion } = options;
    const query = listQuery(options);
    if (typeName === undefined) {
      if (typeVersion !== undefined) throw new InvalidInputError("typeVersion", "requires typeName");
      return listItems(
        (page, decode) =>
          requests.read("GetApplicationTypeInfoList", options, { query: { ...query, ...page } }, decode),
        decodeType,
        options.abortSignal,
      );
    }
    const path = typePath(typeName, requests);
    const version =
      typeVersion === undefined ? {} : { ApplicationTypeVersion: requireText("typeVersion", typeVersion) };
    return listItems(
      (page, decode) => {
        const input = { path, query: { ...query, ...version, ...page } };
        return requests.read("GetApplicationTypeInfoListByName", options, input, decode);
      },
      decodeType,
      options.abortSignal,
    );
  };
  return {
    listApplicationTypes(options = {}) {
      requireOptions("listApplicationTypes", options, listOptionNames);
      return list(options);
    },

    async getApplicationType(options) {
      requireOptions("getApplicationType", options, typeOptionNames);
      requireText("typeName", options.typeName);
      requireText("typeVersion", options.typeVersion);
      for await (const type of list(options)) {
        // Old clusters ignore the version in the request.
        if (type.typeName === options.typeName && type.typeVersion === options.typeVersion) return type;
      }
      return undefined;
    },

    async getApplicationManifest(options) {
      requireOptions("getApplicationManifest", options, typeOptionNames);
      const path = typePath(options.typeName, requests);
      const query = { ApplicationTypeVersion: requireText("typeVersion", options.typeVersion) };
      return requests.read("GetApplicationManifest", options, { path, query }, (answer) =>
        decodeAnswer(answer, ({ Manifest }) => wireString("Manifest", Manifest)),
      );
    },

    async provisionApplicationType(options) {
      const body = "packageUrl" in options ? fromUrl(options) : fromImageStore(options);
      expectNoContent(await requests.once("ProvisionApplicationType", options, { body }));
    },

    async unprovisionApplicationType(options) {
      requireOptions("unprovisionApplicationType", options, unprovisionOptionNames);
      const { typeName, typeVersion, async = true } = options;
      const body = {
        ApplicationTypeVersion: requireText("typeVersion", typeVersion),
        Async: requireBoolean("async", async),
      };
      const path = typePath(typeName, requests);
      expectNoContent(await requests.once("UnprovisionApplicationType", options, { path, body }));
    },
  };
}

/** The query of a listing whose pages and parameters can be limited. */
export function listQuery({
  excludeParameters,
  pageSize,
}: Pick<ListApplicationTypesOptions, "excludeParameters" | "pageSize">): {
  ExcludeApplicationParameters?: boolean;
  MaxResults?: number;
} {
  if (pageSize !== undefined) requireInteger("pageSize", pageSize, 1, 2 ** 31 - 1);
  return defined({
    ExcludeApplicationParameters: requireBoolean("excludeParameters", excludeParameters),
    MaxResults: pageSize,
  });
}

/** `Kind` comes first, because servers read it before the rest. */
function fromImageStore(options: ProvisionFromImageStore) {
  requireOptions("provisionApplicationType", options, imageStoreOptionNames);
  const { storePath, cleanupPolicy, async = true } = options;
  return {
    Kind: "ImageStorePath" as const,
    Async: requireBoolean("async", async),
    // In JSON, % and # need no encoding.
    ApplicationTypeBuildPath: requireStorePath("storePath", storePath, true),
    ...defined({
      ApplicationPackageCleanupPolicy: requireOneOf("cleanupPolicy", cleanupPolicy, [
        "Default",
        "Automatic",
        "Manual",
      ]),
    }),
  };
}

function fromUrl(options: ProvisionFromUrl) {
  requireOptions("provisionApplicationType", options, urlOptionNames);
  const { packageUrl, typeName, typeVersion, async = true } = options;
  return {
    Kind: "ExternalStore" as const,
    Async: requireBoolean("async", async),
    ApplicationPackageDownloadUri: requirePackageUrl(packageUrl),
    ApplicationTypeName: requireText("typeName", typeName),
    ApplicationTypeVersion: requireText("typeVersion", typeVersion),
  };
}

/** The URL unchanged. Its query may contain a secret, so the messages do not repeat it. */
function requirePackageUrl(packageUrl: string | URL): string {
  const text = String(packageUrl);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new InvalidInputError("packageUrl", "must be a URL that starts with http:// or https://");
  if (!/\.sfpkg$/i.test(url.pathname))
    throw new InvalidInputError("packageUrl", "must have a path that ends with .sfpkg");
  return text;
}

function decodeType(type: Schemas["ApplicationTypeInfo"]): ApplicationType {
  const { StatusDetails: details } = type;
  return {
    typeName: wireString("Name", type.Name),
    typeVersion: wireString("Version", type.Version),
    status: wireString("Status", type.Status),
    statusDetails: details == null || details === "" ? undefined : wireString("StatusDetails", details),
    defaultParameters: wireParameters("DefaultParameterList", type.DefaultParameterList),
    definitionKind: wireString("ApplicationTypeDefinitionKind", type.ApplicationTypeDefinitionKind),
  };
}
