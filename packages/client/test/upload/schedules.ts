import { readFile } from "node:fs/promises";
import type { Emulator, Fault, FaultAction } from "@sf-image-store/emulator";
import fc from "fast-check";
import {
  createImageStoreClient,
  type Fetch,
  isUploadError,
  isVerificationError,
  type UploadProgress,
} from "../../src/index.js";
import type { WireAction, WireFault, WireProxy } from "./wire-proxy.js";

/** One upload and its faults. */
export interface Schedule {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly chunkSize: number;
  readonly concurrency: number;
  readonly maxSingleShotSize: number;
  /** An older file of the same size is at the path before. */
  readonly isReplacing: boolean;
  readonly faults: readonly Fault[];
  /** Responses that are not what they seem. */
  readonly wire: readonly WireFault[];
}

const operations = [
  "UploadFileChunk",
  "UploadFileChunk",
  "GetImageStoreUploadSessionById",
  "CommitImageStoreUploadSession",
  "DeleteImageStoreUploadSession",
  "GetImageStoreContent",
  "UploadFile",
] as const;

const answer = (status: number, code: string): FaultAction => ({ do: "answer", status, code });

const action: fc.Arbitrary<FaultAction> = fc.oneof(
  fc.constantFrom<FaultAction>({ do: "drop-before" }, { do: "drop-after" }, { do: "lose-sessions" }),
  fc.constant<FaultAction>({ do: "answer-late", ms: 3 }),
  fc.nat(300).map((afterBytes): FaultAction => ({ do: "drop-in-body", afterBytes })),
  fc.constantFrom(
    answer(503, "E_ABORT"),
    answer(504, "FABRIC_E_TIMEOUT"),
    answer(500, "OperationsPending"),
    answer(429, "Throttled"),
    answer(403, "E_ACCESSDENIED"),
  ),
);

const fault: fc.Arbitrary<Fault> = fc
  .tuple(
    fc.constantFrom(...operations),
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 3 }),
    action,
  )
  .map(([operation, nth, times, action]) => ({ operation, nth, times, ...action }));

const requestsOf = {
  whole: /^PUT [^$]+$/,
  chunk: /^PUT .*UploadChunk/,
  session: /^GET .*GetUploadSession/,
  commit: /^POST .*CommitUploadSession/,
  listing: /^GET [^$]+$/,
  any: /./,
};

const wireFault: fc.Arbitrary<WireFault> = fc
  .tuple(
    fc.constantFrom(...Object.values(requestsOf)),
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom<WireAction>(
      "answer-undelivered",
      "answer-twice",
      "answer-again-when-idle",
      "answer-of-another",
    ),
  )
  .map(([match, nth, times, action]) => ({ match, nth, times, do: action }));

/** Sizes evenly spread: left alone, fast-check likes small ones, which have few chunks for anything to happen to. */
const content = fc
  .oneof(
    { arbitrary: fc.constant(0), weight: 1 },
    { arbitrary: fc.noBias(fc.integer({ min: 1, max: 4000 })), weight: 20 },
  )
  .map((size) => Uint8Array.from({ length: size }, (_, index) => (index * 7919 + size) >> 3));

export const schedule: fc.Arbitrary<Schedule> = fc
  .record({
    content,
    chunks: fc.integer({ min: 1, max: 16 }),
    concurrency: fc.integer({ min: 1, max: 6 }),
    maxSingleShotSize: fc.constantFrom(0, 0, 0, 500),
    isReplacing: fc.boolean(),
    faults: fc.noBias(fc.array(fault, { maxLength: 6 })),
    wire: fc.oneof(
      { arbitrary: fc.constant([]), weight: 1 },
      { arbitrary: fc.noBias(fc.array(wireFault, { minLength: 1, maxLength: 3 })), weight: 1 },
    ),
  })
  .map(({ content, chunks, ...rest }) => ({
    content,
    chunkSize: Math.max(1, Math.ceil(content.length / chunks)),
    ...rest,
  }));

export interface Outcome {
  readonly stored: boolean;
  readonly fired: number;
  /** How many of these were answers that were not what they seem. */
  readonly wireFired: number;
  /** Broken promises of the upload engine. Empty if there are none. */
  readonly violations: readonly string[];
}

/** The environment of a schedule. */
export interface Place {
  readonly emulator: Emulator;
  /** Stands before the emulator. */
  readonly proxy: WireProxy;
  readonly fetch: Fetch;
}

