import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, realpath, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { systemErrorCode } from "../wire/fabric-error.js";

/** The folder of one store, locked by one emulator. */
export interface Location {
  readonly folder: string;
  /** Unlocks the folder. Deletes it if it is temporary. */
  release(): Promise<void>;
}

/** Another emulator uses the folder. */
export class LocationInUseError extends Error {
  override readonly name = "LocationInUseError";
}

const heldKey = Symbol.for("@sf-image-store/emulator: held locations");

/** Folders locked in this thread, by any copy of this module. A program can load several copies. */
function lockedInThread(): Set<unknown> {
  const found: unknown = Reflect.get(globalThis, heldKey);
  if (found instanceof Set) return found;
  const held = new Set();
  Reflect.set(globalThis, heldKey, held);
  return held;
}

/** A lock that was not refreshed for this long belongs to a killed emulator, unless its process is still running. */
const staleAfterMs = 15_000;
const defaultRefreshMs = 3_000;

/** Locks a folder for this emulator. Creates a temporary folder if none is given. */
export async function openLocation(
  given: string | undefined,
  refreshMs = defaultRefreshMs,
): Promise<Location> {
  if (given === undefined) {
    const folder = await mkdtemp(join(tmpdir(), "sf-image-store-"));
    return { folder, release: () => rm(folder, { recursive: true, force: true }) };
  }
  const folder = resolve(given);
  await mkdir(folder, { recursive: true });
  // Symbolic links can give a folder several paths.
  const place = await realpath(folder);
  const held = lockedInThread();
  if (held.has(place)) throw inUse(folder, process.pid, join(folder, lockName));
  held.add(place);
  try {
    const release = await lock(folder, refreshMs);
    return {
      folder,
      release: async () => {
        await release();
        held.delete(place);
      },
    };
  } catch (error) {
    held.delete(place);
    throw error;
  }
}

const lockName = "emulator.lock";
/** A machine can have no host name. */
const thisHost = hostname() || "nameless";

async function lock(folder: string, refreshMs: number): Promise<() => Promise<void>> {
  const file = join(folder, lockName);
  const token = `${process.pid} ${thisHost} ${randomUUID()}\n`;
  try {
    await writeFile(file, token, { flag: "wx" });
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
    const text = await readFile(file, "utf8");
    if (await isHeld(file, text)) throw inUse(folder, Number.parseInt(text, 10), file);
    await writeFile(file, token);
  }
  const refresh = setInterval(() => {
    const now = new Date();
    // Do not restore a lock that a user removed.
    void utimes(file, now, now).catch(() => undefined);
  }, refreshMs).unref();
  return async () => {
    clearInterval(refresh);
    const held = await readFile(file, "utf8").catch(() => "");
    if (held === token) await rm(file, { force: true });
  };
}

/**
 * A process ID identifies only another process on this machine: threads share one ID, containers reuse the same IDs, and other
 * machines have their own. In those cases, the age of the lock decides.
 */
async function isHeld(file: string, text: string): Promise<boolean> {
  const [, id = "", host = ""] = /^(\d+) (?:(\S+) )?\S+\n$/.exec(text) ?? [];
  // An empty lock file is being written right now.
  if (id === "" && text !== "") return false;
  const pid = Number(id);
  if (id !== "" && (host === "" || host === thisHost) && pid !== process.pid) return isAlive(pid);
  const { mtimeMs } = await stat(file);
  return Date.now() - mtimeMs < staleAfterMs;
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}

function inUse(folder: string, pid: number, file: string): LocationInUseError {
  return new LocationInUseError(
    `${Number.isNaN(pid) ? "Another process" : `Process ${pid}`} uses the image store in ${folder}. Stop it or choose another folder. If that process is not an emulator, delete ${file}. The lock of a killed emulator can remain for ${staleAfterMs / 1000} seconds.`,
  );
}
