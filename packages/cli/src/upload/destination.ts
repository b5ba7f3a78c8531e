import nodePath, { type PlatformPath } from "node:path";
import { UsageError } from "../failure/usage-error.js";
import { refuseReserved } from "../store/reserved.js";

/**
 * Where a file or directory goes: by default its own name; with `to`, that path. For a file, `to` with a slash at its end
 * is the folder to put it into. Backslashes separate as slashes do: people on Windows type them. Throws UsageError.
 */
export function destinationOf(
  path: string,
  to: string | undefined,
  kind: "file" | "package",
  { resolve, basename }: PlatformPath = nodePath,
): string {
  const name = basename(resolve(path));
  const given = (to ?? "").replaceAll("\\", "/");
  const folder = given.replace(/^\/+|\/+$/g, "");
  const isInto = kind === "file" && given.endsWith("/");
  const destination = to === undefined ? name : isInto ? `${folder}/${name}`.replace(/^\//, "") : folder;
  if (destination === "") {
    throw new UsageError("The root of the image store cannot be uploaded to: name a path with --to.");
  }
  refuseReserved(destination, "Name another place with --to.");
  return destination;
}
