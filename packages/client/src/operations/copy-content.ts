import type { Schemas } from "@sf-image-store/types";
import { InvalidInputError } from "../errors/errors.js";
import { call } from "../http/call.js";
import { operationOptionNames } from "../http/options.js";
import type { Transport } from "../http/transport.js";
import { expectNoContent } from "../wire/answer.js";
import { type GatewayPlatform, requireStorePath } from "../wire/store-path.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import type { CopyContentOptions, CopyFlag } from "./content.js";

const copyFlags: readonly CopyFlag[] = ["Echo", "Overwrite"];

export const copyOptionNames: OptionNames<CopyContentOptions> = {
  ...operationOptionNames,
  ...{ source: true, destination: true, skipFiles: true, copyFlag: true, checkMarkFile: true },
};

export async function copyContent(
  http: Transport,
  platform: GatewayPlatform | undefined,
  options: CopyContentOptions,
): Promise<void> {
  requireOptions("copyContent", options, copyOptionNames);
  const body = copyDescription(options, platform);
  expectNoContent(await call(http, "CopyImageStoreContent", options, { body }));
}

/** The body of a copy request. Throws InvalidInputError for paths that a server would misread or that would destroy the source. */
export function copyDescription(
  options: CopyContentOptions,
  platform: GatewayPlatform | undefined,
): Schemas["ImageStoreCopyDescription"] {
  const { skipFiles, copyFlag, checkMarkFile } = options;
  const source = nativeStorePath("source", options.source, platform);
  const destination = nativeStorePath("destination", options.destination, platform);
  rejectOverlap(source, destination);
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

/** Overwriting deletes the destination first (protocol §1.5), so it must not be, contain or be inside the source. */
function rejectOverlap(source: string, destination: string): void {
  const [one, other] = [source, destination].map((path) => `${path.replaceAll("\\", "/").toLowerCase()}/`);
  if (one === undefined || other === undefined) return;
  if (!one.startsWith(other) && !other.startsWith(one)) return;
  const paths = `${JSON.stringify(source)} and ${JSON.stringify(destination)}`;
  throw new InvalidInputError("destination", `must not overlap the source, got ${paths}`);
}

/**
 * A store path for a request body, which servers do not decode. They compare it with stored paths, which use the platform's
 * separator (protocol §1.5).
 */
function nativeStorePath(option: string, storePath: unknown, platform: GatewayPlatform | undefined): string {
  const separator = platform === "linux" ? "/" : "\\";
  return requireStorePath(option, storePath, true).split(/[/\\]/).join(separator);
}
