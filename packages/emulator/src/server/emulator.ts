import { setMaxListeners } from "node:events";
import { join } from "node:path";
import { isLoopback } from "@sf-image-store/types";
import { ClusterManager } from "../applications/cluster-manager.js";
import { checkReport } from "../applications/health.js";
import { defaultShape } from "../applications/state.js";
import { completeEntra, hasImageStoreService, imageStoreService } from "../cluster/description.js";
import { createExplorer } from "../explorer/pages.js";
import { checkFault } from "../faults/fault.js";
import { FaultPlan } from "../faults/fault-plan.js";
import { createHandlers } from "../handlers/all-handlers.js";
import { closeStore, failOverStore, type ImageStore, openStore, sweepStore } from "../image-store.js";
import { fileName, type Kind } from "../option-kinds.js";
import { lateOnLinux, optionRows } from "../option-table.js";
import { defaultHost, type Emulator, type EmulatorOptions } from "../options.js";
import { createAuthentication } from "../security/authentication.js";
import { createCors, refuseWebPages } from "../security/web-pages.js";
import { parseGuid } from "../sessions/session-table.js";
import { type Location, openLocation } from "../store/location.js";
import { defaultApiVersionMax } from "../wire/query.js";
import { Bandwidth } from "../wire/request-body.js";
import { AdvancedClock } from "../wire/time.js";
import { createGateway, type GatewayParts, type OperationMatch } from "./gateway.js";
import { startListening } from "./listening.js";
import { createRouter, registeredOperations } from "./router.js";

/** How often to check for expired sessions if no request arrives, in real time. */
const idleSweepMs = 10_000;

