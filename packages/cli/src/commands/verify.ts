import type { Command } from "@commander-js/extra-typings";
import type { Verified } from "@sf-image-store/client/node";
import { examples, type Perform } from "../command-line/command.js";
import { parseDuration, parseFolder } from "../command-line/values.js";
import type { Cli } from "../connection/cli.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { oneLine } from "../output/escape.js";
import { extentText, translateInputError } from "../upload/messages.js";
import {
  addSourceFlags,
  compressed,
  findSource,
  type LocalSource,
  readSource,
  type SourceFlags,
} from "../upload/source.js";

interface Flags extends SourceFlags {
  readonly allowUnexpected?: boolean | undefined;
  readonly compress?: boolean | undefined;
  readonly timeout?: number | undefined;
}

export function declare(command: Command, perform: Perform): void {
  const declared = command
    .argument("<path>", "a file, the directory of a package, an archive, or - for standard input")
    .argument("<store-path>", "file or folder in the image store", (text) =>
      parseFolder(text.replaceAll("\\", "/")),
    )
    .option("--allow-unexpected", "ignore files in the image store that are not in the package")
    .option("--compress", "compare with a compressed copy of the package, as upload --compress sends it")
    .option("--timeout <time>", "maximum time, such as 90s or 15m (default: no limit)", parseDuration);
  addSourceFlags(declared)
    .addHelpText(
      "after",
      `${examples("verify ./MyApp MyApp", "verify ./MyApp MyApp --compress", "verify a.zip MyApp/a.zip --json")}\n${compared}\n`,
    )
    .action((path, storePath, flags, self) => perform(self, (cli) => verify(cli, path, storePath, flags)));
}

const compared =
  "Compares names, sizes and mark files. The API cannot read files back, so content is compared only if the upload left a\nreceipt that is still valid. Exits with 5 if there are differences.";

async function verify(cli: Cli, path: string, storePath: string, flags: Flags): Promise<void> {
  try {
    await verifySource(cli, path, storePath, flags);
  } catch (error) {
    throw translateInputError(error);
  }
}

async function verifySource(cli: Cli, path: string, storePath: string, flags: Flags): Promise<void> {
  await using original = await readSource(cli, await findSource(path, flags), flags);
  await using packed = flags.compress ? await compressed(cli, original) : undefined;
  const source = packed ?? original;
  await using store = await openStore(cli);
  cli.output.status(`Comparing ${path} with ${storePath}`);
  const { proof } = await compare(store, source, storePath, flags, cli.signal);
  const { kind, totalBytes } = source;
  const files = source.kind === "file" ? 1 : source.content.files.length;
  const result = { kind, source: path, storePath, files, totalBytes, proof, differences: [] };
  const compared = proof === "content" ? "has the same content as" : "has the same names and sizes as";
  const limit =
    proof === "content" ? "" : " Content was not compared, because the image store has no valid receipt.";
  cli.output.result(
    result,
    `${oneLine(storePath)} in the image store ${compared} ${oneLine(path)}: ${extentText(source)}.${limit}`,
  );
}

function compare(
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  { allowUnexpected = false, timeout }: Flags,
  abortSignal: AbortSignal,
): Promise<Verified> {
  const options = { abortSignal, ...(timeout === undefined ? {} : { timeoutMs: timeout }) };
  return source.kind === "package"
    ? store.verifyPackage(source.content, storePath, { allowUnexpected, ...options })
    : store.verifyFile(storePath, source.content ?? source.path, options);
}
