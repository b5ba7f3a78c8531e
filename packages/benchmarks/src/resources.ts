import { type ChildProcess, fork } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Named numbers: the response of a child process, or the measurements of a round. */
export type Figures = Readonly<Record<string, number>>;

/** Returns a figure. Throws if it is missing. */
export function figure(figures: Figures, name: string): number {
  const value = figures[name];
  if (value === undefined) throw new Error(`There is no figure "${name}", only ${Object.keys(figures)}.`);
  return value;
}

export function isFigures(value: unknown): value is Figures {
  return (
    typeof value === "object" && value !== null && Object.values(value).every((item) => Number.isFinite(item))
  );
}

/** Measures the duration of an action, in seconds. */
export async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

/**
 * The peak resident memory of this process. On Linux, a process inherits the peak of its parent, so compare the figure with
 * that at the start of the process.
 */
export function peakMemory(): Figures {
  return { peakMb: (process.resourceUsage().maxRSS * 1024) / 1e6 };
}

/** The input of each service of a child process, as JSON. */
export interface Inputs {
  readonly "bare-upload": UploadInput;
  readonly "client-upload": ClientUploadInput;
  readonly "bare-package-upload": PackageUploadInput;
  readonly "package-upload": PackageUploadInput;
  readonly requests: RequestsInput;
  readonly sink: SinkOptions;
  readonly emulator: EmulatorOptions;
}

/** What to upload, where and how: the same for the bare loop and for the client. */
interface UploadInput {
  readonly endpoint: string;
  /** The certificate to trust for https, in PEM. */
  readonly ca?: string;
  readonly file: string;
  readonly chunkSize: number;
  readonly concurrency: number;
}

interface ClientUploadInput extends UploadInput {
  /** The source of the session id: random, or derived from the content, as the client does by default. */
  readonly id: "given" | "content";
  /** Our fetch over node:http, or that of the platform. */
  readonly fetch: "node" | "platform";
}

interface PackageUploadInput {
  readonly endpoint: string;
  readonly directory: string;
  readonly concurrency: number;
}

interface RequestsInput {
  readonly endpoint: string;
  readonly by: "client" | "bare";
  /** Read a session, or read a listing to its end. */
  readonly what: "session" | "listing";
  /** The number of repetitions in one run. */
  readonly count: number;
}

interface SinkOptions {
  /** The delay before each response, in milliseconds. */
  readonly delayMs?: number;
  /** The number of files in its folder `Full`. @default 0 */
  readonly entries?: number;
  /** For https. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

interface EmulatorOptions {
  /** The delay before each request is handled, in milliseconds. */
  readonly delayMs?: number;
}

/** The services of a child process. */
export interface Service {
  readonly ready: Figures;
  run(): Promise<Figures>;
  close(): Promise<void>;
}

/** A separate process, so that the measured code shares no heap and no event loop with the server or with this process. */
export interface Child extends AsyncDisposable {
  /** The figures that it sent when it was ready. */
  readonly ready: Figures;
  /** Runs the service once. Rejects when it fails; the child prints its error to stderr. */
  run(): Promise<Figures>;
}

/** How long a child may take to exit by itself, in milliseconds. */
const patience = 10_000;

/** Starts a process that runs one service of `children/child.ts`. */
export async function startChild<Name extends keyof Inputs>(
  name: Name,
  input: Inputs[Name],
  signal: AbortSignal,
): Promise<Child> {
  signal.throwIfAborted();
  // The same kind of module as this one: TypeScript in tests, JavaScript in a build.
  const entry = fileURLToPath(new URL(`./children/child${extname(import.meta.url)}`, import.meta.url));
  const child = fork(entry, [name, JSON.stringify(input)]);
  try {
    return {
      ready: await answer(name, child, signal),
      run: () => {
        child.send("run");
        return answer(name, child, signal);
      },
      [Symbol.asyncDispose]: () => end(child),
    };
  } catch (error) {
    await end(child);
    throw error;
  }
}

