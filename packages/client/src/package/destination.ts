import { InvalidInputError } from "../errors.js";
import { decodeStorePath, type GatewayPlatform, requireStorePath } from "../store-path.js";
import { newPatience, type UploadRun, withRetries } from "../upload/upload-run.js";
import { type Difference, VerificationError } from "../upload-error.js";
import { compareTrees } from "./compare-trees.js";
import { type ExpectedTree, markOf } from "./expected-tree.js";
import { inLanes, oneByOne } from "./lanes.js";
import { listTree } from "./list-tree.js";
import type { PackageSettings } from "./package-options.js";

/** Where clusters keep what is registered; deleting them is refused, too (protocol §1.4). */
const reserved = ["store", "windowsfabricstore"];

/** Throws InvalidInputError for a path that cannot hold a package. */
export function requireDestination(destination: unknown, platform: GatewayPlatform | undefined): string {
  const storePath = decodeStorePath(requireStorePath("destination", destination, platform !== undefined));
  if (reserved.includes(storePath.toLowerCase())) {
    throw new InvalidInputError(
      "destination",
      `must not be ${storePath}, which the cluster keeps for itself`,
    );
  }
  return storePath;
}

/** Makes the destination one that the package can go to, or throws. Returns how many files and folders it has deleted. */
export async function prepareDestination(
  run: UploadRun,
  expected: ExpectedTree,
  settings: PackageSettings,
): Promise<number> {
  const { destination } = expected;
  if (await isComplete(run, destination)) {
    if (!settings.replace) {
      const what = `${destination} holds a complete package: pass replace: true to delete that first`;
      throw new InvalidInputError("destination", what);
    }
    // What is to be left alone stays; without its mark, nobody takes the mixture for a package meanwhile.
    await deletePath(run, settings.allowUnexpected ? markOf(destination) : destination);
    return settings.allowUnexpected ? 0 : 1;
  }
  if (settings.allowUnexpected || !(settings.replace || settings.verify)) return 0;
  const unexpected = await unexpectedAt(run, expected);
  if (unexpected.length > 0 && !settings.replace) throw new VerificationError(destination, unexpected);
  await inLanes(run, oneByOne(unexpected), (lane, { storePath }) => deletePath(lane, storePath));
  return unexpected.length;
}

async function isComplete(run: UploadRun, destination: string): Promise<boolean> {
  const mark = await withRetries(run, newPatience(run), () =>
    run.server.findFile(markOf(destination), run.signal),
  );
  return mark !== undefined;
}

async function unexpectedAt(run: UploadRun, expected: ExpectedTree): Promise<Difference[]> {
  const listed = await listTree(run, expected);
  const differences = compareTrees(expected, listed, { marks: false, unexpected: true });
  return differences.filter(({ kind }) => kind === "unexpected");
}

function deletePath(run: UploadRun, storePath: string): Promise<void> {
  return withRetries(run, newPatience(run), () => run.server.deleteContent(storePath, run.signal));
}
