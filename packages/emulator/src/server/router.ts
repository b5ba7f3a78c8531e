import { type OperationId, operations } from "@sf-image-store/types";
import type { Platform } from "../store/store-path.js";
import { parseQuery, type Query } from "../wire/query.js";

/** The part of an operation that routing needs. */
export interface RouteTemplate {
  readonly method: string;
  /** Literal segments, and at most one `{contentPath}`, which stands for one segment or more. */
  readonly path: string;
}

/** Where a request goes. */
export type RouteMatch<Id extends string> =
  | {
      readonly kind: "operation";
      readonly operationId: Id;
      readonly contentPath: string | undefined;
      readonly query: Query;
    }
  /** The rest of a cluster's gateway, which is not emulated. */
  | { readonly kind: "other-service" }
  /** Nobody registered the first segment. */
  | { readonly kind: "unknown-root" }
  /** No template fits, or the path cannot be decoded. */
  | { readonly kind: "no-template" };

/** Finds the operation for a request's method and its URL exactly as it stood in the request line. */
export type Router<Id extends string> = (method: string, rawUrl: string) => RouteMatch<Id>;

/** First segments below which a cluster's gateway serves more than the operations here, in lower case. */
const unservedRoots = new Set(
  (
    "$ applications applicationtypes backuprestore composedeployments eventsstore faults names nodes partitions " +
    "replicas resources services tools"
  ).split(" "),
);

const placeholder = "{contentPath}";
/** Marks the part of a URL that names a function; never a piece of a store path (protocol §1.2). */
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
    // HTTP.sys decodes once before the gateway does it again; Linux gateways see the raw path (protocol §5.3).
    const cooked = platform === "windows" ? decode(path) : path;
    if (cooked === undefined) return { kind: "no-template" };
    const segments = splitSegments(cooked.split("#", 1)[0] ?? "");
    const root = segments[0]?.toLowerCase();
    const match = matchRoute(routes, method, segments, query);
    if (match !== undefined) return match;
    if (root !== undefined && unservedRoots.has(root)) return { kind: "other-service" };
    // This look-up ignores case, the templates do not: /imagestore is found, then refused (protocol §1.2).
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
    const contentPath = decode(captured.join("/"));
    if (contentPath === undefined) return { kind: "no-template" };
    return {
      kind: "operation",
      operationId: route.operationId,
      contentPath: contentPath === "" ? undefined : contentPath,
      query: parseQuery(query),
    };
  }
  return undefined;
}

/** The segments that `{contentPath}` stands for (none for a literal template), or undefined when nothing fits. */
function matchSegments(
  template: readonly string[],
  segments: readonly string[],
): readonly string[] | undefined {
  const at = template.indexOf(placeholder);
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
  const isOpen = (route: Route<Id>) => Number(route.segments.includes(placeholder));
  return routes.sort((left, right) => isOpen(left) - isOpen(right));
}

/** Cuts the raw URL at its first `?`, and drops the scheme and host that a proxy request line carries. */
function splitUrl(rawUrl: string): { path: string; query: string } {
  const target = rawUrl.replace(/^https?:\/\/[^/?#]*/i, "");
  const at = target.indexOf("?");
  return at < 0 ? { path: target, query: "" } : { path: target.slice(0, at), query: target.slice(at + 1) };
}

/** Empty pieces are dropped, so `//` collapses and a trailing `/` does not count (protocol §1.2). */
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

/** Compiled for Windows gateways only; elsewhere their URLs match nothing (protocol §1, rows 6 to 10). */
const windowsOnly: ReadonlySet<OperationId> = new Set<OperationId>([
  "UploadFileChunk",
  "GetImageStoreUploadSessionById",
  "GetImageStoreUploadSessionByPath",
  "DeleteImageStoreUploadSession",
  "CommitImageStoreUploadSession",
]);

/** Added to gateways by version 6.5; older ones do not know their URLs (protocol §1). */
const since65: ReadonlySet<OperationId> = new Set<OperationId>([
  "GetImageStoreRootFolderSize",
  "GetImageStoreFolderSize",
  "GetImageStoreInfo",
]);

/** How a client learns where to sign in: served without an access check (HG/ClusterManagementHandler.cpp, Initialize). */
const anonymous: ReadonlySet<OperationId> = new Set<OperationId>(["GetAadMetadata"]);

/** Whether the operation is answered whoever asks. */
export function allowsAnonymous(operationId: OperationId): boolean {
  return anonymous.has(operationId);
}

/** The operations that a gateway of this kind and version registers. */
export function registeredOperations(
  platform: Platform,
  apiVersionMax: string,
): Partial<Record<OperationId, RouteTemplate>> {
  const registered: Partial<Record<OperationId, RouteTemplate>> = { ...operations };
  if (platform === "linux") for (const id of windowsOnly) delete registered[id];
  if (Number.parseFloat(apiVersionMax) < 6.5) for (const id of since65) delete registered[id];
  return registered;
}
