import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it, vi } from "vitest";
import { ClusterManager } from "../src/applications/cluster-manager.js";
import { defaultShape } from "../src/applications/state.js";
import { startEmulator } from "../src/index.js";
import { deployed, itemsAt, packageOf, registeredFiles, upload } from "./application-exchange.js";
import { emulatorForTest } from "./exchange.js";
import { imageStoreForTest, stage } from "./image-store-for-test.js";

/** A cluster manager without a server, and a package at `pkg`. */
async function managerForTest(file = join(scratchFolder(), "applications.json")) {
  const store = await imageStoreForTest();
  const { content } = store;
  for (const [path, text] of Object.entries(packageOf("1")))
    await content.replace(content.parsePath(`pkg/${path}`), await stage(store, text));
  const clock = { now: () => 0 };
  const manager = new ClusterManager({ store, clock, shape: defaultShape, file });
  const stored = () => content.below(content.parsePath("Store")).length;
  return { manager, store, file, stored };
}

const request = {
  isAsync: true,
  source: { kind: "image-store", path: "pkg", isRemovedAfterwards: false },
} as const;

/** Stops the copies until the gate opens. */
function gate(store: Awaited<ReturnType<typeof imageStoreForTest>>) {
  let [open, reach] = [() => {}, () => {}];
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const receive = store.staging.receive.bind(store.staging);
  let count = 0;
  vi.spyOn(store.staging, "receive").mockImplementation(async (source) => {
    count += 1;
    if (count === 3) {
      reach();
      await opened;
    }
    return receive(source);
  });
  return { reached, open };
}

describe("a cluster manager", () => {
  it("leaves no files if a version is unprovisioned while it is copied", async () => {
    const { manager, store, stored } = await managerForTest();
    const { reached, open } = gate(store);
    await manager.provision(request);
    await reached;
    expect(stored()).toBeGreaterThan(0);
    const removed = manager.unprovision("T", "1");
    open();
    await removed;
    expect(stored()).toBe(0);
    expect(manager.state).toMatchObject({ types: [], removals: [] });
  });

  it("continues to register a version after a kill", async () => {
    const first = await managerForTest();
    const { reached } = gate(first.store);
    await first.manager.provision(request);
    await reached;
    // The first manager never goes on, as after a kill.
    const { store, file, stored } = first;
    vi.restoreAllMocks();
    const next = new ClusterManager({ store, clock: { now: () => 0 }, shape: defaultShape, file });
    await next.settled();
    expect(next.state.types).toMatchObject([{ status: "Available" }]);
    expect(stored()).toBe(5);
  });

  it("continues after a failover of the image store", async () => {
    const { manager, store, stored } = await managerForTest();
    const { reached, open } = gate(store);
    await manager.provision(request);
    await reached;
    await store.staging.failOver();
    open();
    await manager.settled();
    expect(manager.state.types).toMatchObject([{ status: "Available" }]);
    expect(stored()).toBe(5);
  });

  it("keeps a registration for the next run if the emulator closes", async () => {
    const { manager, store } = await managerForTest();
    const { reached, open } = gate(store);
    await manager.provision(request);
    await reached;
    manager.close();
    store.staging.abort();
    open();
    await manager.settled();
    expect(manager.state.types).toMatchObject([{ status: "Provisioning" }]);
  });
});

describe("the file of the cluster's state", () => {
  it("is complete after a kill between the removal of a version and that of its files", async () => {
    const location = scratchFolder();
    const first = await deployed({ location });
    await first.close();
    const file = join(location, "applications.json");
    const state = JSON.parse(readFileSync(file, "utf8"));
    const [one, two] = state.types;
    writeFileSync(
      file,
      JSON.stringify({ ...state, types: [one], removals: [{ name: "T", stored: two.stored }] }),
    );
    const second = await emulatorForTest({ location });
    await expect.poll(() => registeredFiles(second)).toBe(5);
    await second.close();
    expect(JSON.parse(readFileSync(file, "utf8")).removals).toEqual([]);
  });

  it.each([
    ["{", /applications\.json is not valid: .*JSON/],
    ["", /applications\.json is not valid: .*JSON/],
    ["[]", /is not valid: it must be an object\. Fix it, or delete it/],
    ['{"types":[],"applications":[{"name":1}]}', /: it\.applications\[0\]\.name must be a string\./],
    [
      '{"types":[{"name":"T","version":"1","status":"Gone"}]}',
      /: it\.types\[0\]\.status must be one of Provisioning, /,
    ],
  ])("is refused if it is not valid: %s", async (text, reason) => {
    const location = scratchFolder();
    writeFileSync(join(location, "applications.json"), text);
    await expect(startEmulator({ location })).rejects.toThrow(reason);
    // The location is free again.
    writeFileSync(join(location, "applications.json"), "{}");
    await expect(startEmulator({ location })).rejects.toThrow("it.types must be an array");
  });

  it("is read again as it was written", async () => {
    const location = scratchFolder();
    const first = await deployed({ location });
    await upload(first, "3");
    first.setHealth({ application: "fabric:/App", state: "Warning" });
    const before = await itemsAt(first, "/Applications");
    await first.close();
    const second = await emulatorForTest({ location });
    expect(await itemsAt(second, "/Applications")).toEqual(before);
  });
});
