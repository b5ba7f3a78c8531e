import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { rejection } from "../server.js";
import { directoryOf } from "./directory.js";
import { packageOf, quick, type Store, startStore } from "./store.js";

const sizes = { "App.xml": 10, "Code/a": 20, "Code/b/c": 30 };

async function uploaded(store: Store) {
  await store.client.uploadPackage(packageOf(sizes, ["Empty"]), { destination: "App" });
}

describe("verifyPackage", () => {
  it("resolves for an uploaded package, with any spelling of the destination", async () => {
    await using store = await startStore();
    await using directory = await directoryOf({ ...sizes, "Empty/": 0 });
    await uploaded(store);
    await store.client.verifyPackage(directory.path, "App");
    await store.newClient().verifyPackage(directory.path, "aPP");
  });

  it("names every difference", async () => {
    await using store = await startStore();
    await uploaded(store);
    const content = new Uint8Array(21);
    await store.client.putFile({ storePath: "App/Code/a", content });
    await store.client.putFile({ storePath: "App/more", content });
    await store.client.deleteContent({ storePath: "App/App.xml" });
    await store.client.deleteContent({ storePath: "App/Code/b/_.dir" });
    await store.client.deleteContent({ storePath: "App/Empty" });
    const error = await rejection(
      store.client.verifyPackage(packageOf(sizes, ["Empty"]), "App", { retryOptions: quick }),
    );
    expect(error).toMatchObject({
      name: "VerificationError",
      differences: [
        { storePath: "App/App.xml", kind: "missing", expectedSize: 10 },
        { storePath: "App/Code/a", kind: "wrong-size", expectedSize: 20, actualSize: 21 },
        { storePath: "App/Code/b", kind: "unmarked" },
        { storePath: "App/Empty", kind: "unmarked" },
        { storePath: "App/more", kind: "unexpected", actualSize: 21 },
      ],
    });
  });

  it("reports everything as missing if the destination does not exist", async () => {
    await using store = await startStore();
    const error = await rejection(
      store.client.verifyPackage(packageOf(sizes), "App", { retryOptions: quick }),
    );
    expect(error).toMatchObject({ name: "VerificationError" });
    expect(String(error)).toContain("App/App.xml is missing");
  });

  it("reports a file in place of the package", async () => {
    await using store = await startStore();
    await store.client.putFile({ storePath: "App", content: new Uint8Array(1) });
    const error = await rejection(store.client.verifyPackage(packageOf({}), "App", { retryOptions: quick }));
    expect(error).toMatchObject({
      differences: [
        { storePath: "App", kind: "unexpected" },
        { storePath: "App", kind: "unmarked" },
      ],
    });
  });

  it("ignores unexpected files with `allowUnexpected`", async () => {
    await using store = await startStore();
    await uploaded(store);
    await store.client.putFile({ storePath: "App/more", content: new Uint8Array(1) });
    await store.client.verifyPackage(packageOf(sizes), "App", { allowUnexpected: true });
    expect(await rejection(store.client.verifyPackage(packageOf(sizes), "App"))).toMatchObject({
      differences: [
        { storePath: "App/Empty", kind: "unexpected" },
        { storePath: "App/more", kind: "unexpected" },
      ],
    });
  });

  it("sends only requests that read", async () => {
    await using store = await startStore();
    await uploaded(store);
    store.requests.length = 0;
    await store.client.verifyPackage(packageOf(sizes, ["Empty"]), "App");
    expect(store.operations()).toEqual(["GetImageStoreContent"]);
  });

  it("rejects with the error of a rejected request", async () => {
    await using store = await startStore();
    await uploaded(store);
    store.emulator.addFault({ path: "App/Code", do: "answer", status: 403, code: "E_ACCESSDENIED" });
    const error = await rejection(store.client.verifyPackage(packageOf(sizes), "App"));
    expect(error).toMatchObject({ name: "FabricError", status: 403 });
  });

  it("rejects with the signal's reason and leaves no listener", async () => {
    await using store = await startStore();
    const controller = new AbortController();
    store.emulator.addFault({ do: "delay", ms: 60_000, times: 100 });
    const verification = rejection(
      store.client.verifyPackage(packageOf(sizes), "App", { abortSignal: controller.signal }),
    );
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await verification).toBe(reason);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });
});
