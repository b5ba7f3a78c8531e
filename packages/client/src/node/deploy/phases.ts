import type { Clock } from "../../async/clock.js";
import type { DeployPhase, DeployPhaseResult, DeployProgress } from "./deployment.js";

const order: readonly DeployPhase[] = [
  ...(["lint", "upload", "provision", "create", "upgrade", "health", "clean-up"] as const),
];

type Details = Partial<
  Pick<DeployProgress, "upload" | "type" | "upgrade" | "health" | "healthyForMs" | "failure">
>;

/** Measures the phases of a deployment and reports its progress. */
export class Phases {
  readonly #clock: Clock;
  readonly #onProgress: ((progress: DeployProgress) => void) | undefined;
  readonly #startedAt: number;
  readonly #durations = new Map<DeployPhase, number>();
  readonly #results = new Map<DeployPhase, Pick<DeployPhaseResult, "status" | "message">>();
  #enteredAt: number;
  #phase: DeployPhase = "lint";
  #message = "";
  #details: Details = {};
  /** What `onProgress` has thrown. */
  failure: Error | undefined;

  constructor(clock: Clock, onProgress: ((progress: DeployProgress) => void) | undefined) {
    this.#clock = clock;
    this.#onProgress = onProgress;
    this.#startedAt = clock.now();
    this.#enteredAt = this.#startedAt;
  }

  get phase(): DeployPhase {
    return this.#phase;
  }

  /** What the deployment does, or waits for. */
  get message(): string {
    return this.#message;
  }

  /** Reports a step, and enters its phase. */
  enter(phase: DeployPhase, message: string, details: Details = {}): void {
    this.expect(phase, message);
    this.#details = details;
    this.#report();
  }

  /** Enters a phase without a report, before it is known whether an earlier one is next. */
  expect(phase: DeployPhase, message: string): void {
    this.#measure();
    this.#phase = phase;
    this.#message = message;
    this.#details = {};
  }

  /** Reports a failure after which the deployment retries. */
  retry(failure: unknown): void {
    this.#report(failure instanceof Error ? failure : new Error(String(failure)));
  }

  /** Records how a phase ended. A phase may end again, if the deployment had to go back. */
  end(phase: DeployPhase, status: DeployPhaseResult["status"], message: string): void {
    this.#measure();
    this.#results.set(phase, { status, message });
  }

  has(phase: DeployPhase): boolean {
    return this.#results.has(phase);
  }

  get results(): readonly DeployPhaseResult[] {
    return order.flatMap((phase) => {
      const result = this.#results.get(phase);
      const durationMs = Math.round(this.#durations.get(phase) ?? 0);
      return result === undefined ? [] : [{ phase, ...result, durationMs }];
    });
  }

  #measure(): void {
    const now = this.#clock.now();
    this.#durations.set(this.#phase, (this.#durations.get(this.#phase) ?? 0) + now - this.#enteredAt);
    this.#enteredAt = now;
  }

  #report(failure?: Error): void {
    if (this.#onProgress === undefined) return;
    const { upload, type, upgrade, health, healthyForMs = 0 } = this.#details;
    try {
      this.#onProgress({
        phase: this.#phase,
        message: this.#message,
        elapsedMs: Math.round(this.#clock.now() - this.#startedAt),
        ...{ upload, type, upgrade, health, healthyForMs, failure },
      });
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      this.failure ??= new Error(`onProgress has thrown an error: ${what}`, { cause });
      throw this.failure;
    }
  }
}
