import type { Command } from "@commander-js/extra-typings";
import { type CopyContentOptions, isFabricError } from "@sf-image-store/client/node";
import type { Cli } from "../cli.js";
import { examples, type Perform } from "../command.js";
import { parseDuration, parseStorePath } from "../command-line/values.js";
import { openStore } from "../connection/open-store.js";
import { NotFoundError } from "../failure/not-found-error.js";
import { refuseReserved } from "../store/reserved.js";

interface CopyOptions {
  readonly skip?: readonly string[] | undefined;
  readonly echo?: true | undefined;
  readonly timeout?: number | undefined;
}

export function declare(command: Command, perform: Perform): void {
  command
    .description(`${command.description()}; what is at the destination is replaced`)
    .argument("<from-store-path>", "file, or folder marked as complete", parseStorePath)
    .argument("<to-store-path>", "where it goes; must lie apart from the source", parseStorePath)
    .option("--skip <name>", "leave out files of this name, in any folder and case; repeatable", append)
    .option("--echo", "leave a destination alone that is marked as complete")
    .option("--timeout <time>", "how long the cluster may take, such as 10m (default: 1m)", parseDuration)
    .addHelpText(
      "after",
      examples(
        "cp MyApp MyAppBackup",
        "cp MyApp MyAppLean --skip Symbols.pdb",
        "cp MyApp Copy --timeout 10m",
      ),
    )
    .action((from, to, options, self) => perform(self, (cli) => copy(cli, from, to, options)));
}

function append(name: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, name];
}

async function copy(cli: Cli, source: string, destination: string, options: CopyOptions): Promise<void> {
  refuseReserved(destination, "Copy to another place.");
  await using store = await openStore(cli);
  const { skip: skipFiles, timeout } = options;
  const copyFlag = options.echo ? "Echo" : "Overwrite";
  const request: CopyContentOptions = {
    source,
    destination,
    copyFlag,
    abortSignal: cli.signal,
    ...(skipFiles === undefined ? {} : { skipFiles }),
    ...(timeout === undefined ? {} : { timeoutSeconds: Math.ceil(timeout / 1000) }),
  };
  try {
    await store.copyContent(request);
  } catch (error) {
    if (!(isFabricError(error) && error.status === 404)) throw error;
    throw new NotFoundError(
      `${source} cannot be copied: nothing is there, or it is a folder without its mark _.dir. See: sf-image-store stat ${source}`,
      { cause: error },
    );
  }
  const document = { source, destination, copyFlag, skippedNames: skipFiles ?? [] };
  cli.output.result(document, `Copied ${source} to ${destination}.`);
}
