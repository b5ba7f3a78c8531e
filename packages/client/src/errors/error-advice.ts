import type { FabricErrorCode } from "./errors.js";

/** What a caller can do about error codes that do not explain themselves. */
const advice: Readonly<Partial<Record<FabricErrorCode, string>>> = {
  FABRIC_E_INVALID_UPLOAD_SESSION_ID: "Use a GUID other than the all-zero one.",
  FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE:
    "The server may already have some of these bytes: read the session and send only its expected ranges.",
  FABRIC_E_UPLOAD_SESSION_ID_CONFLICT: "This id belongs to an upload to another path: use a new id.",
  OperationsPending: "Another write to this path is in progress: try again in a moment.",
};

const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS/;

/** What a caller can do about an error response. */
export function answerAdvice(answer: {
  readonly status: number;
  readonly code: FabricErrorCode | undefined;
  readonly isCertificateRefusal: boolean;
  readonly clusterId: string | undefined;
}): string | undefined {
  const { status, code, isCertificateRefusal, clusterId } = answer;
  if (isCertificateRefusal) return "The server requires a client certificate that it trusts.";
  const known = code !== undefined && Object.hasOwn(advice, code) ? advice[code] : undefined;
  if (known !== undefined) return known;
  if (status === 403 && clusterId !== undefined) return clusterAdvice(clusterId);
  return statusAdvice(status, code);
}

function clusterAdvice(clusterId: string): string {
  return `The server did not accept the credentials, or it is not the cluster that clusterId names (${clusterId}).`;
}

function statusAdvice(status: number, code?: string): string | undefined {
  if (status === 401 || status === 403) return "The server did not accept the credentials.";
  if (status === 404 && code === undefined) return "Is the endpoint a Service Fabric HTTP gateway?";
  if (status === 501) return "This gateway does not support the operation.";
  if (status >= 500) return "The problem may be temporary: try again later.";
  return undefined;
}

/** What a caller can do when no response arrived. */
export function networkAdvice(code: string, hasAnswered: boolean): string | undefined {
  if (code === "ECONNREFUSED")
    return "No server listens there: is the cluster or emulator running, and is the port correct?";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "The host name was not found: check the endpoint.";
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "EPROTO") {
    return "The server does not speak TLS: should the endpoint start with http://?";
  }
  if (code.startsWith("HPE_")) {
    return hasAnswered
      ? "The response is not valid HTTP: a proxy or the network may have damaged it."
      : "The server does not speak HTTP: should the endpoint start with https://?";
  }
  if (certificateCodes.test(code)) return "The server's certificate was rejected.";
  return undefined;
}
