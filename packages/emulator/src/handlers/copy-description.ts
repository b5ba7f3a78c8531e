import type { Schemas } from "@sf-image-store/types";
import { FabricError } from "../fabric-error.js";

/** A copy as it was asked for. */
export interface CopyDescription {
  /** Compared with the paths of listings as it stands, `\` for `\` (protocol §1.5). */
  readonly source: string;
  readonly destination: string;
  readonly skipFiles: readonly string[];
  readonly flag: NonNullable<Schemas["ImageStoreCopyDescription"]["CopyFlag"]>;
}

/** By number or by name; 0 is `Invalid`, which acts like everything that is not `Overwrite`. */
const flags: ReadonlyMap<string, CopyDescription["flag"]> = new Map([
  ["0", "Echo"],
  ["1", "Echo"],
  ["2", "Overwrite"],
  ["Invalid", "Echo"],
  ["Echo", "Echo"],
  ["Overwrite", "Overwrite"],
]);

/**
 * Reads the body of a copy. `CheckMarkFile` is read and never consulted, as on a cluster (protocol §1.5).
 * @throws FabricError `E_INVALIDARG` for a body that makes no sense.
 */
export function readCopyDescription(body: Buffer): CopyDescription {
  const value = parseObject(body);
  const {
    RemoteSource,
    RemoteDestination,
    SkipFiles = [],
    CopyFlag = "Overwrite",
    CheckMarkFile = false,
  } = value;
  const isFlag = typeof CopyFlag === "string" || typeof CopyFlag === "number";
  const flag = isFlag ? flags.get(String(CopyFlag)) : undefined;
  if (
    typeof RemoteSource !== "string" ||
    typeof RemoteDestination !== "string" ||
    !isTextArray(SkipFiles) ||
    flag === undefined ||
    typeof CheckMarkFile !== "boolean"
  ) {
    throw new FabricError("E_INVALIDARG");
  }
  return { source: RemoteSource, destination: RemoteDestination, skipFiles: SkipFiles, flag };
}

function parseObject(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Reported below, like every other body that is no object.
  }
  throw new FabricError("E_INVALIDARG");
}

function isTextArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
