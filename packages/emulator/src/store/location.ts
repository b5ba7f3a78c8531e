import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, realpath, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { systemErrorCode } from "../wire/fabric-error.js";

/** The folder of one store, held by one emulator. */
export interface Location {
  readonly folder: string;
  /** Lets others have it; removes it if it was made for this run only. */
  release(): Promise<void>;
}

/** Another emulator keeps its files in the folder. */
export class LocationInUseError extends Error {
  override readonly name = "LocationInUseError";
}

const heldKey = Symbol.for("@sf-image-store/emulator: held locations");

/** Folders held in this very thread, by whichever copy of this module: a program may load several. */
function heldHere(): Set<unknown> {
  const found: unknown = Reflect.get(globalThis, heldKey);
  if (found instanceof Set) return found;
  const held = new Set();
  Reflect.set(globalThis, heldKey, held);
  return held;
}

/** A lock that nobody refreshed for so long is that of a killed run, unless its process is known to live. */
const staleAfterMs = 15_000;
const defaultRefreshMs = 3_000;

/** Takes a folder for this emulator alone; without one, a fresh temporary folder. */
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
  // A folder may have other names, through symbolic links.
  const place = await realpath(folder);
  const held = heldHere();
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
/** A machine may have no name. */
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
    // A lock that somebody removed by hand stays removed.
    void utimes(file, now, now).catch(() => undefined);
  }, refreshMs).unref();
  return async () => {
    clearInterval(refresh);
    const held = await readFile(file, "utf8").catch(() => "");
    if (held === token) await rm(file, { force: true });
  };
}

/**
 * A process id tells about another process of this machine, and about nothing else: threads share one, containers number
 * their processes alike every time, and other machines have their own. There it counts whether the lock is kept fresh.
 */
async function isHeld(file: string, text: string): Promise<boolean> {
  const [, id = "", host = ""] = /^(\d+) (?:(\S+) )?\S+\n$/.exec(text) ?? [];
  // Empty is one that is just being written.
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
    `${Number.isNaN(pid) ? "Another process" : `Process ${pid}`} keeps an image store in ${folder}. Stop it, choose another folder, or remove ${file} if that process is something else. The lock of a killed run may count for ${staleAfterMs / 1000} seconds.`,
  );
}
