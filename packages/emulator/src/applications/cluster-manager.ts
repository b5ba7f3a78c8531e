import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { FabricError, toFabricError } from "../wire/fabric-error.js";
import type { Clock } from "../wire/time.js";
import { withReport } from "./health.js";
import {
  beginProvision,
  failProvision,
  finishProvision,
  type ProvisionRequest,
  requireType,
  unprovision,
} from "./machine.js";
import {
  buildPackage,
  openPackage,
  type PackageStore,
  removeFromStore,
  removePath,
  storePackage,
} from "./packages.js";
import {
  type ClusterShape,
  type ClusterState,
  emptyState,
  findType,
  type HealthReport,
  type TypeVersion,
} from "./state.js";
import { observeHealth, settle } from "./upgrade.js";

/** The parts that a cluster manager works with. */
export interface ClusterManagerParts {
  readonly store: PackageStore;
  readonly clock: Clock;
  readonly shape: ClusterShape;
  /** The absolute path of the file that keeps the state. */
  readonly file: string;
}

/** Keeps the state of the cluster on disk, and does the work that the pure functions of this folder decide on. */
export class ClusterManager {
  readonly #parts: ClusterManagerParts;
  #state: ClusterState;
  /** The registrations in progress, by attempt. */
  readonly #jobs = new Map<number, Promise<void>>();
  /** Registrations run one after another, so that no two write the same part. */
  #queue: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];

  /** Opens the state of an earlier run, and continues its registrations. */
  constructor(parts: ClusterManagerParts) {
    this.#parts = parts;
    this.#state = existsSync(parts.file) ? readState(parts.file) : emptyState;
    for (const type of this.#state.types) if (type.status === "Provisioning") this.#start(type);
  }

  get shape(): ClusterShape {
    return this.#parts.shape;
  }

  get now(): number {
    return this.#parts.clock.now();
  }

  /** The state at this moment. */
  get state(): ClusterState {
    this.#set(settle(this.#state, this.now, this.shape));
    return this.#state;
  }

  /** Makes a change at this moment. If `change` throws, nothing changes. */
  change(change: (state: ClusterState, now: number) => ClusterState): void {
    const { now, shape } = this;
    this.#set(observeHealth(change(settle(this.#state, now, shape), now), now, shape));
  }

  setHealth(report: HealthReport): void {
    this.change((state, now) => withReport(state, report, now));
  }

  /** Registers a version from the image store. Resolves when it is accepted (asynchronous) or available. @throws FabricError */
  async provision(request: Omit<ProvisionRequest, "name" | "version">): Promise<void> {
    const { source } = request;
    if (source.kind === "download")
      throw new FabricError("E_NOTIMPL", "The emulator does not download packages yet.");
    const { manifest } = await openPackage(this.#parts.store, source.path);
    const { typeName: name, typeVersion: version } = manifest;
    this.change((state) => beginProvision(state, { ...request, name, version }));
    const type = requireType(this.#state, name, version);
    const job = this.#jobs.get(type.attempt) ?? this.#start(type);
    if (request.isAsync) return;
    await job;
  }

  /** Removes a version and its files. @throws FabricError */
  async unprovision(name: string, version: string): Promise<void> {
    const { content } = requireType(this.state, name, version);
    this.change((state) => unprovision(state, name, version));
    const others = this.#state.types.filter((type) => type.name === name);
    const inUse = new Set(others.flatMap((type) => Object.keys(type.content?.parts ?? {})));
    const parts = Object.keys(content?.parts ?? {});
    await this.#inTurn(() => removeFromStore(this.#parts.store, { name, version, parts }, inUse));
  }

  /** Waits until a registration ends. @throws FabricError `FABRIC_E_TIMEOUT` */
  async nextChange(timeoutMs: number): Promise<void> {
    const isTimeout = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), timeoutMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve(false);
      });
    });
    if (isTimeout) throw new FabricError("FABRIC_E_TIMEOUT");
  }

  /** Resolves when no registration is in progress. */
  async settled(): Promise<void> {
    for (const wake of this.#waiting.splice(0)) wake();
    await Promise.allSettled([...this.#jobs.values(), this.#queue]);
  }

  #start(type: TypeVersion): Promise<void> {
    const job = this.#inTurn(() => this.#register(type)).finally(() => {
      this.#jobs.delete(type.attempt);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.#jobs.set(type.attempt, job);
    // An asynchronous failure is in the state.
    job.catch(() => undefined);
    return job;
  }

  async #register({ attempt, source, name, version }: TypeVersion): Promise<void> {
    const { store } = this.#parts;
    try {
      if (source.kind === "download") throw new FabricError("E_NOTIMPL");
      const { content, copies } = await buildPackage(store, await openPackage(store, source.path));
      // Check for changed content before any file is copied.
      finishProvision(this.#state, attempt, content);
      if (findType(this.#state, name, version)?.attempt !== attempt) throw new FabricError("E_ABORT");
      await storePackage(store, name, copies);
      this.change((state) => finishProvision(state, attempt, content));
      if (source.isRemovedAfterwards) await removePath(store, store.content.parsePath(source.path));
    } catch (error) {
      const failure = toFabricError(error);
      this.change((state) => failProvision(state, attempt, failure));
      throw failure;
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  #set(state: ClusterState): void {
    if (state === this.#state) return;
    const { file } = this.#parts;
    writeFileSync(`${file}.new`, JSON.stringify(state));
    renameSync(`${file}.new`, file);
    this.#state = state;
  }
}

function readState(file: string): ClusterState {
  const state: ClusterState = JSON.parse(readFileSync(file, "utf8"));
  return { ...emptyState, ...state };
}
