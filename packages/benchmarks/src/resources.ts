import { type ChildProcess, fork } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Numbers with names: what a child process answers, and what a round brought. */
export type Figures = Readonly<Record<string, number>>;

/** One of them, which must be there. */
export function figure(figures: Figures, name: string): number {
  const value = figures[name];
  if (value === undefined) throw new Error(`there is no figure "${name}", only ${Object.keys(figures)}`);
  return value;
}

export function isFigures(value: unknown): value is Figures {
  return (
    typeof value === "object" && value !== null && Object.values(value).every((item) => Number.isFinite(item))
  );
}

/** How long something takes, in seconds. */
export async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

/**
 * The most memory this process ever had resident. On Linux a process begins with what its parent had, so a figure that
 * does not exceed the parent's would say nothing: compare with that of the beginning.
 */
export function peakMemory(): Figures {
  return { peakMb: (process.resourceUsage().maxRSS * 1024) / 1e6 };
}

/** What each service of a child process is given, as JSON. */
export interface Inputs {
  readonly "bare-upload": UploadInput;
  readonly "client-upload": ClientUploadInput;
  readonly "bare-package-upload": PackageUploadInput;
  readonly "package-upload": PackageUploadInput;
  readonly requests: RequestsInput;
  readonly sink: SinkOptions;
  readonly emulator: null;
}

/** What to upload, where to, and how: the same for the bare loop and for the client. */
interface UploadInput {
  readonly endpoint: string;
  /** A certificate to trust, in PEM, for https. */
  readonly ca?: string;
  readonly file: string;
  readonly chunkSize: number;
  readonly concurrency: number;
}

interface ClientUploadInput extends UploadInput {
  /** Where the session's id comes from: made up here, or derived from all the content, as is the default. */
  readonly id: "given" | "content";
  /** Our fetch over node:http, or the platform's. */
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
  /** A session is read; a listing is gone through, to its end. */
  readonly what: "session" | "listing";
  /** How often in one run. */
  readonly count: number;
}

interface SinkOptions {
  /** How long to think about every request once it has arrived, in milliseconds. */
  readonly delayMs?: number;
  /** How many files its folder `Full` has. @default 0 */
  readonly entries?: number;
  /** For https. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** What a child process does for its parent. */
export interface Service {
  readonly ready: Figures;
  run(): Promise<Figures>;
  close(): Promise<void>;
}

/** A process of its own: what is measured shares neither heap nor event loop with the server, nor with this process. */
export interface Child extends AsyncDisposable {
  /** What it said when it was ready. */
  readonly ready: Figures;
  /** Does its work once. Rejects when it fails, for its error is on stderr then. */
  run(): Promise<Figures>;
}

/** How long a child may take to end by itself, in milliseconds. */
const patience = 10_000;

/** Starts a process for one service of `children/child.ts`. */
export async function startChild<Name extends keyof Inputs>(
  name: Name,
  input: Inputs[Name],
  signal: AbortSignal,
): Promise<Child> {
  signal.throwIfAborted();
  // The same kind of module as this: TypeScript in tests, JavaScript as it is built.
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
    throw new Error(`The process "${name}" has ended with ${code ?? killedBy} before it was done.`);
  };
  try {
    const [message] = await Promise.race([once(child, "message", waiting), ended()]);
    if (!isFigures(message)) throw new Error(`The process "${name}" has answered with something else.`);
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

/** Something to upload to, in a process of its own. */
export interface Server extends Child {
  readonly endpoint: string;
  /** To be trusted, over https. */
  readonly ca?: string;
}

export async function startSinkChild(
  signal: AbortSignal,
  options: Omit<SinkOptions, "tls"> = {},
): Promise<Server> {
  return serverAt("http", await startChild("sink", options, signal));
}

/** @param tls Its certificate and key, in PEM. */
export async function startSecureSinkChild(
  signal: AbortSignal,
  tls: { readonly cert: string; readonly key: string },
): Promise<Server> {
  return { ...serverAt("https", await startChild("sink", { tls }, signal)), ca: tls.cert };
}

export async function startEmulatorChild(signal: AbortSignal): Promise<Server> {
  return serverAt("http", await startChild("emulator", null, signal));
}

function serverAt(scheme: string, child: Child): Server {
  return { ...child, endpoint: `${scheme}://127.0.0.1:${figure(child.ready, "port")}` };
}

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

/** As the table names it: `8 MiB`. */
export function sizeText(bytes: number): string {
  const [unit, name] = bytes >= GiB ? [GiB, "GiB"] : bytes >= MiB ? [MiB, "MiB"] : [KiB, "KiB"];
  return `${Number((bytes / unit).toFixed(1))} ${name}`;
}

/** How every single file is uploaded. */
export const transfer = { chunkSize: 8 * MiB, concurrency: 4 } as const;

/** What an upload of one file was measured with. */
export function sizesOf(fileBytes: number): Figures {
  return { fileBytes, chunkBytes: transfer.chunkSize, concurrency: transfer.concurrency };
}

/** A temporary folder for the files that are uploaded. Removed with all that is in it when disposed of. */
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

  /** A file of random bytes, which the system still has in memory after writing it. Made once per size. */
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

  /** A file of zeros that takes no room on the disk: reading it costs what reading cached pages costs. */
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

  /** A directory of small files, no two alike, in so many folders. */
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
