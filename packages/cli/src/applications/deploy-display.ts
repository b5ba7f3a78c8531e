import type { DeployPhase, DeployProgress } from "@sf-image-store/client/node";
import { oneLine } from "../output/escape.js";
import type { Output } from "../output/output.js";
import { type Progress, startProgress } from "../output/progress.js";
import { countDone, type UpgradeDisplay, upgradeDisplay } from "./upgrade.js";

/** The phase that a deployment is in. */
export interface CurrentPhase {
  readonly phase: DeployPhase;
  /** What the deployment did last. */
  readonly message: string;
  readonly durationMs: number;
}

/** Shows the progress of a deployment. */
export interface DeployDisplay {
  /** The client's `onProgress` option. */
  onProgress(progress: DeployProgress): void;
  /** Undefined if the deployment has not begun. */
  readonly current: CurrentPhase | undefined;
  /** Removes the display. Must always be called. */
  end(isDone: boolean): void;
}

export const phaseTitles: Readonly<Record<DeployPhase, string>> = {
  lint: "Check manifests",
  upload: "Upload",
  provision: "Provision the type",
  create: "Create the application",
  upgrade: "Upgrade the application",
  health: "Wait for health",
  "clean-up": "Clean up",
};

/**
 * A heading per phase, with bars for the upload and upgrade domains as they complete.
 * @param name The name of the upload.
 */
export async function startDeployDisplay(
  output: Output,
  name: string,
  signal: AbortSignal,
): Promise<DeployDisplay> {
  const upload = await startProgress(output, name, signal);
  output.status(undefined);
  return new PhaseDisplay(output, upload);
}

class PhaseDisplay implements DeployDisplay {
  readonly #output: Output;
  #current: Omit<CurrentPhase, "durationMs"> | undefined;
  #upload: Progress | undefined;
  #upgrade: UpgradeDisplay | undefined;
  #group: { end(): void } | undefined;
  #message = "";
  #beganAt = 0;
  #failure: Error | undefined;
  #percent = -1;

  constructor(output: Output, upload: Progress) {
    this.#output = output;
    this.#upload = upload;
  }

  get current(): CurrentPhase | undefined {
    return this.#current && { ...this.#current, durationMs: performance.now() - this.#beganAt };
  }

  readonly onProgress = (progress: DeployProgress): void => {
    const { phase, message, failure } = progress;
    if (this.#current?.phase !== phase) {
      this.#endPhase(true);
      this.#beganAt = performance.now();
      this.#group = this.#output.group(phaseTitles[phase]);
    }
    this.#current = { phase, message };
    if (failure !== undefined && failure !== this.#failure) {
      this.#output.detail(`Retrying after a failure: ${failure.message}`);
    }
    this.#failure = failure;
    if (progress.upload !== undefined) this.#upload?.onProgress(progress.upload);
    else if (progress.upgrade !== undefined && this.#isOwn(progress.upgrade))
      this.#showUpgrade(progress.upgrade);
    else this.#showMessage(progress);
  };

  end(isDone: boolean): void {
    this.#endPhase(isDone);
    this.#upload?.end(isDone);
    this.#upload = undefined;
  }

  #showMessage({ phase, message, elapsedMs }: DeployProgress): void {
    if (message === this.#message) return;
    this.#message = message;
    const text = `${phaseTitles[phase]}: ${oneLine(message)}`;
    this.#output.note(text, { event: "deploy", phase, message, elapsedMs });
    this.#output.status(phaseTitles[phase]);
  }

  /** Before the cluster has begun, it describes the last upgrade, which has ended. */
  #isOwn({ state }: NonNullable<DeployProgress["upgrade"]>): boolean {
    return this.#upgrade !== undefined || /(InProgress|Pending)$/.test(state);
  }

  #showUpgrade(upgrade: NonNullable<DeployProgress["upgrade"]>): void {
    this.#upgrade ??= upgradeDisplay(this.#output);
    this.#upgrade.show({ ...upgrade, currentDomain: upgrade.current?.upgradeDomain });
    const total = upgrade.upgradeDomains.length;
    const percent = total === 0 ? 0 : Math.floor((100 * countDone(upgrade)) / total);
    if (percent !== this.#percent) this.#output.stepProgress(percent, "Upgrade");
    this.#percent = percent;
  }

  #endPhase(isDone: boolean): void {
    if (this.#current?.phase === "upload") {
      this.#upload?.end(isDone);
      this.#upload = undefined;
    }
    this.#upgrade?.end();
    this.#upgrade = undefined;
    this.#group?.end();
    this.#group = undefined;
  }
}
