import { FabricError, type FabricErrorCode } from "../wire/fabric-error.js";
import {
  type ClusterState,
  findApplication,
  findType,
  isPending,
  type PackageSource,
  type Parameter,
  type Removal,
  type TypeContent,
  type TypeVersion,
  type Upgrade,
  type UpgradePlan,
  withApplication,
} from "./state.js";
import { beginUpgrade, checkMonitoring, isAt, replaceUpgrade } from "./upgrade.js";

/** A request to register a version. */
export interface ProvisionRequest {
  readonly name: string;
  readonly version: string;
  readonly source: PackageSource;
  readonly isAsync: boolean;
}

/**
 * Begins to register a version (deploy-flow §2 "Provision"). A request for a version that is being registered joins the
 * attempt in progress, and one for a version that failed starts again. @throws FabricError if it is available.
 */
export function beginProvision(state: ClusterState, request: ProvisionRequest): ClusterState {
  const existing = findType(state, request.name, request.version);
  if (existing?.status === "Available") throw new FabricError("FABRIC_E_APPLICATION_TYPE_ALREADY_EXISTS");
  if (existing?.status === "Provisioning") return state;
  const attempt = state.attempts + 1;
  const started: TypeVersion = { ...request, status: "Provisioning", details: "", attempt };
  const others = state.types.filter((type) => type !== existing);
  return { ...state, attempts: attempt, types: [...others, started].sort(byNameAndVersion) };
}

/** Types are listed in this order. It is also the token with which a listing continues. */
export function typeKey(name: string, version: string): string {
  return `${name}+${version}`;
}

function byNameAndVersion(left: TypeVersion, right: TypeVersion): number {
  return typeKey(left.name, left.version) < typeKey(right.name, right.version) ? -1 : 1;
}

/** The version that an attempt registers. Undefined if it was canceled. */
export function attemptOf(state: ClusterState, attempt: number): TypeVersion | undefined {
  return state.types.find((type) => type.attempt === attempt);
}

/** Shows the progress of an attempt. */
export function noteProgress(state: ClusterState, attempt: number, details: string): ClusterState {
  const type = attemptOf(state, attempt);
  return type === undefined ? state : withType(state, type, { ...type, details });
}

/**
 * Notes what an attempt will copy below `Store`, so that it can be removed even after a crash.
 * @throws FabricError for changed content, and `E_ABORT` if the attempt was canceled.
 */
export function beginCopying(
  state: ClusterState,
  attempt: number,
  stored: readonly string[],
  content: TypeContent,
): ClusterState {
  const type = attemptOf(state, attempt);
  if (type === undefined) throw new FabricError("E_ABORT");
  refuseChangedContent(state, type, content);
  return withType(state, type, { ...type, stored });
}

/** Makes a version available. Does nothing if the attempt was canceled. @throws FabricError for changed content. */
export function finishProvision(state: ClusterState, attempt: number, content: TypeContent): ClusterState {
  const type = attemptOf(state, attempt);
  if (type === undefined) return state;
  refuseChangedContent(state, type, content);
  const finished = { status: "Available", details: "", content, source: withoutQuery(type.source) } as const;
  return withType(state, type, { ...type, ...finished });
}

function refuseChangedContent({ types }: ClusterState, type: TypeVersion, content: TypeContent): void {
  for (const other of types) {
    if (other.name !== type.name || other === type) continue;
    for (const [part, checksum] of Object.entries(other.content?.parts ?? {})) {
      const sent = content.parts[part];
      if (sent !== undefined && sent !== checksum) {
        throw new FabricError(
          "FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR",
          `The content of ${part} was modified without changing its version. ${other.name} ${other.version} uses it, too.`,
        );
      }
    }
  }
}

/** Keeps a version that failed asynchronously, with the reason. The caller of a synchronous request gets the error instead. */
export function failProvision(
  state: ClusterState,
  attempt: number,
  { code, message }: { readonly code: FabricErrorCode; readonly message: string },
): ClusterState {
  const type = attemptOf(state, attempt);
  if (type === undefined) return state;
  const { stored = [], ...others } = type;
  const cleared = withRemoval(state, { name: type.name, stored });
  if (!type.isAsync) return withoutType(cleared, type);
  const source = withoutQuery(type.source);
  return withType(cleared, type, { ...others, status: "Failed", details: `${code}: ${message}`, source });
}

