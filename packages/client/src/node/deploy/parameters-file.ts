import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseXml, type XmlElement, XmlError } from "@rgrove/parse-xml";
import type { ApplicationHealthPolicy } from "../../applications/health-operations.js";
import { defined } from "../../applications/request.js";
import type { MonitoringPolicy } from "../../applications/upgrades.js";
import { InvalidInputError } from "../../errors/errors.js";
import { attribute, childrenOf, localName, quote } from "../../package/manifest.js";
import { decodeText } from "../lint.js";
import type { DeployUpgradeMode } from "./deployment.js";

/** What an ApplicationParameters file or a Publish Profile says. Settings that are missing in the file are undefined. */
export interface FileSettings {
  readonly applicationName?: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly upgradeMode?: DeployUpgradeMode | undefined;
  readonly monitoring?: MonitoringPolicy | undefined;
  readonly healthPolicy?: ApplicationHealthPolicy | undefined;
  readonly forceRestart?: boolean | undefined;
  readonly replicaSetCheckTimeoutSeconds?: number | undefined;
}

const option = "parametersFile";

/** Reads the file, and the one that it names. Throws InvalidInputError for any other file. */
export async function readParametersFile(file: string | URL): Promise<FileSettings> {
  const path = file instanceof URL ? pathOfUrl(file) : resolve(file);
  const root = await readRoot(path);
  if (localName(root) === "Application") return readParameters(root, path);
  if (localName(root) !== "PublishProfile") {
    throw invalid(
      path,
      `has the root element ${root.name} instead of Application or PublishProfile. Use an ApplicationParameters file or a Publish Profile`,
    );
  }
  const [reference] = childrenOf(root, "ApplicationParameterFile");
  const name = reference === undefined ? undefined : attribute(reference, "Path");
  if (name === undefined) throw invalid(path, "has no ApplicationParameterFile with a Path. Add it");
  // Visual Studio on Windows writes the path.
  const named = resolve(dirname(path), name.replaceAll("\\", "/"));
  const inside = await readRoot(named);
  if (localName(inside) !== "Application")
    throw invalid(named, `has the root element ${inside.name} instead of Application`);
  return { ...readParameters(inside, named), ...readUpgrade(root, path) };
}

function pathOfUrl(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new InvalidInputError(option, "must be a path or a file: URL on this machine", { cause });
  }
}

async function readRoot(path: string): Promise<XmlElement> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new InvalidInputError(option, `cannot be read: ${fileProblem(path, cause)}`, { cause });
  });
  try {
    const { root } = parseXml(decodeText(bytes).replace(/^\uFEFF/, ""));
    if (root !== null) return root;
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    const [reason = ""] = cause.message.split("\n");
    throw invalid(path, `is not well-formed XML: ${reason}`, cause);
  }
  throw invalid(path, "is empty");
}

const problems: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  ENOTDIR: "does not exist",
  EISDIR: "is a directory",
  EACCES: "may not be read by this user",
  EPERM: "may not be read by this user",
};

/** Why a file cannot be read, without the words of the operating system if the reason is common. */
export function fileProblem(path: string, cause: unknown): string {
  const problem = cause instanceof Error && "code" in cause ? problems[String(cause.code)] : undefined;
  if (problem !== undefined) return `${path} ${problem}`;
  return `${path}: ${cause instanceof Error ? cause.message : String(cause)}`;
}

function readParameters(root: XmlElement, path: string): FileSettings {
  const elements = childrenOf(root, "Parameters").flatMap((each) => childrenOf(each, "Parameter"));
  const parameters = new Map<string, string>();
  for (const element of elements) {
    const name = attribute(element, "Name");
    // An empty value is a value.
    const value = element.attributes["Value"];
    if (name === undefined || value === undefined)
      throw invalid(path, "has a Parameter without Name or Value. Add it");
    if (parameters.has(name)) throw invalid(path, `has the parameter ${quote(name)} twice. Remove one`);
    parameters.set(name, value);
  }
  return { applicationName: attribute(root, "Name"), parameters: Object.fromEntries(parameters) };
}

const modes: Readonly<Record<string, DeployUpgradeMode>> = {
  Monitored: "monitored",
  UnmonitoredAuto: "unmonitored-auto",
  UnmonitoredManual: "manual",
};

const failureActions = ["Rollback", "Manual"] as const;

/** The settings of the element UpgradeDeployment, whose attributes are those of Start-ServiceFabricApplicationUpgrade. */
function readUpgrade(root: XmlElement, path: string): Partial<FileSettings> {
  const [upgrade] = childrenOf(root, "UpgradeDeployment");
  if (upgrade === undefined) return {};
  const [settings = upgrade] = childrenOf(upgrade, "Parameters");
  const text = (name: string) => attribute(settings, name);
  const number = (name: string) => {
    const value = text(name);
    if (value !== undefined && !/^\d{1,10}$/.test(value))
      throw invalid(path, `has ${name}=${quote(value)}, which is not a whole number`);
    return value === undefined ? undefined : Number(value);
  };
  const milliseconds = (name: string) => {
    const seconds = number(name);
    // The largest number of seconds of the cluster, which Visual Studio writes for no limit.
    return seconds === undefined
      ? undefined
      : seconds >= 2 ** 32 - 1
        ? Number.POSITIVE_INFINITY
        : seconds * 1000;
  };
  const flag = (name: string) => {
    const value = text(name)?.replace(/^\$/, "").toLowerCase();
    if (value !== undefined && value !== "true" && value !== "false")
      throw invalid(path, `has ${name}=${quote(value)}, which is neither true nor false`);
    return value === undefined ? undefined : value === "true";
  };
  const mode = attribute(upgrade, "Mode");
  if (mode !== undefined && modes[mode] === undefined)
    throw invalid(path, `has Mode=${quote(mode)}, which is none of ${Object.keys(modes).join(", ")}`);
  const action = text("FailureAction");
  const failureAction = failureActions.find((each) => each === action);
  if (action !== failureAction)
    throw invalid(path, `has FailureAction=${quote(action ?? "")}, which is neither Rollback nor Manual`);
  const monitoring = defined({
    failureAction,
    healthCheckWaitMs: milliseconds("HealthCheckWaitDurationSec"),
    healthCheckStableMs: milliseconds("HealthCheckStableDurationSec"),
    healthCheckRetryMs: milliseconds("HealthCheckRetryTimeoutSec"),
    upgradeTimeoutMs: milliseconds("UpgradeTimeoutSec"),
    upgradeDomainTimeoutMs: milliseconds("UpgradeDomainTimeoutSec"),
  });
  const healthPolicy = defined({
    considerWarningAsError: flag("ConsiderWarningAsError"),
    maxPercentUnhealthyDeployedApplications: number("MaxPercentUnhealthyDeployedApplications"),
  });
  return {
    upgradeMode: mode === undefined ? undefined : modes[mode],
    monitoring: whatIsSet(monitoring),
    healthPolicy: whatIsSet(healthPolicy),
    forceRestart: flag("ForceRestart"),
    replicaSetCheckTimeoutSeconds: number("UpgradeReplicaSetCheckTimeoutSec"),
  };
}

/** Undefined if nothing is set. */
function whatIsSet<Value extends object>(value: Value): Value | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

function invalid(path: string, problem: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError(option, `${path} ${problem}`, { cause });
}
