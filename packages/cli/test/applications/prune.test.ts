import { describe, expect, it } from "vitest";
import { resultOf } from "../store-for-test.js";
import { clusterForTest, shopPackage } from "./cluster-for-test.js";

describe("prune --unprovisioned", () => {
  it("keeps packages that are provisioned, and deletes the others after a day", async () => {
    const cluster = await clusterForTest();
    await cluster.provision("1.0.0");
    await cluster.upload("10.0.0");
    await cluster.put("Data/a.bin", 10);
    expect((await cluster.run("prune", "--unprovisioned")).stdout).toMatch(/may be provisioned soon/);
    const flags = ["--unprovisioned", "--older-than", "1s"];
    await expect
      .poll(async () => resultOf(await cluster.run("prune", ...flags, "--json")))
      .toMatchObject({
        isDryRun: true,
        unprovisioned: true,
        packages: expect.arrayContaining([
          expect.objectContaining({ storePath: "Shop_1.0.0", action: "keep", reason: "provisioned" }),
          expect.objectContaining({ storePath: "Shop_10.0.0", action: "delete", reason: "unprovisioned" }),
          expect.objectContaining({ storePath: "Data", action: "keep", reason: "no-manifest" }),
          expect.objectContaining({ storePath: "Store", action: "keep", reason: "reserved" }),
        ]),
      });
    expect((await cluster.run("prune", ...flags, "--yes")).code).toBe(0);
    expect((await cluster.run("ls")).stdout).toBe("Data/\nShop_1.0.0/\nStore/\n");
  });

  it("tells versions apart by their code if the manifests have the same size", async () => {
    const cluster = await clusterForTest();
    await cluster.provision("1.0.0");
    const changed = shopPackage("1.0.1");
    await cluster.run("upload", changed, "--to", "Same");
    await cluster.put("Same/WebPkg/Code/more.dll", 10);
    await cluster.run("upload", shopPackage("1.0.2"), "--to", "Alike");
    await expect
      .poll(async () => (await cluster.run("prune", "--unprovisioned", "--older-than", "1s")).stdout)
      .toMatch(/^delete +Same\/ .* not provisioned/m);
    const { stdout } = await cluster.run("prune", "--unprovisioned", "--older-than", "1s");
    // All sizes are those of 1.0.0, so this may be it.
    expect(stdout).toMatch(/^keep +Alike\/ .* same sizes as ShopType 1\.0\.0, which is provisioned$/m);
  });
});
