import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { applicationPackage, scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { commands } from "../src/commands/index.js";
import { startCliProcess } from "./cli-process.js";
import { type StoreForTest, sendChunk, session1, storeForTest } from "./store-for-test.js";

/** What is given to a command besides the endpoint, and what it prints. A new command fails without a row. */
const smoke: Readonly<
  Record<string, readonly [args: (original: string) => readonly string[], text: RegExp]>
> = {
  upload: [(original) => [original, "--to", "New"], /^New is in the image store: 6 files/],
  verify: [(original) => [original, "Shop"], /^Shop in the image store has the same content/],
  ls: [() => ["Shop/Notes"], /^Shop\/Notes\/readme\.txt$/m],
  tree: [() => ["Shop/Notes"], /readme\.txt/],
  stat: [() => ["Shop/Notes/readme.txt"], /readme\.txt/],
  du: [() => ["Shop"], /Shop/],
  info: [() => [], /\d/],
  cp: [() => ["Shop", "Copy"], /^Copied Shop to Copy: 6 files/],
  mv: [() => ["Shop", "Moved"], /^Moved Shop to Moved: 6 files/],
  rm: [() => ["--yes", "Shop/Notes"], /^Deleted Shop\/Notes/],
  prune: [() => ["--keep", "1"], /Shop/],
  lint: [(original) => [original], /ShopPkg: no problems found\.$/m],
  pack: [(original) => [original], /ShopPkg-packed: 6 files/],
  deploy: [(original) => [original, "--dry-run"], /^Would create fabric:\/Shop with Shop 1\.0\.0\./m],
  type: [() => ["provision", "Shop"], /^Provisioned Shop 1\.0\.0 from Shop\.$/m],
  app: [() => ["ls"], /^$/],
  session: [() => ["show", session1], /^missing +bytes 0-99\nmissing +bytes 300-999$/m],
  connect: [() => ["--profile", "dev"], /^Saved profile "dev" in /],
  doctor: [() => [], /^ok {3}platform: Windows/m],
  bench: [() => ["--duration", "1s", "--max-bytes", "8MiB"], /^Recommended: --chunk-size /m],
  emulator: [() => ["--help"], /--platform/],
  completion: [() => ["bash"], /complete/],
  __complete: [() => ["1", "ls", "Sh"], /^Shop\/\n:open\n$/],
};

async function storeWithPackage(original: string): Promise<StoreForTest> {
  const store = await storeForTest();
  expect((await store.run("upload", original, "--to", "Shop")).code).toBe(0);
  await sendChunk(store, "App/Code.zip", 100, 200);
  return store;
}

describe("the published program", () => {
  it.each(Object.keys(commands))("runs %s and exits", async (command) => {
    const [args, text] = smoke[command] ?? [() => [], /no row for it/];
    const original = applicationPackage();
    const store = await storeWithPackage(original);
    const profiles = join(scratchFolder(), "profiles.json");
    writeFileSync(profiles, "");
    const variables = { SF_ENDPOINT: store.emulator.endpoint, SF_PROFILE_FILE: profiles };
    const { code, stdout } = await startCliProcess([command, ...args(original)], variables).result;
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(text) });
  });
});
