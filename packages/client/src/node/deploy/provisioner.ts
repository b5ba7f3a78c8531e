import { XmlError } from "@rgrove/parse-xml";
import type { ApplicationType } from "../../applications/application-types.js";
import { isInvalidInputError } from "../../errors/errors.js";
import { unchangedVersionText } from "../../package/lint.js";
import type { UploadedPackage } from "../../package/package-options.js";
import { isVerificationError } from "../../upload/upload-error.js";
import { DeployError, type DeployFailure } from "./deploy-error.js";
import type { Deployment } from "./deployment.js";
import type { Phases } from "./phases.js";
import type { DeployHistory, DeployTarget } from "./plan.js";
import { compareWithKept, compareWithStored, differentFilesText } from "./provisioned.js";
import { type DeployRequests, deployError, sendRecorded, undefinedIfMissing } from "./requests.js";
import type { DeploySettings } from "./settings.js";
import { type DeploySource, isSameManifest, type PackageFacts } from "./source.js";

/** What a deployment works with. */
export interface DeployParts {
  readonly settings: DeploySettings;
  readonly source: DeploySource;
  readonly facts: PackageFacts;
  readonly target: DeployTarget;
  readonly destination: string;
  readonly phases: Phases;
  readonly requests: DeployRequests;
}

/** Makes the version available: the first half of a deployment. */
export class Provisioner {
  readonly #parts: DeployParts;
  readonly #history: DeployHistory;
  #isUploaded = false;
  /** How it is known that a version that the cluster had before is the package. */
  proof: Deployment["proof"];
  /** The result of the last upload. */
  upload: UploadedPackage | undefined;

  constructor(parts: DeployParts, history: DeployHistory) {
    this.#parts = parts;
    this.#history = history;
    this.proof = parts.facts.manifest === undefined ? "name" : "manifest";
  }

