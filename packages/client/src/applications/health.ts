import type { Schemas } from "@sf-image-store/types/applications";
import {
  UnexpectedValue,
  wireBigInt,
  wireCount,
  wireDate,
  wireList,
  wireObject,
  wireString,
} from "../wire/answer.js";
import { wireDuration } from "./request.js";

/** `Unknown` means that there are no reports. Newer clusters may send other values. */
export type HealthState = Schemas["HealthState"];

/** A health report, and what the cluster knows about it. */
export interface HealthEvent {
  /** The component that made the report. */
  readonly sourceId: string;
  /** What the report is about. */
  readonly property: string;
  readonly healthState: HealthState;
  readonly description: string;
  /** Increases with every report. */
  readonly sequenceNumber: bigint;
  /** How long the report is valid, in milliseconds; Infinity if it does not expire. */
  readonly timeToLiveMs: number;
  /** Whether the report is deleted when it expires. Otherwise it counts as an error then. */
  readonly removeWhenExpired: boolean;
  readonly isExpired: boolean;
  /** When the report was made. */
  readonly reportedAt: Date;
  /** When the cluster last stored the report. */
  readonly modifiedAt: Date;
  /** When the state last became `Ok`, `Warning` and `Error`. Undefined if it never did. */
  readonly lastOkAt: Date | undefined;
  readonly lastWarningAt: Date | undefined;
  readonly lastErrorAt: Date | undefined;
}

export interface EvaluationBase {
  /** The kind on the wire. Newer clusters may send other values. */
  readonly kind: Schemas["HealthEvaluationKind"];
  readonly healthState: HealthState;
  /** The reason in words, as the cluster states it. */
  readonly description: string;
  /** The reasons below this one. Empty for an event. */
  readonly unhealthyEvaluations: readonly HealthEvaluation[];
}

/** A report makes an entity unhealthy. */
export interface EventEvaluation extends EvaluationBase {
  readonly of: "event";
  readonly event: HealthEvent;
  /** Whether a warning counts as an error. */
  readonly considerWarningAsError: boolean;
}

/** An entity is unhealthy: an application, service, partition, replica or node, or a part of an application on a node. */
export interface EntityEvaluation extends EvaluationBase {
  readonly of: "entity";
  /** What identifies the entity. Properties that its kind does not have are undefined. */
  readonly applicationName: string | undefined;
  readonly serviceName: string | undefined;
  readonly serviceManifestName: string | undefined;
  readonly partitionId: string | undefined;
  readonly replicaId: string | undefined;
  readonly nodeName: string | undefined;
}

/** Too many entities of a group are unhealthy, or too many more than before. */
export interface GroupEvaluation extends EvaluationBase {
  readonly of: "group";
  /** The number of entities that were checked. Undefined if the cluster does not send it. */
  readonly totalCount: number | undefined;
  /** The percentage of entities that may be unhealthy. Undefined if the kind has no limit. */
  readonly maxPercentUnhealthy: number | undefined;
  /** What identifies the group. Properties that its kind does not have are undefined. */
  readonly serviceTypeName: string | undefined;
  readonly applicationTypeName: string | undefined;
  readonly nodeTypeName: string | undefined;
  readonly upgradeDomainName: string | undefined;
}

/** Why an entity is unhealthy. The property `of` tells the types apart. */
export type HealthEvaluation = EventEvaluation | EntityEvaluation | GroupEvaluation;

/** The entity of a health state in a list. */
export interface EntityHealthState {
  readonly name: string;
  readonly healthState: HealthState;
}

/** The health of an entity. */
export interface EntityHealth {
  readonly healthState: HealthState;
  readonly events: readonly HealthEvent[];
  /** Why the entity is unhealthy. `describeUnhealthyEvaluations` puts it into words. */
  readonly unhealthyEvaluations: readonly HealthEvaluation[];
  /** The number of entities in each state, by the kind of entity. Empty if the statistics were excluded. */
  readonly statistics: Readonly<
    Record<string, { readonly ok: number; readonly warning: number; readonly error: number }>
  >;
}

