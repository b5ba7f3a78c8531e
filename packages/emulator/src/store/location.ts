import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { systemErrorCode } from "../fabric-error.js";

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

/** Folders held by emulators of this very process, which a process id cannot tell apart. */
const heldHere = new Set<string>();

/** Takes a folder for this emulator alone; without one, a fresh temporary folder. */
export async function openLocation(given: string | undefined): Promise<Location> {
  if (given === undefined) {
    const folder = await mkdtemp(join(tmpdir(), "sf-image-store-"));
    return { folder, release: () => rm(folder, { recursive: true, force: true }) };
  }
  const folder = resolve(given);
  await mkdir(folder, { recursive: true });
  if (heldHere.has(folder)) throw inUse(folder, process.pid, join(folder, lockName));
  heldHere.add(folder);
  try {
    const release = await lock(folder);
    return {
      folder,
      release: async () => {
        await release();
        heldHere.delete(folder);
      },
    };
  } catch (error) {
    heldHere.delete(folder);
    throw error;
  }
}

const lockName = "emulator.lock";

async function lock(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, lockName);
  const token = `${process.pid} ${randomUUID()}\n`;
  try {
    await writeFile(file, token, { flag: "wx" });
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
    const holder = Number.parseInt(await readFile(file, "utf8"), 10);
    // Our own id is that of a killed run: containers number their processes alike every time.
    if (holder !== process.pid && isAlive(holder)) throw inUse(folder, holder, file);
    await writeFile(file, token);
  }
  return async () => {
    const held = await readFile(file, "utf8").catch(() => "");
    if (held === token) await rm(file, { force: true });
  };
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
    `Process ${pid} keeps an image store in ${folder}. Stop it, choose another folder, or remove ${file} if that process is something else.`,
  );
}
