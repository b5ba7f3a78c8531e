import type { Fault, FaultAction } from "@sf-image-store/emulator";
import fc from "fast-check";
import { type Deployment, type DeployOptions, type Fetch, isDeployError } from "../../src/node/index.js";
import { type Cluster, monitoring, shop } from "./cluster.js";

/** What the cluster has before the deployment of version 2. */
const beginnings = [
  "nothing",
  "version 1",
  "a failed version 2",
  "version 2 for another application",
  "an upgrade to version 2",
  "an upgrade to version 3",
  "a rollback",
] as const;

/** How a deployment is stopped: before the request with a number is sent, while it is on its way, or after its response. */
interface Kill {
  readonly request: number;
  readonly when: "before" | "during" | "after";
}

/** Deployments of version 2, one after the other, until one of them ends by itself. */
export interface Schedule {
  readonly beginning: (typeof beginnings)[number];
  readonly isBad: boolean;
  readonly mode: NonNullable<DeployOptions["upgradeMode"]>;
  readonly parameters: DeployOptions["parameters"];
  readonly kills: readonly Kill[];
  readonly faults: readonly Fault[];
  /** How long requests take, in turn, in milliseconds of the cluster. */
  readonly delays: readonly number[];
}

const operations = [
  ...(["GetApplicationTypeInfoListByName", "GetApplicationManifest", "ProvisionApplicationType"] as const),
  ...([
    "GetApplicationInfo",
    "CreateApplication",
    "GetApplicationUpgrade",
    "StartApplicationUpgrade",
  ] as const),
  ...(["ResumeApplicationUpgrade", "GetApplicationHealth", "UploadFile", "GetImageStoreContent"] as const),
  ...(["DeleteImageStoreContent", "UnprovisionApplicationType", "GetApplicationInfoList"] as const),
];

const action = fc.constantFrom<FaultAction>(
  ...([{ do: "drop-before" }, { do: "drop-after" }, { do: "drop-after" }] as const),
  ...([503, 504, 500] as const).map((status) => ({ do: "answer", status, code: "E_ABORT" }) as const),
  { do: "answer-late", ms: 2 },
);

const fault: fc.Arbitrary<Fault> = fc
  .tuple(
    fc.constantFrom(...operations),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 3 }),
    action,
  )
  .map(([operation, nth, times, action]) => ({ operation, nth, times, ...action }));

const kill: fc.Arbitrary<Kill> = fc.record({
  request: fc.integer({ min: 1, max: 45 }),
  when: fc.constantFrom("before", "during", "after"),
});

export const schedule: fc.Arbitrary<Schedule> = fc.record({
  beginning: fc.constantFrom(...beginnings),
  isBad: fc.integer({ min: 0, max: 3 }).map((number) => number === 0),
  mode: fc.constantFrom("monitored", "monitored", "unmonitored-auto", "manual"),
  parameters: fc.constantFrom(undefined, {}, { Color: "blue" }),
  kills: fc.noBias(fc.array(kill, { maxLength: 4 })),
  faults: fc.noBias(fc.array(fault, { maxLength: 5 })),
  delays: fc.noBias(fc.array(fc.constantFrom(0, 10, 700, 5000), { minLength: 1, maxLength: 5 })),
});

export interface Outcome {
  /** The outcome of the deployment, or the reason why it failed. */
  readonly ended: string;
  readonly killed: number;
  /** Broken promises. Empty if there are none. */
  readonly violations: readonly string[];
}