export function decodeEntityHealth(health: Schemas["EntityHealth"]): EntityHealth {
  const counts = health.HealthStatistics == null ? [] : health.HealthStatistics.HealthStateCountList;
  return {
    healthState: wireString("AggregatedHealthState", health.AggregatedHealthState),
    events: wireList("HealthEvents", health.HealthEvents).map(decodeEvent),
    unhealthyEvaluations: decodeEvaluations(health.UnhealthyEvaluations),
    statistics: Object.fromEntries(
      wireList("HealthStateCountList", counts).map(({ EntityKind, HealthStateCount }) => {
        const { OkCount, WarningCount, ErrorCount } = wireObject("HealthStateCount", HealthStateCount);
        return [
          wireString("EntityKind", EntityKind),
          {
            ok: wireCount("OkCount", OkCount),
            warning: wireCount("WarningCount", WarningCount),
            error: wireCount("ErrorCount", ErrorCount),
          },
        ];
      }),
    ),
  };
}

/** The deepest tree that is accepted. Trees of clusters have at most 12 levels. */
const maxDepth = 100;

export function decodeEvaluations(
  list: Schemas["UnhealthyEvaluations"] | undefined,
  depth = 0,
): readonly HealthEvaluation[] {
  if (depth > maxDepth)
    throw new UnexpectedValue("UnhealthyEvaluations", `a tree of ${maxDepth} levels`, depth);
  return wireList("UnhealthyEvaluations", list).map(({ HealthEvaluation: wire }) =>
    decodeEvaluation(wireObject("HealthEvaluation", wire), depth),
  );
}

/** All properties that evaluations have, whatever their kind. */
type WireEvaluation = Partial<
  Record<
    | "ApplicationName"
    | "Name"
    | "ServiceName"
    | "ServiceManifestName"
    | "PartitionId"
    | "ReplicaOrInstanceId"
    | "NodeName"
    | "ServiceTypeName"
    | "ApplicationTypeName"
    | "NodeTypeName"
    | "UpgradeDomainName"
    | "TotalCount",
    unknown
  >
>;

function decodeEvaluation(wire: Schemas["HealthEvaluation"], depth: number): HealthEvaluation {
  const base = {
    kind: wireString("Kind", wire.Kind),
    healthState: wireString("AggregatedHealthState", wire.AggregatedHealthState),
    description: wireString("Description", wire.Description),
  };
  if (wire.Kind === "Event") {
    return {
      ...base,
      of: "event",
      event: decodeEvent(wireObject("UnhealthyEvent", wire.UnhealthyEvent)),
      considerWarningAsError: wireBoolean("ConsiderWarningAsError", wire.ConsiderWarningAsError),
      unhealthyEvaluations: [],
    };
  }
  const unhealthyEvaluations = decodeEvaluations(wire.UnhealthyEvaluations ?? [], depth + 1);
  const all: WireEvaluation & { readonly Kind: string } = wire;
  if (groupKinds.test(wire.Kind)) {
    return {
      ...base,
      of: "group",
      unhealthyEvaluations,
      totalCount: all.TotalCount == null ? undefined : wireCount("TotalCount", all.TotalCount),
      maxPercentUnhealthy: maxPercent(wire),
      serviceTypeName: optionalString("ServiceTypeName", all.ServiceTypeName),
      applicationTypeName: optionalString("ApplicationTypeName", all.ApplicationTypeName),
      nodeTypeName: optionalString("NodeTypeName", all.NodeTypeName),
      upgradeDomainName: optionalString("UpgradeDomainName", all.UpgradeDomainName),
    };
  }
  return {
    ...base,
    of: "entity",
    unhealthyEvaluations,
    // Gateways send the application of a deployed application as `Name`.
    applicationName: optionalString("ApplicationName", all.ApplicationName ?? all.Name),
    serviceName: optionalString("ServiceName", all.ServiceName),
    serviceManifestName: optionalString("ServiceManifestName", all.ServiceManifestName),
    partitionId: optionalString("PartitionId", all.PartitionId),
    replicaId: optionalString("ReplicaOrInstanceId", all.ReplicaOrInstanceId),
    nodeName: optionalString("NodeName", all.NodeName),
  };
}

