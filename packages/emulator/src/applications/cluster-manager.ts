import { FabricError, toFabricError } from "../wire/fabric-error.js";
import type { Clock } from "../wire/time.js";
import { downloadPackage } from "./download.js";
import { withReport } from "./health.js";
import {
  attemptOf,
  beginCopying,
  beginProvision,
  failProvision,
  finishProvision,
  noteProgress,
  type ProvisionRequest,
  requireType,
  unprovision,
  unusedParts,
} from "./machine.js";
import { invalid } from "./manifests.js";
import {
  buildPackage,
  type OpenPackage,
  openStoredPackage,
  type PackageStore,
  readManifest,
  removeFromStore,
  removePath,
  storedParts,
  storePackage,
} from "./packages.js";
import {
  type ClusterShape,
  type ClusterState,
  type HealthReport,
  nodeName,
  type Removal,
  type TypeVersion,
} from "./state.js";
import { readState, writeState } from "./state-file.js";
import { observeHealth, settle } from "./upgrade.js";

/** The parts that a cluster manager works with. */
export interface ClusterManagerParts {
  readonly store: PackageStore;
  readonly clock: Clock;
  readonly shape: ClusterShape;
  /** The absolute path of the file that keeps the state. */
  readonly file: string;
}

/** A request to register a version. The name and the version are in the package, if it is in the image store. */
export type SentProvision = Pick<ProvisionRequest, "source" | "isAsync"> &
  Partial<Pick<ProvisionRequest, "name" | "version">>;

/** A registration in progress. */
interface Job {
  readonly ended: Promise<void>;
  readonly canceling: AbortController;
}

/** Keeps the state of the cluster on disk, and does the work that the pure functions of this folder decide on. */
export class ClusterManager {
  readonly #parts: ClusterManagerParts;
  #state: ClusterState;
  /** By attempt. */
  readonly #jobs = new Map<number, Job>();
  /** Copies and removals run one after another, so that no two change the same part. */
  #queue: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];
  #isClosing = false;

  /** Opens the state of an earlier run, and continues its work. @throws Error if the file is not valid. */
  constructor(parts: ClusterManagerParts) {
    this.#parts = parts;
    this.#state = readState(parts.file);
    // A failed removal is repeated at the next start.
    if (this.#state.removals.length > 0) this.#tidy().catch(() => undefined);
    for (const type of this.#state.types) if (type.status === "Provisioning") this.#start(type);
  }

  get shape(): ClusterShape {
    return this.#parts.shape;
  }

  get nodes(): readonly string[] {
    return Array.from({ length: this.shape.upgradeDomains }, (_, index) => nodeName(index));
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

  /** Registers a version. Resolves when the request is accepted (asynchronous), or the version is available. @throws FabricError */
  async provision(request: SentProvision): Promise<void> {
    const { name = "", version = "" } = await this.#identify(request);
    this.change((state) => beginProvision(state, { ...request, name, version }));
    const type = requireType(this.#state, name, version);
    const job = this.#jobs.get(type.attempt) ?? this.#start(type);
    if (request.isAsync) return;
    await job.ended;
  }

  /** The name and the version in a package of the image store. Those of a download are in the request. */
  async #identify({ source, ...request }: SentProvision): Promise<Pick<SentProvision, "name" | "version">> {
    if (source.kind === "download") return request;
    const { manifest } = await openStoredPackage(this.#parts.store, source.path);
    return { name: manifest.typeName, version: manifest.typeVersion };
  }

  /** Removes a version and its files. @throws FabricError */
  async unprovision(name: string, version: string): Promise<void> {
    const { attempt } = requireType(this.state, name, version);
    this.change((state) => unprovision(state, name, version));
    this.#jobs.get(attempt)?.canceling.abort(new FabricError("E_ABORT"));
    await this.#tidy();
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

  /** Interrupts the registrations. The next run continues them. Call this before the store closes. */
  close(): void {
    this.#isClosing = true;
    for (const { canceling } of this.#jobs.values()) canceling.abort(new FabricError("E_ABORT"));
    this.#wake();
  }

  /** Resolves when no work is in progress. */
  async settled(): Promise<void> {
    this.#wake();
    await Promise.allSettled([...[...this.#jobs.values()].map(({ ended }) => ended), this.#queue]);
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #start(type: TypeVersion): Job {
    const canceling = new AbortController();
    const ended = this.#register(type, canceling.signal).finally(() => {
      this.#jobs.delete(type.attempt);
      this.#wake();
    });
    const job = { ended, canceling };
    this.#jobs.set(type.attempt, job);
    // An asynchronous failure is in the state.
    ended.catch(() => undefined);
    return job;
  }

  async #register(type: TypeVersion, signal: AbortSignal): Promise<void> {
    const { attempt } = type;
    for (;;) {
      try {
        signal.throwIfAborted();
        await this.#build(type, signal);
        return;
      } catch (error) {
        const failure = toFabricError(error);
        // A failover of the image store interrupted the work.
        if (failure.code === "E_ABORT" && !signal.aborted) continue;
        // The next run continues.
        if (!this.#isClosing) {
          this.change((state) => failProvision(state, attempt, failure));
          await this.#tidy();
        }
        throw failure;
      }
    }
  }

  async #build(type: TypeVersion, signal: AbortSignal): Promise<void> {
    const { attempt, source } = type;
    const { store } = this.#parts;
    if (source.kind === "image-store") {
      await this.#inTurn(async () => {
        await this.#buildFrom(await openStoredPackage(store, source.path), type);
        const isRemovable = source.isRemovedAfterwards && attemptOf(this.#state, attempt) !== undefined;
        if (isRemovable) await removePath(store, store.content.parsePath(source.path));
      });
      return;
    }
    const onProgress = (details: string) => {
      this.change((state) => noteProgress(state, attempt, details));
    };
    // Others need not wait for the download.
    await using files = await downloadPackage(store, source.uri, { signal, onProgress });
    const opened = await readManifest(files, "the downloaded package");
    await this.#inTurn(() => this.#buildFrom(opened, type));
  }

  async #buildFrom(opened: OpenPackage, { attempt, name, version }: TypeVersion): Promise<void> {
    const { store } = this.#parts;
    const { typeName, typeVersion } = opened.manifest;
    if (typeName !== name || typeVersion !== version)
      throw invalid(`The package contains ${typeName} ${typeVersion}, not ${name} ${version}.`);
    const { content, copies } = await buildPackage(store, opened);
    this.change((state) => beginCopying(state, attempt, storedParts(version, content), content));
    await storePackage(store, name, copies);
    this.change((state) => finishProvision(state, attempt, content));
    // If the registration was canceled meanwhile, the copies are not used.
    await this.#removeUnused();
  }

  /** Removes what no version uses, after the work in progress. */
  #tidy(): Promise<void> {
    return this.#inTurn(() => this.#removeUnused());
  }

  async #removeUnused(): Promise<void> {
    for (const removal of this.#state.removals) {
      await removeFromStore(this.#parts.store, removal.name, unusedParts(this.#state, removal));
      const isOther = (each: Removal) => each !== removal;
      this.change((state) => ({ ...state, removals: state.removals.filter(isOther) }));
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  #set(state: ClusterState): void {
    if (state === this.#state) return;
    writeState(this.#parts.file, state);
    this.#state = state;
  }
}
