import type { Schemas } from "@sf-image-store/types";
import { InvalidInputError } from "./errors.js";
import type { OptionNames } from "./known-options.js";
import { type OperationOptions, operationOptionNames } from "./options.js";
import { type GatewayPlatform, requireStorePath } from "./store-path.js";

const copyFlags = ["Echo", "Overwrite"] as const;

export type CopyFlag = (typeof copyFlags)[number];

export interface CopyContentOptions extends OperationOptions {
  /** The file or folder to copy. A folder must hold its mark file `_.dir`. */
  readonly source: string;
  /** Must lie apart from the source, in any case: overwriting deletes it first, which would take the source along. */
  readonly destination: string;
  /** Names of files to leave out, in any folder and any case. */
  readonly skipFiles?: readonly string[];
  /**
   * `Overwrite` deletes the destination first; `Echo` leaves a destination alone that has its mark file.
   * @default "Overwrite", applied by the server
   */
  readonly copyFlag?: CopyFlag;
  /** Documented, but no server is known to read it (protocol §1.5). */
  readonly checkMarkFile?: boolean;
}

export const copyOptionNames: OptionNames<CopyContentOptions> = {
  ...operationOptionNames,
  ...{ source: true, destination: true, skipFiles: true, copyFlag: true, checkMarkFile: true },
};

/** The body of a copy. Throws InvalidInputError for what a server would misread, or what would destroy the source. */
export function copyDescription(
  options: CopyContentOptions,
  platform: GatewayPlatform | undefined,
): Schemas["ImageStoreCopyDescription"] {
  const { skipFiles, copyFlag, checkMarkFile } = options;
  const source = nativeStorePath("source", options.source, platform);
  const destination = nativeStorePath("destination", options.destination, platform);
  refuseOverlap(source, destination);
  if (
    skipFiles !== undefined &&
    !(Array.isArray(skipFiles) && skipFiles.every((name) => typeof name === "string"))
  ) {
    throw new InvalidInputError("skipFiles", "must be a list of file names");
  }
  if (copyFlag !== undefined && !copyFlags.includes(copyFlag)) {
    throw new InvalidInputError(
      "copyFlag",
      `must be one of ${copyFlags.join(", ")}, got ${JSON.stringify(copyFlag)}`,
    );
  }
  if (checkMarkFile !== undefined && typeof checkMarkFile !== "boolean") {
    throw new InvalidInputError("checkMarkFile", "must be true or false");
  }
  return {
    RemoteSource: source,
    RemoteDestination: destination,
    ...(skipFiles === undefined ? {} : { SkipFiles: [...skipFiles] }),
    ...(copyFlag === undefined ? {} : { CopyFlag: copyFlag }),
    ...(checkMarkFile === undefined ? {} : { CheckMarkFile: checkMarkFile }),
  };
}

/** Overwriting deletes the destination first (protocol §1.5): it must not be, hold, or lie in the source. */
function refuseOverlap(source: string, destination: string): void {
  const [one, other] = [source, destination].map((path) => `${path.replaceAll("\\", "/").toLowerCase()}/`);
  if (one === undefined || other === undefined) return;
  if (!one.startsWith(other) && !other.startsWith(one)) return;
  const paths = `${JSON.stringify(source)} and ${JSON.stringify(destination)}`;
  throw new InvalidInputError("destination", `must be apart from the source, got ${paths}`);
}

/**
 * A store path as it stands in a request's body, where nothing decodes it. Servers compare it raw with the paths they keep,
 * whose separator is the platform's (protocol §1.5).
 */
function nativeStorePath(
  option: string,
  storePath: unknown,
  platform: GatewayPlatform | undefined,
): string {
  const separator = platform === "linux" ? "/" : "\\";
  return requireStorePath(option, storePath, true).split(/[/\\]/).join(separator);
}
