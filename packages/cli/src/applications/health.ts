import type { ApplicationHealth, EntityHealthState } from "@sf-image-store/client/applications";
import { oneLine } from "../output/escape.js";

/** Whether the application runs as intended. A warning needs attention, but is no failure. */
export function isHealthy({ healthState }: Pick<ApplicationHealth, "healthState">): boolean {
  return healthState === "Ok" || healthState === "Warning";
}

/** The health of an application for programs. */
export async function healthDocument(health: ApplicationHealth): Promise<object> {
  const { applicationName, healthState, services, nodes, statistics } = health;
  const events = health.events.map((event) => ({
    ...{ sourceId: event.sourceId, property: event.property, healthState: event.healthState },
    ...{ description: event.description, isExpired: event.isExpired, reportedAt: event.reportedAt },
  }));
  return {
    ...{ applicationName, healthState, unhealthy: await unhealthyLines(health) },
    ...{ services, nodes, events, statistics },
  };
}

/** The health of an application as a table. */
export async function healthRows(health: ApplicationHealth): Promise<readonly (readonly string[])[]> {
  const states = (label: string, all: readonly EntityHealthState[]) =>
    all.map(({ name, healthState }) => [label, `${name} ${healthState}`]);
  return [
    ["application", `${health.applicationName} ${health.healthState}`],
    ...states("service", health.services),
    ...states("node", health.nodes),
    ...(await unhealthyLines(health)).map((line) => ["reason", line]),
  ];
}

/** Why the application is not healthy, one sentence each. */
export async function unhealthyLines({
  unhealthyEvaluations,
}: Pick<ApplicationHealth, "unhealthyEvaluations">): Promise<readonly string[]> {
  const { describeUnhealthyEvaluations } = await import("@sf-image-store/client/applications");
  return describeUnhealthyEvaluations(unhealthyEvaluations).map(oneLine);
}