/** The signature in a URL is a secret, so it is kept only while it is needed. */
function withoutQuery(source: PackageSource): PackageSource {
  return source.kind === "download" ? { ...source, uri: source.uri.replace(/[?#].*$/, "") } : source;
}

function withType(state: ClusterState, type: TypeVersion, changed: TypeVersion): ClusterState {
  return { ...state, types: state.types.map((each) => (each === type ? changed : each)) };
}

function withoutType(state: ClusterState, type: TypeVersion): ClusterState {
  return { ...state, types: state.types.filter((each) => each !== type) };
}

function withRemoval(state: ClusterState, removal: Removal): ClusterState {
  return removal.stored.length === 0 ? state : { ...state, removals: [...state.removals, removal] };
}

/** The parts of a removal that no version uses. */
export function unusedParts({ types }: ClusterState, { name, stored }: Removal): readonly string[] {
  const used = new Set(types.filter((type) => type.name === name).flatMap((type) => type.stored ?? []));
  return stored.filter((part) => !used.has(part));
}

/** Removes a version, and cancels its registration (deploy-flow §2 "Unprovision"). @throws FabricError */
export function unprovision(state: ClusterState, name: string, version: string): ClusterState {
  const type = requireType(state, name, version);
  const isUsed = state.applications.some(
    ({ typeName, version: current, upgrade, goal }) =>
      typeName === name &&
      (current === version ||
        (isPending(upgrade) && (upgrade.version === version || goal?.version === version))),
  );
  if (isUsed) throw new FabricError("FABRIC_E_APPLICATION_TYPE_IN_USE");
  return withRemoval(withoutType(state, type), { name, stored: type.stored ?? [] });
}

/** @throws FabricError if the version is not registered. */
export function requireType(state: ClusterState, name: string, version: string): TypeVersion {
  const type = findType(state, name, version);
  if (type === undefined) throw new FabricError("FABRIC_E_APPLICATION_TYPE_NOT_FOUND");
  return type;
}

export interface CreateRequest {
  readonly name: string;
  readonly typeName: string;
  readonly version: string;
  readonly parameters: readonly Parameter[];
}

/**
 * Creates an application (deploy-flow §2 "Create").
 * @returns Undefined if the version is not available yet: the caller repeats the request until its timeout.
 * @throws FabricError
 */
export function createApplication(state: ClusterState, request: CreateRequest): ClusterState | undefined {
  const { name, typeName, version, parameters } = request;
  checkName(name);
  const type = requireType(state, typeName, version);
  if (findApplication(state, name) !== undefined)
    throw new FabricError("FABRIC_E_APPLICATION_ALREADY_EXISTS");
  if (type.status !== "Available") return undefined;
  checkParameters(type, parameters);
  const created = [...state.applications, { name, typeName, version, parameters }];
  return { ...state, applications: created.sort((left, right) => (left.name < right.name ? -1 : 1)) };
}

/** Rejects the name that sfctl builds from an ID with `fabric:/` (deploy-flow §1.1). */
export function checkName(name: string): void {
  if (!/^fabric:(\/[^/:?#]+)+$/.test(name)) throw new FabricError("FABRIC_E_INVALID_NAME_URI");
}

/** Not traced in the server's source: the image builder rejects parameters that the manifest does not declare. */
function checkParameters({ content }: TypeVersion, parameters: readonly Parameter[]): void {
  const declared = content?.parameters.map(({ Key }) => Key) ?? [];
  const unknown = parameters.find(({ Key }) => !declared.includes(Key));
  if (unknown === undefined) return;
  const message = `The application manifest does not declare the parameter ${unknown.Key}.`;
  throw new FabricError("FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR", message);
}

/** Deletes an application, also during an upgrade (deploy-flow §2 "Delete"). @throws FabricError */
export function deleteApplication(state: ClusterState, name: string): ClusterState {
  if (findApplication(state, name) === undefined) throw new FabricError("FABRIC_E_APPLICATION_NOT_FOUND");
  return {
    ...state,
    applications: state.applications.filter((application) => application.name !== name),
    // A new application with the same name starts with good health.
    reports: state.reports.filter((report) => report.application !== name || report.version !== undefined),
  };
}

/**
 * Starts an upgrade, or replaces the one in progress (deploy-flow §2 "Upgrade").
 * @throws FabricError
 */
export function startUpgrade(
  state: ClusterState,
  name: string,
  plan: UpgradePlan,
  now: number,
): ClusterState {
  const application = findApplication(state, name);
  if (application === undefined) throw new FabricError("FABRIC_E_APPLICATION_NOT_FOUND");
  const type = requireType(state, application.typeName, plan.version);
  if (type.status !== "Available") throw new FabricError("FABRIC_E_APPLICATION_TYPE_NOT_FOUND");
  checkParameters(type, plan.parameters);
  const { upgrade } = application;
  if (!isPending(upgrade) && isAt(application, plan)) {
    throw new FabricError("FABRIC_E_APPLICATION_ALREADY_IN_TARGET_VERSION");
  }
  if (plan.mode === "Monitored") checkMonitoring(plan.monitoring);
  if (!isPending(upgrade)) {
    return withApplication(state, { ...application, upgrade: beginUpgrade(plan, now) });
  }
  if (samePlan(upgrade, plan)) throw new FabricError("FABRIC_E_APPLICATION_UPGRADE_IN_PROGRESS");
  if (samePlan(withPoliciesOf(upgrade, plan), plan)) {
    return withApplication(state, { ...application, upgrade: withPoliciesOf(upgrade, plan) });
  }
  return withApplication(state, replaceUpgrade({ ...application, upgrade }, plan, now));
}

/** Whether two requests are equal, whatever the order of their members. */
function samePlan(upgrade: UpgradePlan, plan: UpgradePlan): boolean {
  const textOf = ({ version, parameters, mode, monitoring, healthPolicy, description }: UpgradePlan) =>
    sortedJson({ version, parameters, mode, monitoring, healthPolicy, description });
  return textOf(upgrade) === textOf(plan);
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    const isObject = typeof each === "object" && each !== null && !Array.isArray(each);
    return isObject ? Object.fromEntries(Object.entries(each).sort(byKey)) : each;
  });
}

function byKey([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}

/** A pending upgrade takes other policies without starting over (ApplicationUpgradeContext.cpp, TryUpdateHealthPolicies). */
function withPoliciesOf(upgrade: Upgrade, { monitoring, healthPolicy, description }: UpgradePlan): Upgrade {
  const { MonitoringPolicy, ApplicationHealthPolicy } = description;
  return {
    ...upgrade,
    monitoring,
    healthPolicy,
    description: {
      ...upgrade.description,
      ...(MonitoringPolicy === undefined ? {} : { MonitoringPolicy }),
      ...(ApplicationHealthPolicy === undefined ? {} : { ApplicationHealthPolicy }),
    },
  };
}
