import { renameSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { scratchFolder } from "@sf-image-store/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Content } from "../src/store/content.js";
import { Staging } from "../src/store/staging.js";
import { timeForTest } from "./image-store-for-test.js";

/** The same cases on every run. */
const seed = 20_261_122;

type Platform = "windows" | "linux";

type Step =
  | { readonly kind: "put"; readonly path: string; readonly text: string }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "restart" }
  | { readonly kind: "lose-index" };

/** Few names in two spellings, so that files, folders and cases meet often. */
const path = fc
  .array(fc.constantFrom("a", "A", "b", "Code", "code"), { minLength: 1, maxLength: 3 })
  .map((names) => names.join("/"));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("put" as const), path, text: fc.string() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("remove" as const), path }) },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "lose-index" as const }) },
);

/** What a store should hold: the spelling and text of every file by its key. */
class Model {
  readonly files = new Map<string, { shown: string; text: string }>();

  constructor(readonly platform: Platform) {}

  key(path: string): string {
    return this.platform === "windows" ? path.toLowerCase() : path;
  }

  /** A disk cannot hold a file and a folder of one name. */
  isBlocked(path: string): boolean {
    const key = this.key(path);
    return [...this.files.keys()].some((other) => other.startsWith(`${key}/`) || key.startsWith(`${other}/`));
  }

  remove(path: string): void {
    const key = this.key(path);
    for (const other of this.files.keys()) {
      if (other === key || other.startsWith(`${key}/`)) this.files.delete(other);
    }
  }

  shown(): string[] {
    const separator = this.platform === "windows" ? "\\" : "/";
    return [...this.files.values()].map(({ shown }) => shown.replaceAll("/", separator)).sort();
  }
}

async function run(platform: Platform, steps: readonly Step[]): Promise<void> {
  const location = scratchFolder();
  const clock = { now: () => timeForTest };
  const staging = await Staging.open(location);
  let content = await Content.open(location, { platform, clock });
  const model = new Model(platform);
  for (const step of steps) {
    if (step.kind === "put") {
      const file = await staging.receive(Readable.from([Buffer.from(step.text)]));
      const put = content.replace(content.parsePath(step.path), file);
      if (model.isBlocked(step.path)) {
        await expect(put).rejects.toThrow();
      } else {
        await put;
        model.files.set(model.key(step.path), { shown: step.path, text: step.text });
      }
    } else if (step.kind === "remove") {
      await content.remove(content.parsePath(step.path), () => staging.newName());
      model.remove(step.path);
    } else {
      content.close();
      if (step.kind === "lose-index") await rm(join(location, "index.jsonl"));
      content = await Content.open(location, { platform, clock });
      // Without an index, names are shown as the disk spells them.
      const shown = content.below(undefined).map((file) => file.path.replaceAll("\\", "/"));
      for (const name of shown) {
        const file = model.files.get(model.key(name));
        if (file !== undefined && step.kind === "lose-index") file.shown = name;
      }
    }
    const paths = content.below(undefined).map((file) => file.path);
    expect(paths.sort()).toEqual(model.shown());
    for (const { shown, text } of model.files.values()) {
      expect(await readFile(content.resolve(content.parsePath(shown)), "utf8")).toBe(text);
    }
  }
  content.close();
}

describe("a write that fails after it was announced", () => {
  it("does not change the version of the old file, even after a restart", async () => {
    const location = scratchFolder();
    const open = () => Content.open(location, { platform: "windows", clock: { now: () => timeForTest } });
    const staging = await Staging.open(location);
    const stageText = (text: string) => staging.receive(Readable.from([Buffer.from(text)]));
    const content = await open();
    const path = content.parsePath("a");
    await content.replace(path, await stageText("old"), "session-1");
    const before = content.find(path);
    // A folder in the place of the file makes the last step of the write fail.
    const [place, aside] = [content.resolve(path), join(location, "aside")];
    renameSync(place, aside);
    await mkdir(join(place, "in the way"), { recursive: true });
    await expect(content.replace(path, await stageText("new"))).rejects.toThrow();
    await rm(place, { recursive: true });
    renameSync(aside, place);
    expect(content.find(path)).toEqual(before);
    expect(content.wasWrittenBy(path, "session-1")).toBe(true);
    content.close();
    const reopened = await open();
    expect(reopened.find(path)).toEqual(before);
    reopened.close();
  });
});

describe("a store after any sequence of writes, deletions and restarts", () => {
  it.each(["windows", "linux"] as const)("has the same content as a simple model (%s)", async (platform) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), (steps) => run(platform, steps)),
      { numRuns: 80, seed },
    );
  });
});
