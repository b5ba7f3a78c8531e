import { type Command, Option } from "@commander-js/extra-typings";
import type { DeployError, Deployment, DeployOptions, PackageContent } from "@sf-image-store/client/node";
import { type DeployDisplay, startDeployDisplay } from "../applications/deploy-display.js";
import { addParameterFlag, type GivenParameters, translateDeployInput } from "../applications/parameters.js";
import {
  addMonitoringFlags,
  addUpgradeFlags,
  monitoringOf,
  type UpgradeFlags,
} from "../applications/upgrade-flags.js";
import { examples, type Perform } from "../command-line/command.js";
import { parseApplicationName, parseDepth, parseDuration, parseStorePath } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { openClusterWithStore } from "../connection/open-store.js";
import { Interruption, UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { resumeOf } from "../output/hints.js";
import { addSummary } from "../output/summary.js";
import { askYes, canAsk, rejectReservedPath } from "../store/delete-content.js";
import { addTransferFlags, type TransferFlags, transferOptions } from "../upload/flags.js";
import { findingText } from "../upload/lint.js";
import { extentText } from "../upload/messages.js";
import { addSelectionFlags, type SelectionFlags } from "../upload/patterns.js";
import { compressed, findSource, type LocalSource, readSource } from "../upload/source.js";

interface Flags extends TransferFlags, UpgradeFlags, SelectionFlags {
  readonly name?: string | undefined;
  readonly parameters?: GivenParameters | undefined;
  readonly typeName?: string | undefined;
  readonly typeVersion?: string | undefined;
  readonly to?: string | undefined;
  readonly replace?: true | undefined;
  readonly compress?: true | undefined;
  readonly whenUpgrading?: "wait" | "replace" | "fail" | undefined;
  readonly wait?: number | undefined;
  readonly healthyFor?: number | undefined;
  readonly keepVersions?: number | undefined;
  readonly keepPackage?: true | undefined;
  readonly dryRun?: true | undefined;
}

export function declare(command: Command, perform: Perform): void {
  const declared = command
    .argument(
      "<path>",
      "directory of the package, .sfpkg archive, or the URL of an .sfpkg file that the cluster downloads",
    )
    .option(
      "--name <app-name>",
      "name of the application, with or without fabric:/ (default: the one in the file of --parameters, or that of the type without the suffix Type)",
      parseApplicationName,
    )
    .option("--type-name <type-name>", "name of the type; required with a URL")
    .option("--type-version <type-version>", "version of the type; required with a URL")
    .option(
      "--to <store-path>",
      "path of the package in the image store (default: TYPE_VERSION)",
      parseStorePath,
    )
    .option("--replace", "overwrite another package at --to")
    .option("--compress", "compress a copy of the package and upload that; the directory is not modified")
    .option("--dry-run", "show what would happen, and change nothing");
  const withUpgrade = addMonitoringFlags(addUpgradeFlags(addParameterFlag(declared)))
    .addOption(
      new Option(
        "--when-upgrading <action>",
        "what to do if another upgrade of the application is in progress (default: wait)",
      ).choices(["wait", "replace", "fail"]),
    )
    .option(
      "--wait <time>",
      "maximum time to wait until the application is healthy, after it was created or upgraded (default: 10m)",
      parseDuration,
    )
    .option(
      "--healthy-for <time>",
      "how long the application must be healthy before the deployment succeeds, such as 0s or 2m (default: 30s)",
      parseOptionalDuration,
    )
    .option(
      "--keep-versions <n>",
      "remove older versions that no application uses, except the N newest; 0 or more (default: remove none)",
      parseDepth,
    )
    .option("--keep-package", "do not delete the package from the image store afterward");
  addSelectionFlags(addTransferFlags(withUpgrade))
    .addHelpText("after", `${deployNote}${examples(...deployExamples)}`)
    .action((path, flags, self) => perform(self, (cli) => deploy(cli, path, flags)));
}

const deployNote = `
Exits with 0 only if the new version runs and is healthy. To continue after an interruption, run the same command again: it
goes on where the earlier one stopped. If the version is already deployed, it changes nothing, and only waits until the
application has been healthy for the time of --healthy-for.

If the cluster has the version with another application manifest, or with files of other names or sizes, deploy fails and
changes nothing. It notices a file that changed and kept its size only if --keep-package kept the earlier package. So after
any change to the package, increase the versions in the manifests.

Without --parameters, an existing application keeps its parameters. With it, parameters that are not specified get their
default values. A Publish Profile also has settings for the upgrade; flags override them.
`;
const deployExamples = [
  "deploy ./MyApp",
  "deploy MyApp.sfpkg --name fabric:/MyApp --parameters ApplicationParameters/Cloud.xml",
  "deploy ./MyApp --parameters Web_InstanceCount=5 --health-check-stable 30s --keep-versions 2",
  "deploy ./MyApp --name MyAppBlue --upgrade-mode manual --on-failure manual",
  "deploy ./MyApp --dry-run",
];

/** Parses a duration that may be zero. */
function parseOptionalDuration(text: string): number {
  return /^0[smhdw]?$/.test(text) ? 0 : parseDuration(text);
}

/** The state of a deployment that a failure is reported with. */
interface Attempt {
  /** The path and its extent. */
  name: string;
  current: DeployDisplay["current"];
}

async function deploy(cli: Cli, path: string, flags: Flags): Promise<void> {
  // The query of a URL may contain a secret.
  const attempt: Attempt = { name: oneLine(path.replace(/[?#].*/s, "")), current: undefined };
  try {
    await deployPath(cli, path, flags, attempt);
  } catch (error) {
    throw await reportFailed(cli, attempt, translateDeployInput(error));
  }
}

/** Adds the failure to the summary. Returns the error to throw. */
async function reportFailed(cli: Cli, { name, current }: Attempt, error: unknown): Promise<unknown> {
  const [{ isDeployError }, { failureSummary }, { explain }] = await Promise.all([
    import("@sf-image-store/client/node"),
    import("../applications/deployment.js"),
    import("../errors/explain.js"),
  ]);
  const failed = isDeployError(error) ? error : undefined;
  const reported = failed === undefined ? error : asInterruption(cli, failed, current);
  const context = { isInterrupted: cli.signal.aborted, maybeChanged: failed !== undefined };
  const { text } = explain(reported, context);
  await addSummary(cli.output, cli.environment, failureSummary(name, failed, current, text));
  return reported;
}

async function deployPath(cli: Cli, path: string, flags: Flags, attempt: Attempt): Promise<void> {
  const isUrl = /^https?:\/\//i.test(path);
  if (isUrl && (flags.to ?? flags.compress) !== undefined) {
    throw new UsageError(
      "--to and --compress cannot be used with a URL, because the cluster downloads the package.",
    );
  }
  if (flags.replace && flags.to === undefined) throw new UsageError("--replace requires --to.");
  if (flags.to !== undefined) rejectReservedPath(flags.to, "Use --to to specify another path.");
  if (flags.compress && flags.fingerprint === "stat") {
    throw new UsageError("--compress cannot be used with --fingerprint stat. Use --fingerprint content.");
  }
  const opened: LocalSource[] = [];
  try {
    if (isUrl) return await deployFrom(cli, { path: attempt.name, content: path }, flags, attempt);
    const asPackage = { ...flags, unpack: true };
    const found = await findSource(path, asPackage);
    if (found.kind === "file") {
      throw new UsageError(
        "A package cannot be read from standard input. Specify a directory or an .sfpkg archive.",
      );
    }
    const original = await readSource(cli, found, asPackage);
    opened.push(original);
    const source = flags.compress ? await compressed(cli, original) : original;
    if (source !== original) opened.push(source);
    if (source.kind === "file") return;
    attempt.name = `${oneLine(path)} (${extentText(source)})`;
    await deployFrom(cli, { path, content: source.content }, flags, attempt);
  } finally {
    for (const source of opened) await source[Symbol.asyncDispose]();
  }
}

/** What to deploy. */
interface Source {
  readonly path: string;
  readonly content: string | PackageContent;
}

async function deployFrom(cli: Cli, source: Source, flags: Flags, attempt: Attempt): Promise<void> {
  const { output, environment, signal } = cli;
  await using cluster = await openClusterWithStore(cli, { maxRetries: flags.maxRetries });
  const clients = { imageStore: cluster.store, applications: cluster.applications };
  output.note(`${flags.dryRun ? "Planning the deployment of" : "Deploying"} ${attempt.name}.`);
  const display = await startDeployDisplay(output, oneLine(source.path), signal);
  const [{ deployApplication }, texts] = await Promise.all([
    import("@sf-image-store/client/node"),
    import("../applications/deployment.js"),
  ]);
  let deployment: Deployment;
  try {
    deployment = await deployApplication(source.content, {
      ...deployOptions(cli, flags),
      cluster: clients,
      onProgress: display.onProgress,
    });
  } catch (error) {
    attempt.current = display.current;
    display.end(false);
    throw error;
  }
  display.end(true);
  for (const finding of deployment.findings) output.warn(findingText(finding), { finding });
  if (deployment.cleanUpFailure !== undefined) {
    output.warn(`Not everything could be cleaned up: ${deployment.cleanUpFailure.message}`);
  }
  const note = texts.knownVersionNote(deployment);
  if (note !== undefined) output.note(oneLine(note));
  await addSummary(output, environment, await texts.deploymentSummary(deployment));
  output.result(
    await texts.deploymentDocument(source.path, deployment),
    await texts.deploymentText(deployment),
  );
}

function deployOptions(cli: Cli, flags: Flags): Omit<DeployOptions, "cluster"> {
  const { timeoutMs, ...transfer } = transferOptions(flags);
  const { name, parameters, typeName, typeVersion, to, wait, healthyFor, keepVersions } = flags;
  // Without --to, packages of other deployments are replaced.
  const upload = { ...transfer, ...(to === undefined ? {} : { replace: flags.replace === true }) };
  const hasValues = parameters !== undefined && Object.keys(parameters.values).length > 0;
  return {
    ...defined({ applicationName: name, typeName, typeVersion, destination: to, keepVersions, timeoutMs }),
    ...defined({ healthTimeoutMs: wait, healthyForMs: healthyFor, whenUpgrading: flags.whenUpgrading }),
    ...defined({ upgradeMode: flags.upgradeMode, failureAction: flags.onFailure }),
    ...defined({ parametersFile: parameters?.file, parameters: hasValues ? parameters.values : undefined }),
    ...defined({ forceRestart: flags.forceRestart, keepPackage: flags.keepPackage, dryRun: flags.dryRun }),
    ...(transfer.retryOptions === undefined ? {} : { retryOptions: transfer.retryOptions }),
    ...(canAsk(cli) ? { confirmUpgradeDomain: (upgrade) => confirmDomain(cli, upgrade) } : {}),
    upload,
    monitoring: monitoringOf(flags),
    abortSignal: cli.signal,
  };
}

async function confirmDomain(
  cli: Cli,
  { nextUpgradeDomain = "" }: { readonly nextUpgradeDomain: string | undefined },
): Promise<boolean> {
  cli.output.endLine();
  return await askYes(cli, `Continue with the upgrade domain ${oneLine(nextUpgradeDomain)}?`);
}

/** The same object without members that are undefined. */
function defined<Value extends object>(
  value: Value,
): { [Key in keyof Value]?: Exclude<Value[Key], undefined> };
function defined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}

/** Says that the cluster goes on, and how to continue. */
function asInterruption(
  { signal, argv, environment }: Cli,
  error: DeployError,
  current: DeployDisplay["current"],
): Error {
  if (!signal.aborted) return error;
  const resume = resumeOf(argv, environment);
  const text = [
    // Before the first step after the check, the deployment only reads.
    `Stopped. ${stoppedTexts[current?.phase ?? error.phase]}`,
    ...(current === undefined ? [] : [`Last step: ${oneLine(current.message)}`]),
    "To continue, run:",
    `  ${resume.command}`,
  ].join("\n");
  const { phase, applicationName = null, typeName = null, typeVersion = null } = error;
  const details = { phase, applicationName, typeName, typeVersion, resume };
  return new Interruption(text, details, { cause: error });
}

const stoppedTexts: Readonly<Record<DeployError["phase"], string>> = {
  lint: "Nothing was sent.",
  upload: "The cluster keeps what was uploaded for about 30 minutes.",
  provision: "If the cluster has begun to provision the type, it continues.",
  create: "The cluster continues to create the application.",
  upgrade: "The cluster continues the upgrade.",
  health: "The new version is deployed, but it is not known whether it is healthy.",
  "clean-up": "The application is deployed and healthy, but old content was not removed.",
};
