import type { Command } from "@commander-js/extra-typings";
import type { DiskUsage, ImageStoreInfo } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import type { Cli } from "../connection/cli.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { UnsupportedError } from "../errors/errors.js";
import { countText, sizeText } from "../output/units.js";
import { isUnknownOperation } from "../store/sessions.js";

export function declare(command: Command, perform: Perform): void {
  command
    .addHelpText("after", examples("info", "info --json"))
    .action((_, self) => perform(self, (cli) => showInfo(cli)));
}

async function showInfo(cli: Cli): Promise<void> {
  await using store = await openStore(cli);
  const info = await read(store, cli.signal);
  const { table } = await import("../output/table.js");
  cli.output.result(document(info), table(rows(info), ["left", "right", "left"]));
}

async function read(store: ImageStore, abortSignal: AbortSignal): Promise<ImageStoreInfo> {
  try {
    return await store.getImageStoreInfo({ abortSignal });
  } catch (error) {
    if (!isUnknownOperation(error)) throw error;
    throw new UnsupportedError(
      "This cluster does not report disk usage, which requires Service Fabric 6.5 or later. To see the size of the content, run: sf-image-store du",
      { cause: error },
    );
  }
}

function rows({ diskInfo, ...used }: ImageStoreInfo): readonly (readonly string[])[] {
  const disk = diskInfo === undefined ? [] : diskRows(diskInfo);
  return [
    ...disk,
    usageRow("provisioned packages", used.usedByRegister),
    usageRow("uploads in progress", used.usedByStaging),
    usageRow("copies in progress", used.usedByCopy),
    usageRow("metadata", used.usedByMetadata),
  ];
}

function diskRows({ capacity, availableSpace }: { capacity: number; availableSpace: number }) {
  const percent = capacity === 0 ? "" : `${Math.floor((100 * availableSpace) / capacity)} %`;
  return [
    ["disk", sizeText(capacity), ""],
    ["free", sizeText(availableSpace), percent],
  ];
}

function usageRow(what: string, usage: DiskUsage | undefined): readonly string[] {
  if (usage === undefined) return [what, "unknown", ""];
  return [what, sizeText(usage.usedSpace), countText(usage.fileCount, "file")];
}

/** Values that the server does not report are null. */
function document(info: ImageStoreInfo): object {
  const { diskInfo, usedByRegister, usedByStaging, usedByCopy, usedByMetadata } = info;
  const usage = { diskInfo, usedByRegister, usedByStaging, usedByCopy, usedByMetadata };
  return Object.fromEntries(Object.entries(usage).map(([name, value]) => [name, value ?? null]));
}
