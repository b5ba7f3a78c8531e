import { mkdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { LocationInUseError, startEmulator } from "../src/index.js";
import { openLocation } from "../src/store/location.js";
import { emulatorForTest } from "./exchange.js";

const source = new URL("../src/store/location.ts", import.meta.url).href;

/** Opens the location in a thread of its own and answers with the error's name, or "open" (and keeps it). */
async function openInThread(location: string): Promise<{ answer: string; thread: Worker }> {
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(${JSON.stringify(import.meta.resolve("tsx/esm/api"))})
      .then(({ tsImport }) => tsImport(workerData.source, workerData.source))
      .then(({ openLocation }) => openLocation(workerData.location))
      .then(() => "open", (error) => error.name)
      .then((answer) => parentPort.postMessage(answer));
    parentPort.on("message", () => {});`;
  const thread = new Worker(code, { eval: true, workerData: { source, location } });
  onTestFinished(async () => void (await thread.terminate()));
  const answer = await new Promise<string>((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
  return { answer, thread };
}

describe("a location that is locked by this process", () => {
  it("cannot be locked by another thread, in either order", async () => {
    const location = scratchFolder();
    const held = await openLocation(location);
    expect((await openInThread(location)).answer).toBe("LocationInUseError");
    await held.release();
    expect((await openInThread(location)).answer).toBe("open");
    await expect(openLocation(location)).rejects.toBeInstanceOf(LocationInUseError);
  });

  it("is rejected under another name", async () => {
    const folder = scratchFolder();
    const [location, alias] = [join(folder, "real"), join(folder, "alias")];
    await mkdir(location);
    await symlink(location, alias);
    await emulatorForTest({ location });
    await expect(startEmulator({ location: alias })).rejects.toBeInstanceOf(LocationInUseError);
  });
});

describe("the lock", () => {
  const old = new Date(Date.now() - 16_000);

  it.each([
    ["the same process ID, as in a container", `${process.pid} ${hostname()} x\n`],
    ["another machine", "1 some-other-host x\n"],
    ["another emulator, which has not written it yet", ""],
  ])("of %s is valid only while it is fresh", async (_, lock) => {
    const location = scratchFolder();
    const file = join(location, "emulator.lock");
    await writeFile(file, lock);
    await expect(openLocation(location)).rejects.toBeInstanceOf(LocationInUseError);
    expect(await readFile(file, "utf8")).toBe(lock);
    await utimes(file, old, old);
    const held = await openLocation(location);
    expect((await stat(file)).mtimeMs).toBeGreaterThan(old.getTime());
    await held.release();
  });

  it("of a running process on this machine is valid at any age", async () => {
    const location = scratchFolder();
    const file = join(location, "emulator.lock");
    await writeFile(file, `${process.ppid} ${hostname()} x\n`);
    await utimes(file, old, old);
    await expect(openLocation(location)).rejects.toBeInstanceOf(LocationInUseError);
  });

  it("is refreshed by its owner", async () => {
    const location = scratchFolder();
    const held = await openLocation(location, 20);
    const file = join(location, "emulator.lock");
    await utimes(file, old, old);
    await expect.poll(async () => (await stat(file)).mtimeMs).toBeGreaterThan(old.getTime() + 10_000);
    await held.release();
  });
});
