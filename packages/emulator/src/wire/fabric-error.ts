/** A failure that the gateway reports: its HTTP status, message and reason phrase. */
interface WireError {
  readonly status: number;
  /** `"Null"` for codes without a message on a real cluster (protocol §4.1). */
  readonly message: string;
  /** The reason phrase, if it is not the code itself (protocol §1.6: the generic codes). */
  readonly reason?: string;
}

/** All failures that the emulator reports (protocol §4.2). The codes are those of a cluster, the messages are our own. */
const catalogue = {
  E_INVALIDARG: { status: 400, reason: "Bad Request", message: "One or more arguments are not valid." },
  FABRIC_E_INVALID_UPLOAD_SESSION_ID: {
    status: 400,
    message: "The upload session id is missing, is not a GUID, or is the GUID of all zeros.",
  },
  FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE: { status: 400, message: "Null" },
  FABRIC_E_IMAGEBUILDER_RESERVED_DIRECTORY_ERROR: {
    status: 400,
    message: "This folder is reserved for the cluster and cannot be deleted.",
  },
  FABRIC_E_INVALID_NAME_URI: {
    status: 400,
    message: "The name is not valid. The name of an application looks like fabric:/MyApp.",
  },
  FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR: { status: 400, message: "The application package is not valid." },
  FABRIC_E_APPLICATION_UPGRADE_VALIDATION_ERROR: { status: 400, message: "The upgrade is not valid." },
  FABRIC_E_APPLICATION_NOT_UPGRADING: { status: 400, message: "The application has no upgrade in progress." },
  FABRIC_E_SERVER_AUTHENTICATION_FAILED: { status: 401, message: "The credentials were not accepted." },
  E_ACCESSDENIED: { status: 403, reason: "Access Denied", message: "Access is denied." },
  FABRIC_E_NAME_DOES_NOT_EXIST: { status: 404, message: "The name does not exist." },
  FABRIC_E_FILE_NOT_FOUND: { status: 404, message: "The image store has no such file or completed folder." },
  FABRIC_E_DIRECTORY_NOT_FOUND: { status: 404, message: "The image store has no such folder." },
  FABRIC_E_SERVICE_DOES_NOT_EXIST: {
    status: 404,
    message: "The cluster has no image store service. Its manifest contains the location of the packages.",
  },
  FABRIC_E_APPLICATION_TYPE_NOT_FOUND: {
    status: 404,
    message: "This version of the application type does not exist.",
  },
  FABRIC_E_APPLICATION_NOT_FOUND: { status: 404, message: "The application does not exist." },
  FABRIC_E_HEALTH_ENTITY_NOT_FOUND: { status: 404, message: "The health of this entity is not known." },
  NotFound: { status: 404, message: "Null" },
  FABRIC_E_UPLOAD_SESSION_ID_CONFLICT: { status: 409, message: "Null" },
  FABRIC_E_APPLICATION_TYPE_ALREADY_EXISTS: {
    status: 409,
    message: "This version of the application type is already provisioned.",
  },
  FABRIC_E_APPLICATION_TYPE_IN_USE: {
    status: 409,
    message: "An application or an upgrade uses this version of the application type.",
  },
  FABRIC_E_APPLICATION_ALREADY_EXISTS: { status: 409, message: "The application already exists." },
  FABRIC_E_APPLICATION_ALREADY_IN_TARGET_VERSION: {
    status: 409,
    message: "The application already has this version and these parameters.",
  },
  FABRIC_E_APPLICATION_UPGRADE_IN_PROGRESS: { status: 409, message: "This upgrade is already in progress." },
  // No status is listed for it (HttpUtil.cpp), so it gets the default.
  FABRIC_E_UPGRADE_DOMAIN_ALREADY_COMPLETED: {
    status: 500,
    message: "The upgrade domain is already complete.",
  },
  FABRIC_E_MESSAGE_TOO_LARGE: { status: 413, message: "The request body is larger than 4 MiB." },
  FABRIC_E_VALUE_TOO_LARGE: { status: 413, message: "The value is larger than the server accepts." },
  OperationsPending: { status: 500, message: "Null" },
  FABRIC_E_COMMUNICATION_ERROR: { status: 500, message: "Another server did not respond as expected." },
  FABRIC_E_IMAGESTORE_IOERROR: {
    status: 500,
    message: "The image store could not read or write its disk.",
  },
  E_FAIL: { status: 500, message: "The operation failed for an unexpected reason." },
  E_NOTIMPL: { status: 501, reason: "Not Implemented", message: "The operation is not emulated." },
  E_ABORT: { status: 503, message: "The operation was interrupted." },
  FABRIC_E_TIMEOUT: { status: 504, message: "The operation did not finish in time." },
} as const satisfies Record<string, WireError>;

/** The code of a failure in the body of the response. */
export type FabricErrorCode = keyof typeof catalogue;

/** A failure that is sent as `{"Error":{"Code":…,"Message":…}}`. */
export class FabricError extends Error {
  override readonly name = "FabricError";
  readonly code: FabricErrorCode;
  readonly status: number;
  /** The HTTP reason phrase. */
  readonly reason: string;

  constructor(code: FabricErrorCode, message?: string, options?: ErrorOptions) {
    const entry: WireError = catalogue[code];
    super(message ?? entry.message, options);
    this.code = code;
    this.status = entry.status;
    this.reason = entry.reason ?? code;
  }
}

/** Converts anything that a handler throws. */
export function toFabricError(thrown: unknown): FabricError {
  if (thrown instanceof FabricError) return thrown;
  const systemCode = systemErrorCode(thrown);
  if (systemCode === undefined) return new FabricError("E_FAIL", undefined, { cause: thrown });
  // A path that is too long is the caller's mistake. All other errors of the file system are not.
  const code = systemCode === "ENAMETOOLONG" ? "E_INVALIDARG" : "FABRIC_E_IMAGESTORE_IOERROR";
  return new FabricError(code, undefined, { cause: thrown });
}

/** The code of a failed system call, such as `ENOENT` or `ENOSPC`. Undefined for other errors. */
export function systemErrorCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !("syscall" in thrown) || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}