/** Runs the upload with its faults and, if it was rejected, again without them. */
export async function perform(
  { emulator, proxy, fetch }: Place,
  schedule: Schedule,
  storePath: string,
): Promise<Outcome> {
  const { faults, wire, isReplacing, content, ...options } = schedule;
  const client = createImageStoreClient({ endpoint: proxy.endpoint, fetch });
  // What is only asked for the test does not suffer.
  const direct = createImageStoreClient({ endpoint: emulator.endpoint, fetch });
  if (isReplacing) await direct.putFile({ storePath, content: content.map((byte) => ~byte) });
  const retryOptions = { maxRetries: 4, retryDelayMs: 1, maxRetryDelayMs: 2 };
  const violations: string[] = [];
  const expect = (holds: boolean, claim: string) => void (holds || violations.push(claim));
  const isStored = async () => Buffer.compare(await readFile(emulator.contentPath(storePath)), content) === 0;

  let ended = false;
  let last: UploadProgress | undefined;
  const onProgress = (progress: UploadProgress) => {
    expect(!ended, "no progress after the end");
    expect(isStep(last, progress), "no figure falls");
    expect(progress.committedBytes <= progress.totalBytes, "not more is committed than there is");
    last = progress;
  };
  const fired: Fired = { losses: 0, chunks: 0, wholes: 0, others: 0 };
  const removals = [
    ...faults.map((fault) => emulator.addFault(fault)),
    ...wire.map((fault) => proxy.addFault(fault)),
  ];
  const firedBefore = proxy.fired();
  const wireFired = () => proxy.fired() - firedBefore;
  const count = countFired(emulator, fired);
  let stored = true;
  try {
    const result = await client.uploadFile(storePath, content, { ...options, retryOptions, onProgress });
    ended = true;
    expect(await isStored(), "resolves only when the bytes are stored");
    const lost =
      content.length * (fired.losses + fired.wholes + 2 * wireFired()) + options.chunkSize * fired.chunks;
    expect(
      result.sentBytes <= content.length + lost,
      `sends a chunk again per loss, not ${result.sentBytes}`,
    );
    const left = await direct.getUploadSessionsByPath({ storePath });
    const isDeleted = left.length === 0 || !result.sessionDeleted;
    expect(isDeleted || wireFired() > 0, "leaves no session behind");
    // What refuses to list receipts has none: the upload would be sent again, and rightly.
    for (const remove of removals) remove();
    const again = await direct.uploadFile(storePath, content, { ...options, retryOptions });
    expect(again.sentBytes === 0 || result.receipt === undefined || wireFired() > 0, "sends nothing again");
  } catch (error) {
    ended = true;
    stored = false;
    expect(isUploadError(error) || isVerificationError(error), `rejects with its own errors, not ${error}`);
  } finally {
    for (const remove of removals) remove();
    count.stop();
  }
  if (!stored) {
    await direct.uploadFile(storePath, content, { ...options, retryOptions });
    expect(await isStored(), "succeeds when nothing goes wrong any more");
  }
  const { losses, chunks, wholes, others } = fired;
  return { stored, fired: losses + chunks + wholes + others, wireFired: wireFired(), violations };
}

function isStep(before: UploadProgress | undefined, after: UploadProgress): boolean {
  return (
    before === undefined ||
    (after.sentBytes >= before.sentBytes &&
      after.committedBytes >= before.committedBytes &&
      after.resumedBytes >= before.resumedBytes &&
      after.files.committed >= before.files.committed)
  );
}

/** How many faults have met what: only these cost bytes. */
interface Fired {
  losses: number;
  chunks: number;
  wholes: number;
  others: number;
}

const listeners = new WeakMap<Emulator, (fault: Fault) => void>();

/** To be given to the emulator as its `onFault`. */
export function reportFired(emulator: Emulator, fault: Fault): void {
  listeners.get(emulator)?.(fault);
}

function countFired(emulator: Emulator, fired: Fired) {
  listeners.set(emulator, (fault) => {
    fired[kindOf(fault)] += 1;
  });
  return { stop: () => void listeners.delete(emulator) };
}

function kindOf(fault: Fault): keyof Fired {
  if (fault.do === "lose-sessions") return "losses";
  if (fault.operation === "UploadFileChunk") return "chunks";
  return fault.operation === "UploadFile" ? "wholes" : "others";
}
