import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

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

/** A built checkout of the project. */
export interface Build {
  readonly root: string;
}

/** The build that contains this benchmark. */
export const ownBuild: Build = { root: fileURLToPath(new URL("../../../", import.meta.url)) };

const modules = {
  cli: "packages/cli/dist/main.js",
  client: "packages/client/dist/node/index.js",
  emulator: "packages/emulator/dist/index.js",
};

/** The path of a built program or package. */
export function moduleOf({ root }: Build, name: keyof typeof modules): string {
  return join(root, modules[name]);
}

/** Throws unless all that is measured is built. */
export async function requireBuilt({ root }: Build): Promise<void> {
  for (const path of Object.values(modules)) {
    await access(join(root, path)).catch((cause) => {
      const message = `${join(root, path)} does not exist. Pass a checkout of this project, and build it first.`;
      throw new Error(message, { cause });
    });
  }
}

/** The types are those of this checkout. A baseline must have the parts of the API that the benchmarks use. */
export function importClient(build: Build): Promise<typeof import("@sf-image-store/client/node")> {
  return import(pathToFileURL(moduleOf(build, "client")).href);
}

export function importEmulator(build: Build): Promise<typeof import("@sf-image-store/emulator")> {
  return import(pathToFileURL(moduleOf(build, "emulator")).href);
}

/** The input of each service of a child process, as JSON. */
export interface Inputs {
  readonly "bare-upload": UploadInput;
  /** Hashes the file on all cores before each upload. */
  readonly "bare-hash-upload": UploadInput;
  readonly "client-upload": ClientUploadInput;
  readonly "bare-package-upload": BarePackageUploadInput;
  readonly "package-upload": PackageUploadInput;
  readonly requests: RequestsInput;
  readonly sink: SinkOptions;
  readonly emulator: EmulatorInput;
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
  readonly build: Build;
  /** The source of the session ID: random, or derived from the content, as the client does by default. */
  readonly id: "given" | "content";
  /** Our fetch over node:http, or that of the platform. */
  readonly fetch: "node" | "platform";
}

interface BarePackageUploadInput {
  readonly endpoint: string;
  readonly directory: string;
  readonly concurrency: number;
}

interface PackageUploadInput extends Omit<BarePackageUploadInput, "concurrency"> {
  readonly build: Build;
  /** The client's default if it is missing. */
  readonly concurrency?: number;
}

interface RequestsInput {
  readonly build: Build;
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

interface EmulatorInput {
  readonly build: Build;
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

/** A child for each build. */
export interface Children extends AsyncDisposable {
  of(build: Build): Child;
}

export async function startForEach(
  builds: readonly Build[],
  start: (build: Build) => Promise<Child>,
): Promise<Children> {
  const children = new Map<Build, Child>();
  const dispose = async () => {
    for (const child of children.values()) await child[Symbol.asyncDispose]();
  };
  try {
    for (const build of builds) children.set(build, await start(build));
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    of(build) {
      const child = children.get(build);
      if (child === undefined) throw new Error(`There is no child for ${build.root}.`);
      return child;
    },
    [Symbol.asyncDispose]: dispose,
  };
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
  { build = ownBuild, delayMs = 0 }: Partial<EmulatorInput> = {},
): Promise<Server> {
  return serverAt("http", await startChild("emulator", { build, delayMs }, signal));
}

function serverAt(scheme: string, child: Child): Server {
  return { ...child, endpoint: `${scheme}://127.0.0.1:${figure(child.ready, "port")}` };
}