  /** Uploads the package, or, if that was done, sends the request to provision it. */
  async provision(type: ApplicationType | undefined): Promise<void> {
    const { source, settings, target, destination, phases, requests } = this.#parts;
    const { typeName, typeVersion } = target;
    const history = this.#history;
    history.isProved = false;
    // The upload takes time: the caller reads the state again before it goes on.
    if (source.content !== undefined && !this.#isUploaded) return this.#uploadPackage(source.content);
    phases.enter("provision", `Provisioning ${typeName} ${typeVersion}.`, { type });
    const { url } = source;
    const record = { get: () => history.provision, set: set(history, "provision") };
    const outcome = await sendRecorded(record, type?.status, () =>
      requests.send("provision", (options) =>
        settings.clients.applications.provisionApplicationType(
          url === undefined
            ? { storePath: destination, cleanupPolicy: "Manual", ...options }
            : { packageUrl: url, typeName, typeVersion, ...options },
        ),
      ),
    ).catch((error: unknown) => {
      throw this.#failed("provision-failed", `The cluster rejected ${typeName} ${typeVersion}`, error);
    });
    // The package may have been deleted after the upload.
    if (outcome === "conflict") this.#isUploaded = false;
  }

  async #uploadPackage(content: NonNullable<DeploySource["content"]>): Promise<void> {
    const { settings, phases, destination, requests } = this.#parts;
    phases.enter("upload", `Uploading the package to ${destination}.`);
    const upload = (replace: boolean) =>
      settings.clients.imageStore.uploadPackage(content, {
        ...settings.upload,
        ...{ replace, destination, abortSignal: requests.signal },
        onProgress: (upload) => phases.enter("upload", phases.message, { upload }),
      });
    // The default path is only for this version. If the version is not provisioned, a failed attempt left the content.
    const isOwnPath = settings.destination === undefined && settings.upload.replace === undefined;
    try {
      const uploaded = await upload(settings.upload.replace ?? false).catch(async (error: unknown) => {
        const isOccupied = isInvalidInputError(error) || isVerificationError(error);
        if (!isOwnPath || !isOccupied || requests.signal.aborted || (await this.#isProvisioned()))
          throw error;
        return upload(true);
      });
      this.upload = uploaded;
      this.#isUploaded = true;
      const { alreadyThere, sentBytes, totalBytes, files } = uploaded;
      const message = alreadyThere
        ? `${destination} already had the package.`
        : `Sent ${sentBytes} of ${totalBytes} bytes in ${files} files to ${destination}.`;
      phases.end("upload", alreadyThere ? "already-done" : "done", message);
    } catch (error) {
      requests.signal.throwIfAborted();
      if (phases.failure !== undefined) throw phases.failure;
      // Another deployment of the same version may have provisioned it and deleted the package.
      if (await this.#isProvisioned()) return;
      throw isInvalidInputError(error) ? error : this.#failed("upload", "The upload failed", error);
    }
  }

  async #isProvisioned(): Promise<boolean> {
    const { settings, target, requests } = this.#parts;
    const { typeName, typeVersion } = target;
    const type = await requests.read((options) =>
      settings.clients.applications.getApplicationType({ typeName, typeVersion, ...options }),
    );
    return type !== undefined && type.status !== "Failed";
  }

  /**
   * Compares the manifest of the available version with that of the package, also after a provision request: the cluster may have
   * joined it with that of another deployment.
   */
  async prove(): Promise<void> {
    const { settings, target, facts, destination, phases, requests } = this.#parts;
    const { typeName, typeVersion } = target;
    if (facts.manifest !== undefined) {
      phases.enter("provision", `Comparing the manifest of ${typeName} ${typeVersion}.`);
      const found = await requests.read((options) =>
        settings.clients.applications
          .getApplicationManifest({ typeName, typeVersion, ...options })
          .catch(undefinedIfMissing),
      );
      // The version was removed just now.
      if (found === undefined) return;
      if (!isSame(facts.manifest, found)) {
        const advice = unchangedVersionText("The application", typeVersion, "ApplicationTypeVersion");
        const message = `The cluster already has ${typeName} ${typeVersion} with another application manifest. ${advice}`;
        throw new DeployError(message, this.#state("different-content"));
      }
    }
    const isOwn = this.#history.provision !== undefined;
    if (!isOwn) await this.#compareFiles();
    this.#history.isProved = true;
    const how = {
      name: ".",
      manifest: " with the same application manifest. Not all other files could be compared.",
      sizes: " with the same application manifest, and files of the same names and sizes.",
      package: ` with the same application manifest, and the same package was at ${destination} before that.`,
    }[this.proof];
    const message = isOwn
      ? `Provisioned ${typeName} ${typeVersion}.`
      : `The cluster already had ${typeName} ${typeVersion}${how}`;
    phases.end("provision", isOwn ? "done" : "already-done", message);
  }

  /** Throws if the cluster has the version with other files. */
  async #compareFiles(): Promise<void> {
    const { settings, source, target, facts, destination, phases, requests } = this.#parts;
    if (source.content === undefined) return;
    const { typeName, typeVersion } = target;
    phases.enter("provision", `Comparing the files of ${typeName} ${typeVersion}.`);
    const { imageStore } = settings.clients;
    const compared = await compareWithStored(facts.parts, target, requests, imageStore);
    const { differences, isComplete, storedAt } = compared;
    if (differences.length > 0)
      throw new DeployError(differentFilesText(target, differences), this.#state("different-content"));
    this.proof = isComplete ? "sizes" : "manifest";
    if (storedAt === undefined) return;
    const kept = await compareWithKept(source.content, destination, storedAt, requests, imageStore);
    if (kept === "different") {
      const message = `The cluster already has ${typeName} ${typeVersion}, and the package that was at ${destination} before that has files with other content. Nothing was changed, because the cluster would run the old files. Raise the versions of what changed, and of the service and the application that contain it. Or, if the version came from another package, delete ${destination}.`;
      throw new DeployError(message, this.#state("different-content"));
    }
    if (kept === "same") this.proof = "package";
  }

  #failed(reason: DeployFailure, message: string, cause: unknown): unknown {
    const { requests, phases } = this.#parts;
    // Failures that a repetition may fix have reasons of their own.
    if (requests.signal.aborted || phases.failure !== undefined) return cause;
    return reason !== "upload" && !isRejection(cause)
      ? cause
      : deployError(message, this.#state(reason), cause);
  }

  #state(reason: DeployFailure) {
    const { target, phases } = this.#parts;
    return { reason, phase: phases.phase, phases: phases.results, ...target };
  }
}

/** Whether the cluster does not accept the package. */
function isRejection(error: unknown): boolean {
  return error instanceof Error && "status" in error && (error.status === 400 || error.status === 404);
}

function isSame(manifest: string, found: string): boolean {
  try {
    return isSameManifest(manifest, found);
  } catch (error) {
    if (error instanceof XmlError) return false;
    throw error;
  }
}

/** Sets a property. */
export function set<Key extends "provision" | "create" | "upgrade">(history: DeployHistory, key: Key) {
  return (value: DeployHistory[Key]): void => {
    history[key] = value;
  };
}
