import type { Command } from "@commander-js/extra-typings";
import { type Difference, VerificationError } from "@sf-image-store/client/node";
import type { Cli } from "../cli.js";
import { examples, type Perform } from "../command.js";
import { parseDuration, parseFolder } from "../command-line/values.js";
import { type ImageStore, openStore } from "../connection/open-store.js";
import { oneLine } from "../output/one-line.js";
import { extentText } from "../upload/messages.js";
import { type LocalSource, readSource } from "../upload/source.js";
import { whatIsAt } from "../upload/what-is-at.js";
import { inWordsOfFlags } from "../upload/words.js";

interface Flags {
  readonly allowUnexpected?: boolean | undefined;
  readonly timeout?: number | undefined;
}

export function declare(command: Command, perform: Perform): void {
  command
    .argument("<path>", "a file, or the directory of a package")
    .argument("<store-path>", "what to compare it with", (text) => parseFolder(text.replaceAll("\\", "/")))
    .option("--allow-unexpected", "what is there and not in the package is no difference")
    .option("--timeout <time>", "how long it may take, such as 90s, 15m (default: no limit)", parseDuration)
    .addHelpText(
      "after",
      `${examples("verify ./MyApp MyApp", "verify a.zip MyApp/a.zip --json")}\n${compared}\n`,
    )
    .action((path, storePath, flags, self) => perform(self, (cli) => verify(cli, path, storePath, flags)));
}

const compared = "Names, sizes and marks are compared. Content is not: the image store gives no file back.";

async function verify(cli: Cli, path: string, storePath: string, flags: Flags): Promise<void> {
  try {
    await verifyAt(cli, path, storePath, flags);
  } catch (error) {
    throw inWordsOfFlags(error, storePath);
  }
}

async function verifyAt(cli: Cli, path: string, storePath: string, flags: Flags): Promise<void> {
  const source = await readSource(path, cli.signal);
  await using store = await openStore(cli);
  await compare(store, source, storePath, flags, cli.signal);
  const { kind, totalBytes } = source;
  const files = source.kind === "file" ? 1 : source.content.files.length;
  const result = { kind, source: path, storePath, files, totalBytes, differences: [] };
  cli.output.result(
    result,
    `${oneLine(storePath)} in the image store is the same as ${oneLine(path)}: ${extentText(source)}.`,
  );
}

async function compare(
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  { allowUnexpected = false, timeout }: Flags,
  abortSignal: AbortSignal,
): Promise<void> {
  if (source.kind === "package") {
    const limit = timeout === undefined ? {} : { timeoutMs: timeout };
    await store.verifyPackage(source.content, storePath, { allowUnexpected, abortSignal, ...limit });
    return;
  }
  const end =
    timeout === undefined ? abortSignal : AbortSignal.any([abortSignal, AbortSignal.timeout(timeout)]);
  const found = await whatIsAt(store, storePath, end);
  const actualSize = found?.kind === "file" ? found.fileSize : undefined;
  const differences = fileDifferences(storePath, source.totalBytes, actualSize);
  if (differences.length > 0) throw new VerificationError(storePath, differences);
}

function fileDifferences(
  storePath: string,
  expectedSize: number,
  actualSize: number | undefined,
): readonly Difference[] {
  if (actualSize === expectedSize) return [];
  if (actualSize === undefined) return [{ storePath, kind: "missing", expectedSize }];
  return [{ storePath, kind: "wrong-size", expectedSize, actualSize }];
}
