import type { Result, Setting } from "../benchmark.js";
import type { ClientUploadInput } from "../children/client-upload.js";
import type { Server } from "../children/servers.js";
import { startChild } from "../children/start-child.js";
import type { UploadInput } from "../children/upload-input.js";
import { againstBare, medianOf, repeat } from "../rounds.js";
import { GiB, MiB, sizeText } from "../size.js";
import type { Target } from "../target.js";

export interface Variant extends Pick<ClientUploadInput, "id" | "fetch"> {
  readonly label: string;
  readonly target?: Target;
  readonly note?: string;
}

const chunkSize = 8 * MiB;
const concurrency = 4;

/** The client against a bare loop of the same requests, from the same file to the same server. */
export async function compareUploads(
  setting: Setting,
  server: Server,
  { label, target, note, ...how }: Variant,
): Promise<Result> {
  const { quick, scratch, signal, say } = setting;
  const size = quick ? 16 * MiB : GiB;
  say(`${label}: making a file of ${sizeText(size)}`);
  const file = await scratch.file(size);
  const { endpoint, ca } = server;
  const input: UploadInput = { endpoint, file, chunkSize, concurrency, ...(ca === undefined ? {} : { ca }) };
  await using bare = await startChild("bare-upload", input, signal);
  const ourInput: ClientUploadInput = { ...input, ...how };
  await using ours = await startChild("client-upload", ourInput, signal);
  const rounds = await repeat(setting, label, quick ? 1 : 7, (index) => againstBare(bare, ours, index));
  return {
    label,
    value: medianOf(rounds, "ratio"),
    unit: "of the bare loop's speed",
    ...(target === undefined ? {} : { target }),
    sizes: { fileBytes: size, chunkBytes: chunkSize, concurrency },
    rounds,
    ...(note === undefined ? {} : { note }),
  };
}