/** Runs the deployments with kills and faults and, if transient failures ended the last one, one without. */
export async function perform(cluster: Cluster, schedule: Schedule, number: number): Promise<Outcome> {
  const type = `T${number}Type`;
  const applicationName = `fabric:/T${number}`;
  const { isBad, mode, parameters, faults } = schedule;
  await begin(cluster, schedule, type, applicationName);
  if (isBad)
    cluster.emulator.setHealth({
      application: applicationName,
      version: "2",
      state: "Error",
      description: "Bad.",
    });
  const violations: string[] = [];
  const expect = (holds: boolean, claim: string) => void (holds || violations.push(claim));
  const options: Partial<DeployOptions> = {
    ...{ upgradeMode: mode, confirmUpgradeDomain: () => true, healthTimeoutMs: 20_000, healthyForMs: 3000 },
    ...(parameters === undefined ? {} : { parameters }),
    retryOptions: { maxRetries: 6, retryDelayMs: 100, maxRetryDelayMs: 1000 },
    upload: { retryOptions: { maxRetries: 6, retryDelayMs: 1, maxRetryDelayMs: 2 } },
  };
  const removals = faults.map((fault) => cluster.emulator.addFault(fault));
  const before = cluster.requests.length;
  let killed = 0;
  let result: Deployment | unknown;
  for (const kill of [...schedule.kills, undefined]) {
    const stop = new AbortController();
    const clients = cluster.newClients(killingFetch(cluster, schedule.delays, kill, stop));
    result = await cluster
      .deploy(source(type), { ...options, cluster: clients, abortSignal: stop.signal })
      .catch((error: unknown) => error);
    if (!(isDeployError(result) && result.reason === "aborted")) break;
    killed += 1;
  }
  for (const remove of removals) remove();
  // What transient failures ended must go on.
  if (isDeployError(result) && ["no-progress", "upload"].includes(result.reason)) {
    expect(faults.length > 0, `failures need faults, not ${result.message}`);
    result = await cluster.deploy(source(type), options).catch((error: unknown) => error);
  }
  const application = await cluster.applications.getApplication({ applicationName });
  const isThere = application?.typeVersion === "2" && application.status === "Ready";
  if (isDeployed(result)) {
    expect(isThere, "succeeds only if the application has the version");
    const health = await cluster.applications.getApplicationHealth({ applicationName });
    expect(health.healthState === "Ok", "succeeds only if the application is healthy");
    expect(!isBad, "does not succeed with a bad version");
    expect(
      parameters === undefined || JSON.stringify(application?.parameters) === JSON.stringify(parameters),
      "succeeds only if the application has the parameters",
    );
    expect(result.cleanUpFailure !== undefined || !(await hasPackage(cluster, type)), "deletes the package");
  } else if (isDeployError(result)) {
    const { reason, unhealthyReasons, message } = result;
    expect(isBad, `fails only because of the version, not: ${message}`);
    expect(["rolled-back", "unhealthy"].includes(reason), `fails for the right reason, not: ${message}`);
    expect(
      unhealthyReasons.some((text) => text.includes("Bad.")),
      `says why, not only: ${message}`,
    );
    expect((reason === "unhealthy") === isThere, `says the truth about the version, not: ${message}`);
  } else {
    violations.push(`rejects with its own errors, not ${String(result)}`);
  }
  if (killed === 0) {
    // A request of a killed deployment may arrive after the next one has read the state.
    const conflicts = cluster.requests
      .slice(before)
      .filter(({ method, status }) => method === "POST" && status === 409);
    expect(conflicts.length === 0, `never repeats blindly, as ${conflicts.map(({ url }) => url).join()}`);
  }
  const ended = isDeployed(result) ? result.outcome : isDeployError(result) ? result.reason : "?";
  return { ended, killed, violations };
}

function source(type: string) {
  return shop("2", { type, isSmall: true });
}

function isDeployed(result: unknown): result is Deployment {
  return typeof result === "object" && result !== null && "outcome" in result;
}

async function hasPackage(cluster: Cluster, type: string): Promise<boolean> {
  const store = cluster.clients.imageStore;
  for await (const entry of store.listContent()) if (entry.storePath === `${type}_2`) return true;
  return false;
}

async function begin(
  cluster: Cluster,
  { beginning }: Schedule,
  type: string,
  applicationName: string,
): Promise<void> {
  const { imageStore, applications } = cluster.clients;
  const provision = async (version: string, isBroken = false) => {
    const destination = `begin_${type}_${version}`;
    const content = isBroken ? shop(version, { type, isBroken }) : shop(version, { type, isSmall: true });
    await imageStore.uploadPackage(content, { destination, receipt: false, verify: false });
    await applications.provisionApplicationType({ storePath: destination, async: isBroken });
  };
  if (beginning === "nothing") return;
  if (beginning === "a failed version 2") return provision("2", true);
  if (beginning !== "version 2 for another application") {
    await provision("1");
    await applications.createApplication({ applicationName, typeName: type, typeVersion: "1" });
    if (beginning === "version 1") return;
  }
  const version = beginning === "an upgrade to version 3" || beginning === "a rollback" ? "3" : "2";
  await provision(version);
  if (beginning === "version 2 for another application") {
    const other = { applicationName: `${applicationName}-other`, typeName: type, typeVersion: "2" };
    return applications.createApplication(other);
  }
  const upgrade = { ...monitoring, failureAction: "Rollback" } as const;
  await applications.startApplicationUpgrade({
    applicationName,
    typeVersion: version,
    monitoring: upgrade,
    parameters: {},
  });
  if (beginning === "a rollback") await applications.rollbackApplicationUpgrade({ applicationName });
}

/** Sends requests that take time, and stops the deployment at one of them. */
function killingFetch(
  cluster: Cluster,
  delays: readonly number[],
  kill: Kill | undefined,
  stop: AbortController,
): Fetch {
  let sent = 0;
  return async (url, init) => {
    sent += 1;
    cluster.time.advance(delays[sent % delays.length] ?? 0);
    if (kill === undefined || sent !== kill.request) return fetch(url, init);
    if (kill.when === "before") stop.abort();
    const { signal: _, ...withoutSignal } = init;
    const response = kill.when === "before" ? fetch(url, init) : fetch(url, withoutSignal);
    if (kill.when === "during") setImmediate(() => stop.abort());
    if (kill.when === "after") {
      await response.catch(() => undefined);
      stop.abort();
    }
    return response;
  };
}