/** The kinds that are about more than one entity. */
const groupKinds = /s$|NodesCheck$/;

/** The limit of a group. Each kind has its own property for it. */
function maxPercent(wire: object): number | undefined {
  const [name, value] = Object.entries(wire).find(([key]) => key.startsWith("MaxPercent")) ?? [];
  return name === undefined || value === null ? undefined : wireCount(name, value);
}

function optionalString(property: string, value: unknown): string | undefined {
  return value === undefined || value === null || value === "" ? undefined : wireString(property, value);
}

function wireBoolean(property: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new UnexpectedValue(property, "true or false", value);
  return value;
}

function decodeEvent(event: Schemas["HealthEvent"]): HealthEvent {
  return {
    sourceId: wireString("SourceId", event.SourceId),
    property: wireString("Property", event.Property),
    healthState: wireString("HealthState", event.HealthState),
    description: wireString("Description", event.Description),
    sequenceNumber: wireBigInt("SequenceNumber", event.SequenceNumber),
    timeToLiveMs: wireDuration("TimeToLiveInMilliSeconds", event.TimeToLiveInMilliSeconds),
    removeWhenExpired: wireBoolean("RemoveWhenExpired", event.RemoveWhenExpired),
    isExpired: wireBoolean("IsExpired", event.IsExpired),
    reportedAt: wireDate("SourceUtcTimestamp", event.SourceUtcTimestamp),
    modifiedAt: wireDate("LastModifiedUtcTimestamp", event.LastModifiedUtcTimestamp),
    lastOkAt: wireDateIfAny("LastOkTransitionAt", event.LastOkTransitionAt),
    lastWarningAt: wireDateIfAny("LastWarningTransitionAt", event.LastWarningTransitionAt),
    lastErrorAt: wireDateIfAny("LastErrorTransitionAt", event.LastErrorTransitionAt),
  };
}

/** A time that may not have come. Servers send the year 1 for it. */
export function wireDateIfAny(property: string, value: unknown): Date | undefined {
  const date = wireDate(property, value);
  return date.getUTCFullYear() <= 1601 ? undefined : date;
}

/**
 * Puts the reasons why an entity is unhealthy into words: one sentence for each report or entity at the end of a chain of
 * reasons, after the names of the entities that lead to it. Does not repeat a sentence.
 */
export function describeUnhealthyEvaluations(evaluations: readonly HealthEvaluation[]): readonly string[] {
  return [...new Set(evaluations.flatMap((each) => describe(each, [])))];
}

function describe(evaluation: HealthEvaluation, above: readonly string[]): string[] {
  const names = evaluation.of === "entity" ? entityNames(evaluation) : [];
  const path = [...above, ...names.filter((name) => !above.includes(name))];
  const below = evaluation.unhealthyEvaluations.flatMap((each) => describe(each, path));
  if (below.length > 0) return below;
  const reason = evaluation.of === "event" ? describeEvent(evaluation.event) : evaluation.description;
  return [`${path.length === 0 ? "" : `${path.join(", ")}: `}${oneLine(reason)}`];
}

function describeEvent({ sourceId, property, healthState, description, isExpired }: HealthEvent): string {
  const reported = isExpired
    ? `the report of ${sourceId} on ${property} (${healthState}) has expired`
    : `${sourceId} reported ${healthState} on ${property}`;
  return description.trim() === "" ? `${reported}.` : `${reported}: ${description}`;
}

/** The names from the outermost entity to the innermost. */
function entityNames(entity: EntityEvaluation): string[] {
  const { applicationName, serviceName, serviceManifestName, partitionId, replicaId, nodeName } = entity;
  const named: readonly (readonly [string, string | undefined])[] = [
    ["", applicationName],
    ["", serviceName],
    ["partition ", partitionId],
    ["replica ", replicaId],
    ["node ", nodeName],
    ["service package ", serviceManifestName],
  ];
  const names = named.flatMap(([label, name]) => (name === undefined ? [] : [`${label}${name}`]));
  return names.length === 0 && entity.kind === "SystemApplication" ? ["fabric:/System"] : names;
}

/** Reports of services may have several lines, and must not control a terminal. */
function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
}