/**
 * Starts an image store on this machine. Invalid options are rejected before anything is opened.
 * @throws RangeError or TypeError for an invalid option; FaultError for an invalid fault; LocationInUseError if another
 *   emulator uses the location; the operating system's error, with its `code`, if the port or the location cannot be used.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  checkOptions(options);
  for (const [index, fault] of (options.faults ?? []).entries()) checkFault(fault, `Fault ${index + 1}`);
  const clock = new AdvancedClock(options.clock ?? Date);
  const location = await openLocation(options.location);
  try {
    return await startAt(location, clock, options);
  } catch (error) {
    await location.release();
    throw error;
  }
}

async function startAt(
  location: Location,
  clock: AdvancedClock,
  options: EmulatorOptions,
): Promise<Emulator> {
  const store = await openStore(location.folder, clock, options);
  try {
    return await serveStore(store, location, clock, options);
  } catch (error) {
    await closeStore(store);
    throw error;
  }
}

async function serveStore(
  store: ImageStore,
  location: Location,
  clock: AdvancedClock,
  options: EmulatorOptions,
): Promise<Emulator> {
  const manager = new ClusterManager({
    store,
    clock,
    shape: {
      ...defaultShape,
      upgradeDomains: options.upgradeDomains ?? defaultShape.upgradeDomains,
      upgradeSpeed: options.upgradeSpeed ?? defaultShape.upgradeSpeed,
    },
    file: join(location.folder, "applications.json"),
  });
  const closing = new AbortController();
  // Every delayed request waits for it.
  setMaxListeners(0, closing.signal);
  const faults = new FaultPlan(store.platform, options.faults ?? []);
  const sweep = () => sweepStore(store);
  const failover = async () => {
    // After closing, there are no sessions.
    if (!closing.signal.aborted) await failOverStore(store);
  };
  const { port = 0, host = defaultHost, tls, bandwidth } = options;
  const cors = createCors(options.corsOrigins ?? []);
  const gateway = createGateway({
    ...gatewayParts(store, manager, clock, options),
    faults,
    beforeRequest: sweep,
    refuse: isLoopback(host) ? (request) => refuseWebPages(request, cors.isAllowed(request)) : () => {},
    cors,
    authenticate: createAuthentication(tls, options.bearer, clock),
    loseSessions: failover,
    setHealth: (report) => manager.setHealth(report),
    bandwidth: bandwidth === undefined ? undefined : new Bandwidth(bandwidth, closing.signal),
    closing: closing.signal,
  });
  const server = await startListening(gateway.listener, { port, host, tls });
  const sweeping = setInterval(sweep, idleSweepMs).unref();
  const close = once(async () => {
    clearInterval(sweeping);
    await server.stop();
    closing.abort();
    manager.close();
    store.staging.abort();
    await manager.settled();
    await gateway.settled();
    await closeStore(store);
    await location.release();
  });
  return {
    endpoint: server.endpoint,
    location: location.folder,
    contentPath: (storePath) => contentPath(store, storePath),
    setHealth: (report) => manager.setHealth(checkReport(report)),
    addFault: (fault) => faults.add(checkFault(fault)),
    failover,
    advance: (ms) => {
      clock.advance(ms);
      sweep();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function contentPath({ content }: ImageStore, storePath: string): string {
  try {
    return content.resolve(content.parsePath(storePath));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RangeError(`"${storePath}" is not a valid store path. ${reason}`, { cause: error });
  }
}

type StoreParts = Pick<
  GatewayParts,
  | "router"
  | "handlers"
  | "apiVersionMax"
  | "clusterId"
  | "parsePath"
  | "pathOf"
  | "findPage"
  | "hasEntra"
  | "onRequest"
  | "onFault"
>;

/** The parts of the gateway that depend only on the store and the options. */
function gatewayParts(
  store: ImageStore,
  manager: ClusterManager,
  clock: AdvancedClock,
  options: EmulatorOptions,
): StoreParts {
  const {
    apiVersionMax = defaultApiVersionMax,
    clusterId,
    onRequest = () => {},
    onFault = () => {},
    imageStoreConnectionString: packages = imageStoreService,
  } = options;
  const operations = registeredOperations(store.platform, apiVersionMax);
  const explorer = createExplorer(store, manager, {
    clock,
    apiVersionMax,
    operations,
    packagesElsewhere: hasImageStoreService(packages) ? undefined : packages,
  });
  return {
    router: createRouter(operations, store.platform),
    handlers: createHandlers(store, manager, options),
    apiVersionMax,
    clusterId,
    parsePath: (text) => store.content.parsePath(text),
    pathOf: ({ contentPath, query }: OperationMatch) =>
      contentPath ?? store.sessions.find(parseGuid(query.get("session-id")) ?? "")?.path.text,
    findPage: explorer.findPage,
    hasEntra: options.entra !== undefined,
    onRequest: (entry) => {
      explorer.recordRequest(entry);
      onRequest(entry);
    },
    onFault: (fired) => {
      explorer.recordFault(fired);
      onFault(fired);
    },
  };
}

/** All calls share the result of the first one. */
function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}

/**
 * Checks the options of `startEmulator`.
 * @throws TypeError for a value of the wrong type, RangeError for a value out of range. The message names the option.
 */
function checkOptions(options: EmulatorOptions): void {
  for (const { option, kind } of optionRows) {
    if (option !== undefined && kind !== fileName) checkOption(option, kind, memberAt(options, option));
  }
  if (options.platform === "linux" && options.tls?.clientCertificate === "late")
    throw new RangeError(`tls.clientCertificate ${lateOnLinux}.`);
  if (options.entra !== undefined) completeEntra(options.entra);
}

function checkOption(name: string, kind: Kind<unknown>, value: unknown): void {
  const isAccepted: boolean = kind.accepts(value);
  if (value === undefined || isAccepted) return;
  const { type, requirement, item } = kind;
  if (item !== undefined && Array.isArray(value)) {
    for (const [index, each] of value.entries()) checkOption(`${name}[${index}]`, item, each);
  }
  const shown = typeof value === "string" ? `"${value}"` : String(value);
  const message = `${name} must be ${requirement}, not ${shown}.`;
  const isOutOfRange = item === undefined && typeof value === type;
  throw isOutOfRange ? new RangeError(message) : new TypeError(message);
}

/** The value at a path such as `tls.clientEku`. */
function memberAt(options: EmulatorOptions, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (holder, name) =>
        typeof holder === "object" && holder !== null ? Reflect.get(holder, name) : undefined,
      options,
    );
}
