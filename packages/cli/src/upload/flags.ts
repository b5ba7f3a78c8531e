import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { UploadPackageOptions } from "@sf-image-store/client/node";
import { countBetween, parseDuration, sizeBetween } from "../command-line/values.js";

const maxChunkSize = 256 * 1024 * 1024;

/** Adds the transfer options, with the bounds of the client. */
export function addTransferFlags<Args extends unknown[], Flags extends Record<string, unknown>>(
  command: Command<Args, Flags>,
) {
  return command
    .addOption(
      new Option(
        "--concurrency <number|auto>",
        "number of parallel requests, 1 to 256; auto begins with 8, uses up to 64 while that makes the upload faster, and fewer when the server is overloaded or slower (default: auto)",
      ).argParser(parseConcurrency),
    )
    .addOption(
      new Option(
        "--chunk-size <size>",
        "size of a chunk, such as 512KiB or 8MiB, 1 byte to 256MiB (default: 4MiB)",
      ).argParser(sizeBetween(1, maxChunkSize)),
    )
    .addOption(
      new Option(
        "--max-single-shot <size>",
        "send files up to this size in one request, without resume, 0 to 256MiB (default: 256KiB)",
      ).argParser(sizeBetween(0, maxChunkSize)),
    )
    .addOption(
      new Option(
        "--limit-rate <size>",
        "maximum number of bytes per second over all requests, such as 10MiB, 16KiB to 1TiB (default: no limit)",
      ).argParser(sizeBetween(16 * 1024, 1024 ** 4)),
    )
    .addOption(
      new Option(
        "--max-retries <number>",
        "maximum number of retries without progress, 0 to 1000 (default: 10)",
      ).argParser(countBetween(0, 1000)),
    )
    .addOption(
      new Option(
        "--timeout <time>",
        "maximum time for the whole command, such as 90s, 15m or 2h (default: no limit)",
      ).argParser(parseDuration),
    )
    .addOption(
      new Option(
        "--fingerprint <kind>",
        "how to detect that a file changed before resuming: by content, or by name, size and time (stat), which is faster",
      )
        .choices(["content", "stat"])
        .default("content" as const),
    );
}

function parseConcurrency(text: string): number | "auto" {
  if (text === "auto") return text;
  const count = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 256) return count;
  throw new InvalidArgumentError("Use auto or a whole number from 1 to 256.");
}

export interface TransferFlags {
  readonly concurrency?: number | "auto" | undefined;
  readonly chunkSize?: number | undefined;
  readonly maxSingleShot?: number | undefined;
  readonly limitRate?: number | undefined;
  readonly maxRetries?: number | undefined;
  readonly timeout?: number | undefined;
  readonly fingerprint: "content" | "stat";
}

/** Converts the flags to client options. */
export function transferOptions(flags: TransferFlags): UploadPackageOptions {
  const { concurrency, chunkSize, maxSingleShot, limitRate, maxRetries, timeout, fingerprint } = flags;
  return {
    fingerprint,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(chunkSize === undefined ? {} : { chunkSize }),
    ...(maxSingleShot === undefined ? {} : { maxSingleShotSize: maxSingleShot }),
    ...(limitRate === undefined ? {} : { maxBytesPerSecond: limitRate }),
    ...(maxRetries === undefined ? {} : { retryOptions: { maxRetries } }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
  };
}
