import type { Cli } from "../cli.js";
import type { ImageStore } from "../connection/open-store.js";
import { oneLine } from "../output/one-line.js";
import { table } from "../output/table.js";
import { countText, sizeText } from "../output/units.js";
import { type AtDestination, lookAtDestination } from "./at-destination.js";
import type { TransferFlags } from "./flags.js";
import { heldBytes } from "./held-bytes.js";
import { extentText } from "./messages.js";
import type { LocalSource } from "./source.js";
import { uploadObstacle } from "./what-is-at.js";

interface Flags extends TransferFlags {
  readonly replace?: boolean | undefined;
  readonly allowUnexpected?: boolean | undefined;
}

/** Something of another kind is where the upload should go. */
interface Blocked {
  readonly state: "blocked";
  readonly reason: string;
}

interface PlannedFile {
  readonly storePath: string;
  readonly size: number;
  /** What the cluster holds of it from an upload that was interrupted. Null where it cannot tell. */
  readonly heldBytes: number | null;
}

/** Shows what an upload would do. Only asks. */
export async function showPlan(
  cli: Cli,
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  flags: Flags,
): Promise<void> {
  const obstacle = await uploadObstacle(store, source, storePath, cli.signal);
  const destination: AtDestination | Blocked =
    obstacle === undefined
      ? await lookAtDestination(store, source, storePath, cli.signal)
      : { state: "blocked", reason: obstacle };
  const held = await heldBytes(store, filesOf(source, storePath), flags.maxSingleShot, cli.signal);
  const files = filesOf(source, storePath).map(
    (file): PlannedFile => ({ ...file, heldBytes: held?.get(file.storePath) ?? (held ? 0 : null) }),
  );
  const sum = held === undefined ? null : [...held.values()].reduce((total, bytes) => total + bytes, 0);
  const { kind, path, totalBytes } = source;
  const document = { dryRun: true, kind, source: path, storePath, totalBytes, heldBytes: sum, destination };
  const text = [
    ...(files.length === 0 ? [] : [table(files.map(row), ["right", "left", "left"])]),
    destination.state === "same"
      ? `Would send nothing: ${oneLine(storePath)} is already there, with the same content (${extentText(source)}).`
      : `Would send ${extentText(source)} to ${oneLine(storePath)}${heldText(sum)}.`,
    ...consequences(storePath, destination, flags),
    "Nothing was changed.",
  ];
  cli.output.result({ ...document, files }, text.join("\n"));
}

function filesOf(source: LocalSource, storePath: string) {
  if (source.kind === "file") return [{ storePath, size: source.totalBytes }];
  return source.content.files.map(({ relativePath, size }) => ({
    storePath: `${storePath}/${relativePath}`,
    size,
  }));
}

function row({ storePath, size, heldBytes }: PlannedFile): readonly string[] {
  return [sizeText(size), oneLine(storePath), heldBytes ? `(${sizeText(heldBytes)} are there)` : ""];
}

/** By path and size: whether the content is the same shows only when it is sent. */
function heldText(bytes: number | null): string {
  if (bytes === null) return "; the gateway cannot tell what it holds of an earlier try";
  return bytes === 0 ? "" : `; up to ${sizeText(bytes)} of it are there from an upload that was interrupted`;
}

function consequences(
  storePath: string,
  destination: AtDestination | Blocked,
  flags: Flags,
): readonly string[] {
  if (destination.state === "blocked") return [`It would be refused: ${oneLine(destination.reason)}`];
  const where = oneLine(storePath);
  const { state, unexpected } = destination;
  if (state === "same") return [];
  if (state === "file") return [`It would replace the file that is at ${where}.`];
  if (state === "complete") {
    if (!flags.replace) {
      return [
        `It would be refused: ${where} already contains a complete package. Pass --replace to overwrite it.`,
      ];
    }
    return [
      flags.allowUnexpected
        ? `It would go into the complete package that is at ${where}, which is not marked as complete meanwhile.`
        : `It would first delete the complete package that is at ${where}.`,
    ];
  }
  if (unexpected.length === 0 || flags.allowUnexpected) return [];
  const what = `${countText(unexpected.length, "path")} that ${unexpected.length === 1 ? "is" : "are"} not in the package`;
  const list = unexpected.map((path) => `  ${oneLine(path)}`);
  return flags.replace
    ? [`It would first delete ${what}:`, ...list]
    : [`It would be refused for ${what} (see --replace, --allow-unexpected):`, ...list];
}