async function answer(name: string, child: ChildProcess, signal: AbortSignal): Promise<Figures> {
  const settled = new AbortController();
  const waiting = { signal: AbortSignal.any([signal, settled.signal]) };
  const ended = async () => {
    const [code, killedBy] = await once(child, "exit", waiting);
    throw new Error(`The process "${name}" exited with ${code ?? killedBy} before it was done.`);
  };
  try {
    const [message] = await Promise.race([once(child, "message", waiting), ended()]);
    if (!isFigures(message)) throw new Error(`The process "${name}" sent an unexpected message.`);
    return message;
  } finally {
    settled.abort();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill("SIGKILL"), patience);
  await exit;
  clearTimeout(timer);
}

/** A server to upload to, in a separate process. */
export interface Server extends Child {
  readonly endpoint: string;
  /** The certificate to trust for https. */
  readonly ca?: string;
}

export async function startSinkChild(
  signal: AbortSignal,
  options: Omit<SinkOptions, "tls"> = {},
): Promise<Server> {
  return serverAt("http", await startChild("sink", options, signal));
}

/** @param tls The certificate and key of the server, in PEM. */
export async function startSecureSinkChild(
  signal: AbortSignal,
  tls: { readonly cert: string; readonly key: string },
): Promise<Server> {
  return { ...serverAt("https", await startChild("sink", { tls }, signal)), ca: tls.cert };
}

export async function startEmulatorChild(
  signal: AbortSignal,
  options: EmulatorOptions = {},
): Promise<Server> {
  return serverAt("http", await startChild("emulator", options, signal));
}

function serverAt(scheme: string, child: Child): Server {
  return { ...child, endpoint: `${scheme}://127.0.0.1:${figure(child.ready, "port")}` };
}

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

/** Formats a size for the table, such as `8 MiB`. */
export function sizeText(bytes: number): string {
  const [unit, name] = bytes >= GiB ? [GiB, "GiB"] : bytes >= MiB ? [MiB, "MiB"] : [KiB, "KiB"];
  return `${Number((bytes / unit).toFixed(1))} ${name}`;
}

/** The settings for uploads of a single file. */
export const transfer = { chunkSize: 8 * MiB, concurrency: 4 } as const;

/** The sizes of a measured upload of one file. */
export function sizesOf(fileBytes: number): Figures {
  return { fileBytes, chunkBytes: transfer.chunkSize, concurrency: transfer.concurrency };
}

/** A temporary folder for the files to upload. Removed with its content when disposed. */
export class Scratch implements AsyncDisposable {
  readonly #folder: string;
  readonly #files = new Map<string, Promise<string>>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<Scratch> {
    return new Scratch(await mkdtemp(join(tmpdir(), "sf-bench-")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#files.values());
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** A file of random bytes, which is still in the page cache. Made once per size. */
  file(size: number): Promise<string> {
    return this.#once(`random-${size}`, async (path) => {
      await using file = await open(path, "w");
      const block = new Uint8Array(Math.min(size, 4 * MiB));
      for (let position = 0; position < size; position += block.length) {
        randomFillSync(block);
        await file.write(block, 0, Math.min(block.length, size - position), position);
      }
    });
  }

  /** A sparse file of zeros: reading it is as fast as reading cached pages. */
  sparseFile(size: number): Promise<string> {
    return this.#once(`sparse-${size}`, async (path) => {
      await using file = await open(path, "w");
      await file.truncate(size);
    });
  }

  /** An empty folder. */
  folder(name: string): Promise<string> {
    return this.#once(name, async (path) => void (await mkdir(path)));
  }

  /** A directory with small files of different content in several folders. */
  directory(folders: number, filesPerFolder: number, size: number): Promise<string> {
    return this.#once(`directory-${folders}-${filesPerFolder}-${size}`, async (path) => {
      for (let folder = 0; folder < folders; folder += 1) {
        const inside = join(path, `Folder${folder}`);
        await mkdir(inside, { recursive: true });
        for (let file = 0; file < filesPerFolder; file += 1) {
          await writeFile(join(inside, `File${file}.bin`), randomFillSync(new Uint8Array(size)));
        }
      }
    });
  }

  #once(name: string, make: (path: string) => Promise<void>): Promise<string> {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const path = join(this.#folder, name);
    const made = make(path).then(() => path);
    this.#files.set(name, made);
    return made;
  }
}
