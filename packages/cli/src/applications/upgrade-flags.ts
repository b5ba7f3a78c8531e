import { type Command, Option } from "@commander-js/extra-typings";
import type { MonitoringPolicy } from "@sf-image-store/client/applications";
import { parseDuration } from "../command-line/values.js";

/** Options for how an upgrade proceeds. */
export interface UpgradeFlags {
  readonly upgradeMode?: "monitored" | "unmonitored-auto" | "manual" | undefined;
  readonly onFailure?: "rollback" | "manual" | undefined;
  readonly healthCheckWait?: number | undefined;
  readonly healthCheckStable?: number | undefined;
  readonly healthCheckRetry?: number | undefined;
  readonly upgradeTimeout?: number | undefined;
  readonly domainTimeout?: number | undefined;
  readonly forceRestart?: true | undefined;
}

/** Adds the options for how an upgrade proceeds. */
export function addUpgradeFlags<Args extends unknown[], Flags extends Record<string, unknown>>(
  command: Command<Args, Flags>,
) {
  return command
    .addOption(
      new Option(
        "--upgrade-mode <mode>",
        "continue with the next upgrade domain after health checks (monitored), without them, or only after `app resume` (default: monitored)",
      ).choices(["monitored", "unmonitored-auto", "manual"]),
    )
    .addOption(
      new Option(
        "--on-failure <action>",
        "what a monitored upgrade does if the application is not healthy: return to the old version, or wait for `app resume` or `app rollback` (default: rollback)",
      ).choices(["rollback", "manual"]),
    )
    .option("--force-restart", "restart processes although their code did not change");
}

/** Adds the options for how a monitored upgrade checks health. */
export function addMonitoringFlags<Args extends unknown[], Flags extends Record<string, unknown>>(
  command: Command<Args, Flags>,
) {
  return command
    .addOption(
      time(
        "--health-check-wait <time>",
        "time between the upgrade of a domain and its first health check (default: none)",
      ),
    )
    .addOption(
      time(
        "--health-check-stable <time>",
        "how long a domain must be healthy before the next one (default: 2m)",
      ),
    )
    .addOption(
      time(
        "--health-check-retry <time>",
        "how long to repeat failed health checks before the upgrade fails (default: 10m)",
      ),
    )
    .addOption(
      time(
        "--upgrade-timeout <time>",
        "maximum time for the upgrade, enforced by the cluster (default: no limit)",
      ),
    )
    .addOption(
      time(
        "--domain-timeout <time>",
        "maximum time for an upgrade domain, enforced by the cluster (default: no limit)",
      ),
    );
}

function time<const Flags extends string>(flags: Flags, description: string) {
  return new Option(flags, description).argParser(parseDuration);
}

/** The flags as options of the client, without the action after a failure. */
export function monitoringOf(flags: UpgradeFlags): Omit<MonitoringPolicy, "failureAction"> {
  const { healthCheckWait, healthCheckStable, healthCheckRetry, upgradeTimeout, domainTimeout } = flags;
  return {
    ...(healthCheckWait === undefined ? {} : { healthCheckWaitMs: healthCheckWait }),
    ...(healthCheckStable === undefined ? {} : { healthCheckStableMs: healthCheckStable }),
    ...(healthCheckRetry === undefined ? {} : { healthCheckRetryMs: healthCheckRetry }),
    ...(upgradeTimeout === undefined ? {} : { upgradeTimeoutMs: upgradeTimeout }),
    ...(domainTimeout === undefined ? {} : { upgradeDomainTimeoutMs: domainTimeout }),
  };
}
