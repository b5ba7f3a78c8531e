import type { Command } from "@commander-js/extra-typings";
import type {
  Application,
  ApplicationsClient,
  StartUpgradeOptions,
} from "@sf-image-store/client/applications";
import { isFabricError } from "@sf-image-store/client/node";
import { addParameterFlag, type GivenParameters, readParameters } from "../applications/parameters.js";
import { typeText } from "../applications/provisioning.js";
import {
  failureLines,
  followUpgrade,
  requireUpgraded,
  shortName,
  upgradeDocument,
} from "../applications/upgrade.js";
import {
  addMonitoringFlags,
  addUpgradeFlags,
  monitoringOf,
  type UpgradeFlags,
} from "../applications/upgrade-flags.js";
import { examples, type Perform } from "../command-line/command.js";
import { parseApplicationName, parseDuration } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { withApplications } from "../connection/open-cluster.js";
import { DeploymentError, NotFoundError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { quoteName } from "../output/hints.js";
import { durationText } from "../output/units.js";

interface WaitFlags {
  readonly wait: boolean;
  readonly timeout?: number | undefined;
}

interface Flags extends UpgradeFlags, WaitFlags {
  readonly replace?: true | undefined;
  readonly parameters?: GivenParameters | undefined;
}

/** The arguments of a request for one application. */
interface Target {
  readonly applicationName: string;
  readonly abortSignal: AbortSignal;
}

/** The parts of `sf-image-store app` that change an upgrade. */
export function declareUpgrade(command: Command, perform: Perform): void {
  const declared = command
    .description(
      "upgrade an application to another version or other parameters, and wait until it is complete",
    )
    .argument("<app-name>", "name of the application, with or without fabric:/", parseApplicationName)
    .argument("<type-version>", "provisioned version of its application type");
  const replaceable = declared.option("--replace", "replace another upgrade that is in progress");
  addWaitFlags(addMonitoringFlags(addUpgradeFlags(addParameterFlag(replaceable))))
    .addHelpText("after", `${upgradeNote}${examples(...upgradeExamples)}`)
    .action((applicationName, typeVersion, flags, self) =>
      perform(self, (cli) => upgrade(cli, applicationName, typeVersion, flags)),
    );
}

const upgradeNote = `
Without --parameters, the application keeps its parameters. With it, parameters that are not specified get their default
values. Exits with 1 if the upgrade fails or is rolled back.
`;
const upgradeExamples = [
  "app upgrade fabric:/Shop 1.1.0",
  "app upgrade Shop 1.1.0 --health-check-stable 30s --on-failure manual",
  "app upgrade Shop 1.1.0 --parameters Web_InstanceCount=5 --no-wait",
];

function addWaitFlags<Args extends unknown[], Options extends Record<string, unknown>>(
  command: Command<Args, Options>,
) {
  return command
    .option("--no-wait", "exit when the cluster has accepted the request")
    .option(
      "--timeout <time>",
      "maximum time to wait, such as 15m or 2h; the cluster continues (default: no limit)",
      parseDuration,
    );
}

const modes = {
  monitored: "Monitored",
  "unmonitored-auto": "UnmonitoredAuto",
  manual: "UnmonitoredManual",
} as const;

async function upgrade(cli: Cli, applicationName: string, typeVersion: string, flags: Flags): Promise<void> {
  const given = await readParameters(flags.parameters);
  await withApplications(cli, async (applications) => {
    const target = { applicationName, abortSignal: cli.signal };
    const application = await requireApplication(applications, target);
    if (!flags.replace) await rejectOtherUpgrade(applications, application, typeVersion, cli.signal);
    const parameters = given ?? (await keptParameters(applications, application, typeVersion, cli.signal));
    const start = { ...target, typeVersion, parameters, ...startOptions(flags) };
    const { typeVersion: old } = application;
    const what = `${oneLine(applicationName)} from ${oneLine(old)} to ${oneLine(typeVersion)}`;
    const begun = await startUpgrade(applications, start);
    if (begun === "already-done") {
      const text = `${oneLine(applicationName)} already has the version ${oneLine(typeVersion)} and these parameters. Nothing was changed.`;
      cli.output.result(await upgradeDocument(await applications.getApplicationUpgrade(target)), text);
      return;
    }
    const isNew = begun === "started";
    if (!flags.wait) {
      const text = isNew ? "The cluster has started to upgrade" : "The cluster is already upgrading";
      return reportStart(cli, applications, target, `${text} ${what}.`);
    }
    cli.output.note(
      isNew ? `Upgrading ${what}.` : `The same upgrade is already in progress. Waiting for it.`,
    );
    const ended = await followUpgrade(cli, applications, { applicationName, timeoutMs: flags.timeout });
    await requireUpgraded(ended, typeVersion);
    const text =
      ended.state === "RollingForwardCompleted"
        ? `Upgraded ${what} in ${durationText(ended.durationMs)}.`
        : waitingText(applicationName, ended.nextUpgradeDomain);
    cli.output.result(await upgradeDocument(ended), text);
  });
}

/** The cluster would interrupt an upgrade to another version. */
async function rejectOtherUpgrade(
  applications: ApplicationsClient,
  { applicationName, status }: Application,
  typeVersion: string,
  abortSignal: AbortSignal,
): Promise<void> {
  if (status !== "Upgrading") return;
  const other = await applications.getApplicationUpgrade({ applicationName, abortSignal });
  if (other.targetTypeVersion === typeVersion) return;
  const name = shortName(applicationName);
  throw new DeploymentError(
    "upgrade-in-progress",
    `Another upgrade of ${oneLine(applicationName)} is in progress, to ${oneLine(other.targetTypeVersion)}. To see its progress, run: sf-image-store app show ${name}\nTo return to the old version, run: sf-image-store app rollback ${name}\nTo replace it, pass --replace.`,
    await upgradeDocument(other),
  );
}

function startOptions(flags: Flags): Pick<StartUpgradeOptions, "mode" | "monitoring" | "forceRestart"> {
  const failureAction = flags.onFailure === "manual" ? "Manual" : "Rollback";
  return {
    mode: modes[flags.upgradeMode ?? "monitored"],
    monitoring: { ...monitoringOf(flags), failureAction },
    ...(flags.forceRestart ? { forceRestart: true } : {}),
  };
}

/** A repeated command succeeds: it waits for the upgrade that an earlier one started, or has nothing to do. */
async function startUpgrade(
  applications: ApplicationsClient,
  options: StartUpgradeOptions,
): Promise<"started" | "in-progress" | "already-done"> {
  try {
    await applications.startApplicationUpgrade(options);
    return "started";
  } catch (error) {
    const code = isFabricError(error) ? error.code : undefined;
    if (code === "FABRIC_E_APPLICATION_UPGRADE_IN_PROGRESS") return "in-progress";
    if (code === "FABRIC_E_APPLICATION_ALREADY_IN_TARGET_VERSION") return "already-done";
    throw error;
  }
}

function waitingText(applicationName: string, nextUpgradeDomain: string | undefined): string {
  const domain =
    nextUpgradeDomain === undefined ? "" : ` before the upgrade domain ${oneLine(nextUpgradeDomain)}`;
  return `The upgrade of ${oneLine(applicationName)} waits${domain}. To continue, run: sf-image-store app resume ${shortName(applicationName)}`;
}

async function reportStart(
  { output }: Cli,
  applications: ApplicationsClient,
  target: Target,
  text: string,
): Promise<void> {
  const check = `To check, run: sf-image-store app show ${shortName(target.applicationName)}`;
  const document = await upgradeDocument(await applications.getApplicationUpgrade(target));
  output.result(document, `${text} ${check}`);
}

async function requireApplication(applications: ApplicationsClient, target: Target): Promise<Application> {
  const application = await applications.getApplication(target);
  if (application !== undefined) return application;
  throw new NotFoundError(
    `${oneLine(target.applicationName)} does not exist. To list applications, run: sf-image-store app ls`,
  );
}

/** The parameters that the new version also declares. */
async function keptParameters(
  applications: ApplicationsClient,
  { typeName, parameters }: Application,
  typeVersion: string,
  abortSignal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const type = await applications.getApplicationType({ typeName, typeVersion, abortSignal });
  if (type === undefined) {
    const key = typeText({ typeName, typeVersion });
    throw new NotFoundError(
      `${key} is not provisioned. To list versions, run: sf-image-store type ls ${quoteName(typeName)}`,
    );
  }
  return Object.fromEntries(
    Object.entries(parameters).filter(([name]) => Object.hasOwn(type.defaultParameters, name)),
  );
}

export function declareRollback(command: Command, perform: Perform): void {
  const declared = command
    .description("return from an upgrade in progress to the old version, and wait until that is complete")
    .argument("<app-name>", "name of the application, with or without fabric:/", parseApplicationName);
  addWaitFlags(declared)
    .addHelpText("after", examples("app rollback fabric:/Shop", "app rollback Shop --no-wait"))
    .action((applicationName, flags, self) => perform(self, (cli) => rollback(cli, applicationName, flags)));
}

async function rollback(cli: Cli, applicationName: string, { wait, timeout }: WaitFlags): Promise<void> {
  await withApplications(cli, async (applications) => {
    const target = { applicationName, abortSignal: cli.signal };
    await applications.rollbackApplicationUpgrade(target);
    const name = oneLine(applicationName);
    if (!wait) return reportStart(cli, applications, target, `The cluster has started to roll back ${name}.`);
    const ended = await followUpgrade(cli, applications, { applicationName, timeoutMs: timeout });
    if (ended.state !== "RollingBackCompleted") {
      throw new DeploymentError(
        "upgrade-failed",
        [`${name} was not rolled back: ${oneLine(ended.state)}.`, ...(await failureLines(ended))].join("\n"),
        await upgradeDocument(ended),
      );
    }
    const text = `Rolled back ${name}. It runs ${oneLine(ended.targetTypeVersion)}.`;
    cli.output.result(await upgradeDocument(ended), text);
  });
}

export function declareResume(command: Command, perform: Perform): void {
  const declared = command
    .description("continue an upgrade that waits, with the next upgrade domain")
    .argument("<app-name>", "name of the application, with or without fabric:/", parseApplicationName)
    .argument("[upgrade-domain]", "name of the upgrade domain (default: the one that the upgrade waits for)");
  addWaitFlags(declared)
    .addHelpText("after", examples("app resume fabric:/Shop", "app resume Shop UD2 --no-wait"))
    .action((applicationName, domain, flags, self) =>
      perform(self, (cli) => resume(cli, applicationName, domain, flags)),
    );
}

async function resume(
  cli: Cli,
  applicationName: string,
  domain: string | undefined,
  { wait, timeout }: WaitFlags,
): Promise<void> {
  await withApplications(cli, async (applications) => {
    const target = { applicationName, abortSignal: cli.signal };
    const before = await applications.getApplicationUpgrade(target);
    const upgradeDomain = domain ?? before.nextUpgradeDomain;
    const name = oneLine(applicationName);
    if (before.state !== "RollingForwardPending" || upgradeDomain === undefined) {
      throw new DeploymentError(
        "upgrade-failed",
        `The upgrade of ${name} does not wait: it is ${oneLine(before.state)}. To see its progress, run: sf-image-store app show ${shortName(applicationName)}`,
        await upgradeDocument(before),
      );
    }
    await applications.resumeApplicationUpgrade({ ...target, upgradeDomain });
    const text = `The cluster continues the upgrade of ${name} with ${oneLine(upgradeDomain)}.`;
    if (!wait) return reportStart(cli, applications, target, text);
    cli.output.note(text);
    const ended = await followUpgrade(cli, applications, { applicationName, timeoutMs: timeout });
    if (ended.state === "RollingForwardPending") {
      cli.output.result(await upgradeDocument(ended), waitingText(applicationName, ended.nextUpgradeDomain));
      return;
    }
    await requireUpgraded(ended, before.targetTypeVersion);
    cli.output.result(
      await upgradeDocument(ended),
      `Upgraded ${name} to ${oneLine(ended.targetTypeVersion)}.`,
    );
  });
}
