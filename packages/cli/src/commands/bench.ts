import { randomBytes } from "node:crypto";
import type { Command } from "@commander-js/extra-typings";
import type { Measured } from "../bench/measure.js";
import type { Finding, Limit, Verdict } from "../bench/verdict.js";
import type { Left } from "../bench/written.js";
import { examples, type Perform } from "../command-line/command.js";
import { parseDuration, parseStorePath, sizeBetween } from "../command-line/values.js";
import { type Cli, loadSettings } from "../connection/cli.js";
import type { Connection } from "../connection/open-client.js";
import { findStoreLocation } from "../connection/open-store.js";
import { exitCode, Interruption, UnsupportedError, UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { quoteName } from "../output/hints.js";
import { elapsedText, sizeText } from "../output/units.js";
import { rejectReservedPath } from "../store/delete-content.js";
import { folderText, listEntries } from "../store/tree.js";

interface Flags {
  readonly to?: string | undefined;
  readonly duration?: number | undefined;
  readonly maxBytes?: number | undefined;
}

const MiB = 1024 * 1024;

export function declare(command: Command, perform: Perform): void {
  command
    .option(
      "--to <store-path>",
      "folder to write to; must not exist (default: a new folder sf-image-store-bench-<id>)",
      parseStorePath,
    )
    .option("--duration <time>", "how long to measure, such as 10s or 1m (default: 20s)", parseDuration)
    .option(
      "--max-bytes <size>",
      "maximum number of bytes to send, such as 500MiB, 8MiB to 1TiB (default: 2GiB)",
      sizeBetween(8 * MiB, 1024 ** 2 * MiB),
    )
    .addHelpText(
      "after",
      `${examples("bench", "bench --duration 1m --max-bytes 10GiB", "bench --to Temp/bench --json")}\n${note}\n`,
    )
    .action((flags, self) => perform(self, (cli) => bench(cli, flags)));
}

const note =
  "Writes generated files to a new folder and sends chunks to upload sessions, at several levels of concurrency. Removes\neverything afterward, even after Ctrl+C. Reports what limits uploads, and recommends --chunk-size and --concurrency. The\ncluster needs free space for --max-bytes. Do not send other data while it runs.";

/** How long to try to remove what was written. After Ctrl+C, the signal of the command is aborted already. */
const removalMs = 60_000;

async function bench(cli: Cli, flags: Flags): Promise<void> {
  const { duration = 20_000, maxBytes = 2048 * MiB } = flags;
  const storePath = flags.to ?? `sf-image-store-bench-${randomBytes(4).toString("hex")}`;
  rejectReservedPath(storePath, "Choose another path with --to.");
  const settings = await loadSettings(cli);
  const [{ openClient }, { measure }, { judge }, { Written }] = await Promise.all([
    import("../connection/open-client.js"),
    import("../bench/measure.js"),
    import("../bench/verdict.js"),
    import("../bench/written.js"),
  ]);
  await using client = await openClient(cli, settings);
  const location = await findStoreLocation(client, settings, cli);
  if (location.kind !== "service") {
    throw new UnsupportedError(
      `The image store of this cluster is the folder ${location.folder}, so there is no upload over the network to measure.`,
    );
  }
  await requireNewFolder(client, storePath, cli.signal);
  const written = new Written(client, storePath);
  const begin = performance.now();
  cli.output.note(
    `Writing to ${oneLine(folderText(storePath))} for about ${elapsedText(duration)}, up to ${sizeText(maxBytes)}.`,
  );
  let measured: Measured;
  let left: readonly Left[] = [];
  try {
    const { output, signal } = cli;
    output.status("Measuring");
    const limits = { durationMs: duration, maxBytes };
    measured = await measure({ client, storePath, output, signal, written }, limits);
  } catch (error) {
    left = await remove(cli, written);
    if (!cli.signal.aborted) throw error;
    const what =
      left.length === 0 ? "Everything that was written was removed." : "See above for what is left.";
    throw new Interruption(`Stopped. ${what}`, { storePath, left }, { cause: error });
  }
  left = await remove(cli, written);
  if (left.length > 0) cli.setExitCode(exitCode.failed);
  const verdict = judge(measured);
  const durationMs = Math.round(performance.now() - begin);
  const { table } = await import("../output/table.js");
  cli.output.result(
    { storePath, durationMs, ...measured, ...verdict, left },
    [...tables(measured, table), ...verdictLines(verdict, measured.hasSessions)].join("\n"),
  );
}

/** bench deletes the folder afterward, so it must not contain anything of others, and its parent must stay. */
async function requireNewFolder(client: Connection, storePath: string, signal: AbortSignal): Promise<void> {
  if ((await listEntries(client, storePath, signal)) !== undefined) {
    throw new UsageError(
      `${storePath} already exists. bench deletes the folder that it writes to. Choose a path that does not exist with --to.`,
    );
  }
  const parent = storePath.split("/").slice(0, -1).join("/");
  if (parent !== "" && (await listEntries(client, parent, signal)) === undefined) {
    throw new UsageError(
      `The folder ${parent} does not exist, and bench would leave it behind. Choose a path in an existing folder with --to.`,
    );
  }
}

/** Removes what was written, and warns of what is left. */
async function remove(
  { output }: Cli,
  written: { remove(signal: AbortSignal): Promise<readonly Left[]> },
): Promise<readonly Left[]> {
  output.note("Removing what was written...");
  const left = await written.remove(AbortSignal.timeout(removalMs));
  for (const { kind, name, reason } of left) {
    output.warn(
      kind === "folder"
        ? `Could not remove ${oneLine(folderText(name))}: ${reason}\nTo remove it, run: sf-image-store rm --yes ${quoteName(name)}`
        : `Could not delete the upload session ${name}: ${reason} The cluster deletes it within about 30 minutes.`,
    );
  }
  return left;
}

type Table = (rows: readonly (readonly string[])[], align: readonly ("left" | "right")[]) => string;

function tables(measured: Measured, table: Table): readonly string[] {
  const { roundTripMs, hashBytesPerSecond, smallFiles, chunks, hasSessions } = measured;
  const percent = (load: number) => `${Math.round(load * 100)} %`;
  const rate = (bytes: number) => `${sizeText(bytes)}/s`;
  return [
    table(
      [
        ["round trip", `${roundTripMs.toFixed(1)} ms`],
        ["hashing on this machine", rate(hashBytesPerSecond)],
      ],
      ["left", "right"],
    ),
    "",
    table(
      [
        ["small files", "concurrency", "speed", "CPU"],
        ...smallFiles.map(({ concurrency, filesPerSecond, cpuLoad }) => [
          "4.00 KiB",
          String(concurrency),
          `${Math.round(filesPerSecond)} files/s`,
          percent(cpuLoad),
        ]),
      ],
      ["left", "right", "right", "right"],
    ),
    "",
    table(
      [
        [hasSessions ? "chunks" : "large files", "concurrency", "speed", "CPU"],
        ...chunks.map(({ chunkSize, concurrency, bytesPerSecond, cpuLoad }) => [
          sizeText(chunkSize),
          String(concurrency),
          rate(bytesPerSecond),
          percent(cpuLoad),
        ]),
      ],
      ["left", "right", "right", "right"],
    ),
    "",
  ];
}

const limitTexts: Readonly<Record<Limit, string>> = {
  machine: "this machine",
  latency: "the response time of the server",
  transfer: "the network or the cluster",
};

function verdictLines(
  { largeFiles, smallFiles, recommended }: Verdict,
  hasSessions: boolean,
): readonly string[] {
  const line = (what: string, { limit, reason }: Finding) =>
    `The limit for ${what} is ${limitTexts[limit]}. ${reason}`;
  const { chunkSize, concurrency, reason } = recommended;
  // Without sessions there are no chunks.
  const size = hasSessions ? `--chunk-size ${flagText(chunkSize)} ` : "";
  return [
    line("large files", largeFiles),
    line("small files", smallFiles),
    `Recommended: ${size}--concurrency ${concurrency}`,
    reason,
  ];
}

/** A size as the flags accept it. */
function flagText(bytes: number): string {
  return bytes % MiB === 0 ? `${bytes / MiB}MiB` : `${bytes / 1024}KiB`;
}
