import type { ApplicationsClient, ApplicationUpgrade } from "@sf-image-store/client/applications";
import type { Cli } from "../connection/cli.js";
import { DeploymentError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { quoteName } from "../output/hints.js";
import type { Output } from "../output/output.js";
import { countText, durationText } from "../output/units.js";
import { pollUntil } from "./waiting.js";

/** What the display of an upgrade shows. */
export type UpgradeProgress = Pick<
  ApplicationUpgrade,
  "applicationName" | "state" | "upgradeDomains" | "durationMs"
> & {
  /** The name of the upgrade domain in progress. Undefined if there is none. */
  readonly currentDomain: string | undefined;
};

/** Shows the progress of an upgrade. */
export interface UpgradeDisplay {
  show(progress: UpgradeProgress): void;
  /** Must always be called. */
  end(): void;
}

/** One line that is redrawn on a terminal, otherwise a line whenever an upgrade domain is complete. */
export function upgradeDisplay(output: Output): UpgradeDisplay {
  if (output.canDraw && !output.isAtLeast("verbose")) return drawnDisplay(output);
  let shown = "";
  let domains = "";
  return {
    show(progress) {
      const { upgradeDomains, state } = progress;
      const text = lineText(progress);
      const now = JSON.stringify([state, upgradeDomains]);
      if (now === domains || (text === shown && !output.json)) return;
      domains = now;
      shown = text;
      output.note(text, { event: "upgrade", ...progressDocument(progress) });
    },
    end: () => {},
  };
}

function drawnDisplay(output: Output): UpgradeDisplay {
  let isDrawn = false;
  return {
    show(progress) {
      isDrawn = true;
      output.redraw(drawnText(progress, (output.terminal.columns ?? 80) - 1));
    },
    end: () => {
      if (isDrawn) output.endLine();
    },
  };
}

const cells: Readonly<Record<string, string>> = { Completed: "█", InProgress: "▒" };

/** `UD0 █  UD1 ▒  UD2 ·  upgrading UD1, 35 s`. Without the names if they do not fit. */
export function drawnText(progress: UpgradeProgress, columns: number): string {
  const { upgradeDomains, durationMs } = progress;
  const what = `${stepText(progress)}, ${durationText(durationMs)}`;
  const cell = (state: string) => cells[state] ?? "·";
  const named = upgradeDomains.map(({ name, state }) => `${oneLine(name)} ${cell(state)}  `).join("");
  const bare = `[${upgradeDomains.map(({ state }) => cell(state)).join("")}]  `;
  const text = `${named}${what}`;
  return text.length <= columns ? text : `${bare}${what}`.slice(0, columns);
}

function lineText(progress: UpgradeProgress): string {
  const step = stepText(progress);
  return `${step.charAt(0).toUpperCase()}${step.slice(1)}: ${countDone(progress)} of ${countText(progress.upgradeDomains.length, "upgrade domain")} complete.`;
}

export function countDone({ upgradeDomains }: Pick<UpgradeProgress, "upgradeDomains">): number {
  return upgradeDomains.filter(({ state }) => state === "Completed").length;
}

function stepText({ state, currentDomain, upgradeDomains }: UpgradeProgress): string {
  const current = currentDomain ?? upgradeDomains.find((each) => each.state === "InProgress")?.name;
  const where = current === undefined ? "" : ` ${oneLine(current)}`;
  switch (state) {
    case "RollingForwardInProgress":
      return `upgrading${where}`;
    case "RollingForwardPending":
      return "waiting for `app resume`";
    case "RollingForwardCompleted":
      return "upgraded";
    case "RollingBackInProgress":
    case "RollingBackPending":
      return `rolling back${where}`;
    case "RollingBackCompleted":
      return "rolled back";
    default:
      return oneLine(state);
  }
}

function progressDocument({ applicationName, state, upgradeDomains, durationMs }: UpgradeProgress): object {
  return { applicationName, state, upgradeDomains, durationMs };
}

const working = ["RollingForwardInProgress", "RollingBackInProgress", "RollingBackPending", "Invalid"];

export interface FollowOptions {
  readonly applicationName: string;
  readonly timeoutMs: number | undefined;
}

/** Shows the upgrade of an application until it has ended or waits for a decision. */
export async function followUpgrade(
  cli: Cli,
  applications: ApplicationsClient,
  { applicationName, timeoutMs }: FollowOptions,
): Promise<ApplicationUpgrade> {
  const display = upgradeDisplay(cli.output);
  const short = shortName(applicationName);
  const wait = { timeoutMs, work: "continues the upgrade", check: `sf-image-store app show ${short}` };
  try {
    return await pollUntil(cli, wait, async () => {
      const upgrade = await applications.getApplicationUpgrade({ applicationName, abortSignal: cli.signal });
      display.show({ ...upgrade, currentDomain: upgrade.current?.upgradeDomain });
      return working.includes(upgrade.state) ? undefined : upgrade;
    });
  } finally {
    display.end();
  }
}

/** The name of an application without `fabric:/`, as it can be typed. */
export function shortName(applicationName: string): string {
  return quoteName(applicationName.replace(/^fabric:\//, ""));
}

/** Throws DeploymentError, with the reasons in words, unless the application was upgraded to the version. */
export async function requireUpgraded(upgrade: ApplicationUpgrade, typeVersion: string): Promise<void> {
  const { state, targetTypeVersion, failure, applicationName } = upgrade;
  const isDone = state === "RollingForwardCompleted" && targetTypeVersion === typeVersion;
  const isWaiting = state === "RollingForwardPending" && failure === undefined;
  if (isDone || isWaiting) return;
  const name = oneLine(applicationName);
  const how =
    state === "RollingForwardCompleted"
      ? `Another upgrade of ${name} to ${oneLine(targetTypeVersion)} has replaced this one.`
      : state === "RollingBackCompleted"
        ? `The upgrade of ${name} to ${oneLine(typeVersion)} failed and was rolled back. The application runs ${oneLine(targetTypeVersion)}.`
        : state === "RollingForwardPending"
          ? `The upgrade of ${name} to ${oneLine(typeVersion)} failed and waits for a decision. To continue, run: sf-image-store app resume ${shortName(applicationName)}\nTo return to the old version, run: sf-image-store app rollback ${shortName(applicationName)}`
          : `The upgrade of ${name} to ${oneLine(typeVersion)} ended in the state ${oneLine(state)}.`;
  const document = await upgradeDocument(upgrade);
  throw new DeploymentError("upgrade-failed", [how, ...(await failureLines(upgrade))].join("\n"), document);
}

/** Why an upgrade failed, in lines. Empty if it did not fail. */
export async function failureLines({
  failure,
  unhealthyEvaluations,
  statusDetails,
}: ApplicationUpgrade): Promise<readonly string[]> {
  const { describeUnhealthyEvaluations } = await import("@sf-image-store/client/applications");
  const domain = failure?.progress?.upgradeDomain;
  const where = domain === undefined ? "" : ` in the upgrade domain ${oneLine(domain)}`;
  return [
    ...(failure === undefined ? [] : [`Reason: ${reasonText(failure.reason)}${where}.`]),
    ...describeUnhealthyEvaluations(unhealthyEvaluations).map((line) => `  ${oneLine(line)}`),
    ...(statusDetails === undefined ? [] : [`  ${oneLine(statusDetails)}`]),
  ];
}

const reasons: Readonly<Record<string, string>> = {
  Interrupted: "the upgrade was interrupted",
  HealthCheck: "the application was not healthy",
  UpgradeDomainTimeout: "an upgrade domain took too long",
  OverallUpgradeTimeout: "the upgrade took too long",
  ProcessingFailure: "the cluster could not process the upgrade",
};

function reasonText(reason: string): string {
  return reasons[reason] ?? oneLine(reason);
}

/** An upgrade for programs. */
export async function upgradeDocument(upgrade: ApplicationUpgrade): Promise<object> {
  const { describeUnhealthyEvaluations } = await import("@sf-image-store/client/applications");
  const { unhealthyEvaluations, failure, startedAt, nextUpgradeDomain, current: _, ...others } = upgrade;
  return {
    ...others,
    parameters: upgrade.parameters ?? null,
    statusDetails: upgrade.statusDetails ?? null,
    nextUpgradeDomain: nextUpgradeDomain ?? null,
    startedAt: startedAt?.toISOString() ?? null,
    failure:
      failure === undefined
        ? null
        : {
            reason: failure.reason,
            failedAt: failure.failedAt.toISOString(),
            upgradeDomain: failure.progress?.upgradeDomain ?? null,
          },
    unhealthy: describeUnhealthyEvaluations(unhealthyEvaluations),
  };
}
