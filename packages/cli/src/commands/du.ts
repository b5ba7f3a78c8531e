import type { Command } from "@commander-js/extra-typings";
import type { Cli } from "../cli.js";
import { examples, type Perform } from "../command.js";
import { parseDepth, parseFolder } from "../command-line/values.js";
import { openStore } from "../connection/open-store.js";
import { sizeText } from "../output/units.js";
import { readFolderSizes, type SizeOptions } from "../store/folder-sizes.js";

export function declare(command: Command, perform: Perform): void {
  command
    .argument("[store-path]", "folder or file (default: the root)", parseFolder)
    .option("--depth <levels>", "tell so many levels of folders below it, too", parseDepth, 1)
    .option("-a, --all", "with the folder of receipts")
    .addHelpText("after", examples("du", "du MyApp --depth 0", "du --json --depth 2"))
    .action((path = "", { depth, all = false }, self) =>
      perform(self, (cli) => tell(cli, path, { depth, all })),
    );
}

async function tell(cli: Cli, storePath: string, which: SizeOptions): Promise<void> {
  await using store = await openStore(cli);
  const { method, sizes } = await readFolderSizes(store, storePath, which, cli.signal);
  const { table } = await import("../output/table.js");
  const rows = sizes.map(({ storePath: path, size }) => [sizeText(size), path === "" ? "/" : path]);
  cli.output.detail(
    method === "told"
      ? "The cluster told these sizes."
      : "The sizes of all files were added, as this cluster does not tell those of folders.",
  );
  cli.output.result({ storePath, method, sizes }, table(rows, ["right", "left"]));
}
