import { createImageStoreClient, type ImageStoreClient } from "@sf-image-store/client";
import { type Emulator, type EmulatorOptions, startEmulator } from "@sf-image-store/emulator";
import { onTestFinished } from "vitest";
import { type CliResult, startCli } from "./cli-process.js";
import { startOnTerminal, type Terminal } from "./terminal.js";

export const session1 = "4a2340e8-d8d8-497c-95fe-cdaa1052f33b";

export interface StoreForTest {
  readonly emulator: Emulator;
  readonly client: ImageStoreClient;
  /** Writes a file of so many bytes. */
  put(storePath: string, size: number): Promise<void>;
  /** Runs the command line against it. */
  run(...args: string[]): Promise<CliResult>;
  onTerminal(...args: string[]): Terminal;
}

/** An image store that ends with the running test. */
export async function storeForTest(options: EmulatorOptions = {}): Promise<StoreForTest> {
  const emulator = await startEmulator(options);
  onTestFinished(() => emulator.close());
  const { endpoint } = emulator;
  const client = createImageStoreClient({ endpoint });
  const environment = { SF_ENDPOINT: endpoint };
  return {
    emulator,
    client,
    put: (storePath, size) => client.putFile({ storePath, content: new Uint8Array(size) }),
    run: (...args) => startCli(args, environment).result,
    onTerminal: (...args) => startOnTerminal(args, environment),
  };
}

/** Part of an upload of 1000 bytes: those from `startPosition` on. */
export async function sendChunk(
  { client }: StoreForTest,
  storePath: string,
  startPosition: number,
  length: number,
  sessionId = session1,
): Promise<void> {
  const chunk = new Uint8Array(length);
  await client.uploadFileChunk({ storePath, sessionId, startPosition, fileSize: 1000, chunk });
}

/** What `--json` printed as the result. */
export function resultOf({ stdout }: CliResult): unknown {
  const document: unknown = JSON.parse(stdout);
  if (typeof document === "object" && document !== null && "result" in document) return document.result;
  throw new Error(`No result: ${stdout}`);
}
