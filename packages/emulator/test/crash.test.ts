import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { banner, runCommand } from "./command-process.js";
import { allFiles } from "./content-exchange.js";
import { emulatorForTest, version } from "./exchange.js";

const uploads = 50;

/** Every file has a content that its name alone tells, so that a partial or mixed one shows. */
function contentOf(name: string): Buffer {
  return Buffer.alloc(20_000 + 997 * Number(name.replaceAll(/\D/g, "")), `${name}|`);
}

/** Uploads files one after the other until the server is gone; `written` gets the acknowledged ones. */
async function uploadUntilKilled(endpoint: string, worker: number, written: Set<string>): Promise<void> {
  for (let round = 0; ; round++) {
    const name = `f${worker}-${round % 3}.bin`;
    const content = contentOf(name);
    try {
      if (worker % 2 === 0) {
        const answer = await fetch(`${endpoint}/ImageStore/App/${name}?${version}`, {
          method: "PUT",
          body: content,
        });
        if (answer.ok) written.add(name);
      } else if (await uploadInChunks(endpoint, name, content)) written.add(name);
    } catch {
      return;
    }
  }
}

async function uploadInChunks(endpoint: string, name: string, content: Buffer): Promise<boolean> {
  const query = `${version}&session-id=${crypto.randomUUID()}`;
  const middle = content.length >> 1;
  for (const [start, end] of [
    [0, middle],
    [middle, content.length],
  ] as const) {
    const headers = { "Content-Range": `bytes ${start}-${end - 1}/${content.length}` };
    const url = `${endpoint}/ImageStore/App/${name}/$/UploadChunk?${query}`;
    await fetch(url, { method: "PUT", headers, body: content.subarray(start, end) });
  }
  return (await fetch(`${endpoint}/ImageStore/$/CommitUploadSession?${query}`, { method: "POST" })).ok;
}

describe("kill -9 during 50 uploads", () => {
  it("leaves every acknowledged file intact, and no partial file visible", async () => {
    const location = scratchFolder();
    const killed = runCommand("--port", "0", "--location", location, "--quiet");
    const { endpoint } = await banner(killed);
    const written = new Set<string>();
    const running = Array.from({ length: uploads }, (_, worker) =>
      uploadUntilKilled(endpoint, worker, written),
    );
    while (written.size < uploads) await new Promise((resolve) => setTimeout(resolve, 5));
    killed.child.kill("SIGKILL");
    await Promise.all([...running, killed.exited]);
    expect(await readdir(join(location, "staging"))).toHaveLength(1);
    const [leftBehind = ""] = await readdir(join(location, "staging"));

    const emulator = await emulatorForTest({ location });
    const visible = (await allFiles(emulator)).map((path) => path.replace("App\\", ""));
    expect([...written].filter((name) => !visible.includes(name))).toEqual([]);
    for (const name of visible) {
      const content = await readFile(emulator.contentPath(`App/${name}`));
      expect({ name, intact: content.equals(contentOf(name)) }).toEqual({ name, intact: true });
    }
    expect(existsSync(join(location, "staging", leftBehind))).toBe(false);
    if (process.env["SHOW_FIGURES"] !== undefined) {
      console.log(`${written.size} acknowledged, ${visible.length} visible, all intact`);
    }
  });
});

describe("SIGTERM during uploads", () => {
  it("ends with exit code 0, and no partial file visible", async () => {
    const location = scratchFolder();
    const stopped = runCommand("--port", "0", "--location", location, "--quiet");
    const { endpoint } = await banner(stopped);
    const written = new Set<string>();
    const running = Array.from({ length: 10 }, (_, worker) => uploadUntilKilled(endpoint, worker, written));
    while (written.size < 10) await new Promise((resolve) => setTimeout(resolve, 5));
    stopped.child.kill("SIGTERM");
    expect(await stopped.exited).toBe(0);
    await Promise.all(running);
    expect((await readdir(location)).sort()).toEqual(["content", "index.jsonl"]);
    for (const name of await readdir(join(location, "content", "App"))) {
      expect((await readFile(join(location, "content", "App", name))).equals(contentOf(name))).toBe(true);
    }
  });
});
