import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Figures, isFigures } from "../figures.js";

/** A process of its own: what is measured shares neither heap nor event loop with the server, nor with this process. */
export interface Child extends AsyncDisposable {
  /** What it said when it was ready. */
  readonly ready: Figures;
  /** Does its work once. Rejects when it fails, for its error is on stderr then. */
  run(): Promise<Figures>;
}

/** How long a child may take to end by itself, in milliseconds. */
const patience = 10_000;

/** Starts one of the modules beside this one, with an input that JSON can carry. */
export async function startChild(name: string, input: unknown, signal: AbortSignal): Promise<Child> {
  signal.throwIfAborted();
  // The same kind of module as this: TypeScript in tests, JavaScript as it is built.
  const entry = fileURLToPath(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url));
  const child = fork(entry, [JSON.stringify(input)]);
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
