import type { Platform } from "../store/store-path.js";
import { type OperationId, operations } from "../wire/operations.js";
import { parseQuery, type Query } from "../wire/query.js";

/** The part of an operation that the router uses. */
export interface RouteTemplate {
  readonly method: string;
  /** Literal segments, and at most one placeholder such as `{contentPath}`, which matches one or more segments. */
  readonly path: string;
}

/** The result of routing a request. */
export type RouteMatch<Id extends string> =
  | {
      readonly kind: "operation";
      readonly operationId: Id;
      /** The text for `{contentPath}`. */
      readonly contentPath: string | undefined;
      /** The text for any other placeholder: the name or ID of a resource. */
      readonly resource: string | undefined;
      readonly query: Query;
    }
  /** The rest of a cluster's gateway, which is not emulated. */
  | { readonly kind: "other-service" }
  /** No service is registered for the first segment. */
  | { readonly kind: "unknown-root" }
  /** No template matches, or the path cannot be decoded. */
  | { readonly kind: "no-template" };

/** Finds the operation for the method and URL of a request line. */
export type Router<Id extends string> = (method: string, rawUrl: string) => RouteMatch<Id>;

/** First segments of other services of the gateway, in lower case. */
const otherServiceRoots = new Set(
  (
    "$ applications applicationtypes backuprestore composedeployments eventsstore faults names nodes partitions " +
    "replicas resources services tools"
  ).split(" "),
);

const contentPlaceholder = "{contentPath}";
/** Precedes the name of a function in a URL. Never a segment of a store path (protocol §1.2). */
const reservedSegment = "$";

interface Route<Id extends string> {
  readonly operationId: Id;
  readonly method: string;
  readonly segments: readonly string[];
}

/** Builds the router for a table of operations. */
export function createRouter<Id extends string>(
  operations: Readonly<Partial<Record<Id, RouteTemplate>>>,
  platform: Platform = "windows",
): Router<Id> {
  const routes = literalFirst(operations);
  const roots = new Set(routes.map((route) => route.segments[0]?.toLowerCase()));
  return (method, rawUrl) => {
    const { path, query } = splitUrl(rawUrl);
    // On Windows, HTTP.sys decodes the path once and the gateway a second time. Linux gateways get the raw path (protocol §5.3).
    const decodedOnce = platform === "windows" ? decode(path) : path;
    if (decodedOnce === undefined) return { kind: "no-template" };
    const segments = splitSegments(decodedOnce.split("#", 1)[0] ?? "");
    const root = segments[0]?.toLowerCase();
    const match = matchRoute(routes, method, segments, query);
    if (match !== undefined) return match;
    if (root !== undefined && otherServiceRoots.has(root)) return { kind: "other-service" };
    // This lookup ignores case but the templates do not, so /imagestore is known and then rejected (protocol §1.2).
    return { kind: roots.has(root) ? "no-template" : "unknown-root" };
  };
}

function matchRoute<Id extends string>(
  routes: readonly Route<Id>[],
  method: string,
  segments: readonly string[],
  query: string,
): RouteMatch<Id> | undefined {
  for (const route of routes) {
    if (route.method !== method) continue;
    const captured = matchSegments(route.segments, segments);
    if (captured === undefined) continue;
    const text = decode(captured.join("/"));
    if (text === undefined) return { kind: "no-template" };
    const isContent = route.segments.includes(contentPlaceholder);
    return {
      kind: "operation",
      operationId: route.operationId,
      contentPath: isContent && text !== "" ? text : undefined,
      resource: isContent || text === "" ? undefined : text,
      query: parseQuery(query),
    };
  }
  return undefined;
}

function isPlaceholder(segment: string): boolean {
  return segment.startsWith("{");
}

/** The segments that the placeholder matches (none for a literal template). Undefined if the template does not match. */
function matchSegments(
  template: readonly string[],
  segments: readonly string[],
): readonly string[] | undefined {
  const at = template.findIndex(isPlaceholder);
  if (at < 0) return sameSegments(template, segments) ? [] : undefined;
  const tail = template.slice(at + 1);
  const end = segments.length - tail.length;
  const captured = segments.slice(at, Math.max(at, end));
  if (captured.length === 0 || captured.includes(reservedSegment)) return undefined;
  const fits =
    sameSegments(template.slice(0, at), segments.slice(0, at)) && sameSegments(tail, segments.slice(end));
  return fits ? captured : undefined;
}

function sameSegments(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((segment, index) => segment === right[index]);
}

function literalFirst<Id extends string>(
  operations: Readonly<Partial<Record<Id, RouteTemplate>>>,
): Route<Id>[] {
  const routes: Route<Id>[] = [];
  for (const operationId in operations) {
    const template = operations[operationId];
    if (template === undefined) continue;
    const { method, path } = template;
    routes.push({ operationId, method, segments: splitSegments(path) });
  }
  const isOpen = (route: Route<Id>) => Number(route.segments.some(isPlaceholder));
  return routes.sort((left, right) => isOpen(left) - isOpen(right));
}

/** Splits the raw URL at its first `?`, and removes the scheme and host of a proxy request. */
function splitUrl(rawUrl: string): { path: string; query: string } {
  const target = rawUrl.replace(/^https?:\/\/[^/?#]*/i, "");
  const at = target.indexOf("?");
  return at < 0 ? { path: target, query: "" } : { path: target.slice(0, at), query: target.slice(at + 1) };
}

/** Drops empty segments, so `//` equals `/`, and a trailing `/` is ignored (protocol §1.2). */
function splitSegments(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "");
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Only Windows gateways have these operations (protocol §1, rows 6 to 10). */
const windowsOnly: ReadonlySet<OperationId> = new Set<OperationId>([
  "UploadFileChunk",
  "GetImageStoreUploadSessionById",
  "GetImageStoreUploadSessionByPath",
  "DeleteImageStoreUploadSession",
  "CommitImageStoreUploadSession",
]);

/** Gateways before version 6.5 do not have these operations (protocol §1). */
const since65: ReadonlySet<OperationId> = new Set<OperationId>([
  "GetImageStoreRootFolderSize",
  "GetImageStoreFolderSize",
  "GetImageStoreInfo",
]);

/** The gateway serves sign-in settings without authentication (HG/ClusterManagementHandler.cpp, Initialize). */
const anonymous: ReadonlySet<OperationId> = new Set<OperationId>(["GetAadMetadata"]);

/** Whether the operation requires no authentication. */
export function allowsAnonymous(operationId: OperationId): boolean {
  return anonymous.has(operationId);
}

/** The operations of a gateway with this platform and version. */
export function registeredOperations(
  platform: Platform,
  apiVersionMax: string,
): Partial<Record<OperationId, RouteTemplate>> {
  const registered: Partial<Record<OperationId, RouteTemplate>> = { ...operations };
  if (platform === "linux") for (const id of windowsOnly) delete registered[id];
  if (Number.parseFloat(apiVersionMax) < 6.5) for (const id of since65) delete registered[id];
  return registered;
}
