import type { FabricErrorCode, RequestContext } from "./errors.js";

/** What a caller can do about an error code, where the code alone does not say. */
const advice: Readonly<Partial<Record<FabricErrorCode, string>>> = {
  FABRIC_E_INVALID_UPLOAD_SESSION_ID: "Use a GUID other than the all-zero one.",
  FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE:
    "Some of these bytes may have been received before: read the session and send only its expected ranges.",
  FABRIC_E_UPLOAD_SESSION_ID_CONFLICT: "The id belongs to an upload to another path: use a new one.",
  OperationsPending: "Another write to this path is going on: try again in a moment.",
};

const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS/;

/** What a caller can do about an error answer. */
export function answerAdvice(
  context: RequestContext,
  answer: {
    readonly status: number;
    readonly code: FabricErrorCode | undefined;
    readonly isCertificateRefusal: boolean;
    readonly clusterId: string | undefined;
  },
): string | undefined {
  const { status, code, isCertificateRefusal, clusterId } = answer;
  if (isCertificateRefusal) return "The server got no client certificate that it trusts.";
  const known = code !== undefined && Object.hasOwn(advice, code) ? advice[code] : undefined;
  if (known !== undefined) return known;
  if (status === 403 && clusterId !== undefined) return clusterAdvice(clusterId);
  return statusAdvice(context, status, code);
}

function clusterAdvice(clusterId: string): string {
  return `The server wants other credentials than it got, or is not the cluster ${clusterId} that clusterId names.`;
}

function statusAdvice({ operationId }: RequestContext, status: number, code?: string): string | undefined {
  if (status === 401 || status === 403) return "The server wants other credentials than it got.";
  // The one 404 without a body that a gateway sends for a path (protocol §1.3); it sends it for unknown URLs, too.
  if (status === 404 && code === undefined && operationId === "GetImageStoreContent")
    return "Nothing is at this path.";
  if (status === 404 && code === undefined) return "Is the endpoint that of a Service Fabric HTTP gateway?";
  if (status === 501) return "This gateway does not offer the operation.";
  if (status >= 500) return "It may pass: try again later.";
  return undefined;
}

/** What a caller can do about a failure without an answer. */
export function networkAdvice(code: string, hasAnswered: boolean): string | undefined {
  if (code === "ECONNREFUSED")
    return "Nothing listens there: is the cluster or emulator running, and the port right?";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "The host name is not known: check the endpoint.";
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "EPROTO") {
    return "What listens there does not speak TLS: should the endpoint begin with http://?";
  }
  if (code.startsWith("HPE_")) {
    return hasAnswered
      ? "The answer could not be read as HTTP: something between here and the server may have damaged it."
      : "What listens there does not speak HTTP: should the endpoint begin with https://?";
  }
  if (certificateCodes.test(code)) return "The server's certificate was not accepted.";
  return undefined;
}
