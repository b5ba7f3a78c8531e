import {
  type Emulator,
  type EmulatorOptions,
  type RequestLogEntry,
  startEmulator,
} from "@sf-image-store/emulator";
import { type ApplicationsClient, createApplicationsClient } from "../../src/applications/index.js";
import type { Clock } from "../../src/async/clock.js";
import { deploy } from "../../src/node/deploy/run.js";
import {
  createImageStoreClient,
  type DeployClients,
  type DeployError,
  type Deployment,
  type DeployOptions,
  type Fetch,
  isDeployError,
  type PackageContent,
} from "../../src/node/index.js";
import { rejection } from "../server.js";

/** A clock that lets time pass only while a deployment waits, in the emulator, too. Several deployments can wait at a time. */
export class SharedTime implements Clock {
  readonly #emulator: Emulator;
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void; readonly isLimit: boolean }[] = [];
  #isScheduled = false;

  constructor(emulator: Emulator) {
    this.#emulator = emulator;
  }

  now(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
    this.#emulator.advance(ms);
  }

  /** Time does not jump to timers of a minute or more, because they only limit what takes longer than it should. */
  setTimer(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback, isLimit: ms >= 60_000 };
    this.#timers.push(timer);
    if (!timer.isLimit) this.#schedule();
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const next = Math.min(...this.#timers.flatMap(({ at, isLimit }) => (isLimit ? [] : [at])));
      if (next === Number.POSITIVE_INFINITY) return;
      this.advance(Math.max(0, next - this.#now));
      const due = this.#timers.filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at);
      this.#timers = this.#timers.filter(({ at }) => at > this.#now);
      for (const { callback } of due) callback();
      if (this.#timers.some(({ isLimit }) => !isLimit)) this.#schedule();
    });
  }
}

/** An emulated cluster, and what was requested. */
export interface Cluster extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly clients: DeployClients;
  readonly applications: ApplicationsClient;
  readonly time: SharedTime;
  readonly requests: RequestLogEntry[];
  /** New clients, which do not share what others remember. */
  newClients(fetch?: Fetch): DeployClients;
  /** Deploys with the time of the cluster. */
  deploy(source: string | URL | PackageContent, options?: Partial<DeployOptions>): Promise<Deployment>;
  /** The operations of requests that change something, without consecutive repetitions and without uploads. */
  changes(): string[];
}

/** Retries of clients without delays. */
const quick = { retryDelayMs: 1, maxRetryDelayMs: 2 };

/** Checks in an upgrade domain that take little time. */
export const monitoring = {
  healthCheckStableMs: 2000,
  healthCheckRetryMs: 4000,
  upgradeTimeoutMs: 600_000,
  upgradeDomainTimeoutMs: 60_000,
};

export async function startCluster(options: EmulatorOptions = {}): Promise<Cluster> {
  const requests: RequestLogEntry[] = [];
  const emulator = await startEmulator({
    ...options,
    onRequest: (entry) => {
      requests.push(entry);
      options.onRequest?.(entry);
    },
  });
  const time = new SharedTime(emulator);
  const newClients = (own?: Fetch): DeployClients => {
    const client = { endpoint: emulator.endpoint, retryOptions: { maxRetries: 1, ...quick } };
    const withFetch = own === undefined ? client : { ...client, fetch: own };
    return {
      imageStore: createImageStoreClient(withFetch),
      applications: createApplicationsClient(withFetch),
    };
  };
  const clients = newClients();
  return {
    ...{ emulator, clients, time, requests, newClients, applications: clients.applications },
    deploy: (source, own = {}) =>
      deploy(
        source,
        { cluster: clients, monitoring, upload: { retryOptions: quick }, ...own },
        { clock: time, random: () => 0.5 },
      ),
    changes: () => {
      const names = requests
        .filter(
          ({ method, operationId = "" }) => method !== "GET" && !/Upload|GetImageStore/.test(operationId),
        )
        .map(({ operationId = "?" }) => operationId);
      return names.filter((name, index) => name !== names[index - 1]);
    },
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}

interface ShopOptions {
  readonly code?: string;
  /** More parameters of the application manifest. */
  readonly extra?: string;
  readonly type?: string;
  /** Only the application manifest, without services. */
  readonly isSmall?: boolean;
  /** An import without a service manifest. */
  readonly isBroken?: boolean;
}

/** A small package of an application with one service. */
export function shop(
  version: string,
  {
    code = `// ${version}`,
    extra = "",
    type = "ShopType",
    isSmall = false,
    isBroken = false,
  }: ShopOptions = {},
): PackageContent {
  const xmlns = 'xmlns="http://schemas.microsoft.com/2011/01/fabric"';
  const service = `
  <ServiceManifestImport><ServiceManifestRef ServiceManifestName="WebPkg" ServiceManifestVersion="${version}" /></ServiceManifestImport>
  <DefaultServices><Service Name="Web"><StatelessService ServiceTypeName="WebType" InstanceCount="[Count]" /></Service></DefaultServices>`;
  const manifest = `<?xml version="1.0" encoding="utf-8"?>
<ApplicationManifest ApplicationTypeName="${type}" ApplicationTypeVersion="${version}" ${xmlns}>
  <Parameters><Parameter Name="Count" DefaultValue="1" /><Parameter Name="Color" DefaultValue="red" />${extra}</Parameters>${isSmall ? "" : service}
</ApplicationManifest>`;
  const files: Readonly<Record<string, string>> = {
    "ApplicationManifest.xml": manifest,
    ...(isSmall || isBroken ? {} : serviceFiles(version, code, xmlns)),
  };
  return {
    files: Object.entries(files).map(([relativePath, text]) => {
      const bytes = new TextEncoder().encode(text);
      return { relativePath, size: bytes.length, open: async () => bytes };
    }),
    folders: isSmall || isBroken ? [] : ["WebPkg", "WebPkg/Code"],
  };
}

function serviceFiles(version: string, code: string, xmlns: string): Readonly<Record<string, string>> {
  return {
    "WebPkg/ServiceManifest.xml": `<ServiceManifest Name="WebPkg" Version="${version}" ${xmlns}>
  <ServiceTypes><StatelessServiceType ServiceTypeName="WebType" /></ServiceTypes>
  <CodePackage Name="Code" Version="${version}" />
</ServiceManifest>`,
    "WebPkg/Code/app.js": code,
  };
}

/** The error of a deployment that must fail. */
export async function failure(deployment: Promise<unknown>): Promise<DeployError> {
  const error = await rejection(deployment);
  if (!isDeployError(error)) throw error;
  return error;
}
