import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { type ClusterState, emptyState } from "./state.js";

/** Returns what is wrong with a value, such as `types[0].name must be a string`. Undefined if it is valid. */
type Check = (value: unknown, path: string) => string | undefined;

const text: Check = (value, path) => (typeof value === "string" ? undefined : `${path} must be a string`);
const flag: Check = (value, path) =>
  typeof value === "boolean" ? undefined : `${path} must be true or false`;
const number: Check = (value, path) => (Number.isFinite(value) ? undefined : `${path} must be a number`);

function choice(...choices: readonly string[]): Check {
  return (value, path) =>
    choices.some((each) => each === value) ? undefined : `${path} must be one of ${choices.join(", ")}`;
}

function listOf(item: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path} must be an array`;
    return firstOf(value.map((each, index) => item(each, `${path}[${index}]`)));
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const anyObject: Check = (value, path) => (isObject(value) ? undefined : `${path} must be an object`);

/** An object with required members, and with others that may be missing. It may have more. */
function object(
  required: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): Check {
  return (value, path) => {
    if (!isObject(value)) return `${path} must be an object`;
    const present = Object.entries(optional).filter(([name]) => value[name] !== undefined);
    return firstOf(
      [...Object.entries(required), ...present].map(([name, check]) => check(value[name], `${path}.${name}`)),
    );
  };
}

function recordOf(item: Check): Check {
  return (value, path) =>
    isObject(value)
      ? firstOf(Object.entries(value).map(([name, each]) => item(each, `${path}.${name}`)))
      : `${path} must be an object`;
}

function firstOf(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}

const parameters = listOf(object({ Key: text, Value: text }));

const source: Check = (value, path) => {
  const kind = isObject(value) ? value["kind"] : undefined;
  if (kind === "download") return object({ uri: text })(value, path);
  return object({ kind: choice("image-store"), path: text, isRemovedAfterwards: flag })(value, path);
};

const content = object({
  manifest: text,
  parameters,
  services: listOf(
    object({
      name: text,
      typeName: text,
      kind: choice("Stateless", "Stateful"),
      hasPersistedState: flag,
      manifestVersion: text,
    }),
  ),
  parts: recordOf(text),
});

const type = object(
  {
    name: text,
    version: text,
    status: choice("Provisioning", "Available", "Failed"),
    details: text,
    source,
    isAsync: flag,
    attempt: number,
  },
  { stored: listOf(text), content },
);

const plan = {
  version: text,
  parameters,
  mode: choice("Monitored", "UnmonitoredAuto", "UnmonitoredManual"),
  monitoring: object({
    failureAction: choice("Rollback", "Manual"),
    waitMs: number,
    stableMs: number,
    retryMs: number,
    upgradeTimeoutMs: number,
    domainTimeoutMs: number,
  }),
  healthPolicy: anyObject,
  description: anyObject,
};

const upgrade = object(
  {
    ...plan,
    direction: choice("forward", "back"),
    phase: choice("replacing", "checking", "waiting", "ended"),
    phaseAt: number,
    done: number,
    touched: number,
    startedAt: number,
    domainStartedAt: number,
  },
  {
    healthySince: number,
    failure: object({
      at: number,
      reason: choice("Interrupted", "HealthCheck", "UpgradeDomainTimeout", "OverallUpgradeTimeout"),
      domain: number,
      evaluations: listOf(anyObject),
    }),
  },
);

const optionalReport = {
  application: text,
  service: text,
  node: text,
  version: text,
  afterUpgradeDomain: text,
  description: text,
  sourceId: text,
  property: text,
};

const clusterState = object({
  types: listOf(type),
  applications: listOf(
    object({ name: text, typeName: text, version: text, parameters }, { upgrade, goal: object(plan) }),
  ),
  reports: listOf(object({ state: choice("Ok", "Warning", "Error"), at: number }, optionalReport)),
  attempts: number,
  removals: listOf(object({ name: text, stored: listOf(text) })),
});

/** Reads the state of an earlier run. Empty if there is none. @throws Error that names the file and the problem. */
export function readState(file: string): ClusterState {
  if (!existsSync(file)) return emptyState;
  let problem: string | undefined;
  let cause: unknown;
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (isState(value)) return value;
    problem = clusterState(value, "it");
  } catch (error) {
    cause = error;
    problem = error instanceof Error ? error.message : String(error);
  }
  throw new Error(
    `${file} is not valid: ${problem}. Fix it, or delete it to start without application types and applications.`,
    { cause },
  );
}

function isState(value: unknown): value is ClusterState {
  return clusterState(value, "it") === undefined;
}

/** Replaces the file, so that a killed process leaves the old or the new one. */
export function writeState(file: string, state: ClusterState): void {
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}
