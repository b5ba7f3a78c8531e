import { describe, expect, it } from "vitest";
import { resultOf } from "../store-for-test.js";
import { clusterForTest } from "./cluster-for-test.js";

describe("type provision", () => {
  it("waits until the version is available, and finds out which one it is", async () => {
    const cluster = await clusterForTest();
    await cluster.provision("1.0.0");
    await cluster.upload("1.1.0");
    const { code, stdout } = await cluster.run("type", "provision", "Shop_1.1.0");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "Provisioned ShopType 1.1.0 from Shop_1.1.0.\n" });
    expect((await cluster.run("type", "ls")).stdout).toBe(
      "ShopType  1.0.0  Available\nShopType  1.1.0  Available\n",
    );
  });

  it("deletes the package with --clean-up", async () => {
    const cluster = await clusterForTest();
    await cluster.upload("1.0.0");
    expect((await cluster.run("type", "provision", "Shop_1.0.0", "--clean-up")).code).toBe(0);
    expect((await cluster.run("ls")).stdout).toBe("Store/\n");
  });

  it("does not wait with --no-wait", async () => {
    const cluster = await clusterForTest();
    await cluster.upload("1.0.0");
    const { code, stdout } = await cluster.run("type", "provision", "Shop_1.0.0", "--no-wait");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "The cluster has started to provision Shop_1.0.0. To check, run: sf-image-store type ls\n",
    });
    await expect.poll(async () => (await cluster.run("type", "ls")).stdout).toContain("Available");
  });

  it("prints why the cluster could not provision a package, also one that failed before", async () => {
    const cluster = await clusterForTest();
    await cluster.upload("1.0.0");
    await cluster.client.putFile({
      storePath: "Shop_1.0.0/WebPkg/ServiceManifest.xml",
      content: new TextEncoder().encode('<ServiceManifest Name="WebPkg" Version="9"/>'),
    });
    const { code, stderr } = await cluster.run("type", "provision", "Shop_1.0.0");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Error: The cluster could not provision ShopType 1\.0\.0\.\n {2}FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR: .*\n/,
    );
    const again = await cluster.run(
      ...["type", "provision", "Shop_1.0.0", "--type-name", "ShopType", "--type-version", "1.0.0", "--json"],
    );
    expect(JSON.parse(again.stdout)).toMatchObject({
      error: { code: "failed", kind: "provision-failed", details: { status: "Failed" } },
    });
  });

  it("explains a version that is provisioned already, and a package that does not exist", async () => {
    const cluster = await clusterForTest();
    await cluster.provision("1.0.0");
    const again = await cluster.run("type", "provision", "Shop_1.0.0", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({
      error: {
        exitCode: 1,
        kind: "type-already-provisioned",
        remedy: expect.stringContaining("Increase the version"),
        details: { status: 409 },
      },
    });
    const absent = await cluster.run("type", "provision", "Nothing");
    expect(absent.code).toBe(4);
    expect(absent.stderr).toMatch(/has no ApplicationManifest\.xml/);
  });

  it.each([
    [["Store/ShopType"], /reserved for the cluster/],
    [["https://example.com/a.zip"], /path ends with \.sfpkg/],
    [["https://example.com/a.sfpkg"], /both are required/],
    [["Shop", "--type-name", "ShopType"], /Use --type-name and --type-version together/],
  ])("exits with 2 for %j", async (args, text) => {
    const cluster = await clusterForTest();
    const { code, stderr } = await cluster.run("type", "provision", ...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(text) });
  });
});

describe("type ls and show", () => {
  it("show versions, parameters and the applications that use them", async () => {
    const cluster = await clusterForTest();
    await cluster.provision("1.0.0");
    await cluster.provision("1.1.0");
    await cluster.create("1.0.0");
    expect((await cluster.run("type", "ls", "-o", "tsv")).stdout.split("\n")[1]).toMatch(
      /^ShopType\t1\.0\.0\tAvailable\t/,
    );
    const { stdout } = await cluster.run("type", "show", "ShopType", "1.0.0");
    expect(stdout).toMatch(/^parameter +Count=1$/m);
    expect(stdout).toMatch(/^used by +fabric:\/Shop$/m);
    expect(resultOf(await cluster.run("type", "show", "ShopType", "1.1.0", "--json"))).toMatchObject({
      typeVersion: "1.1.0",
      statusDetails: null,
      usedBy: [],
    });
    expect((await cluster.run("type", "show", "ShopType", "1.1.0", "--manifest")).stdout).toMatch(
      /<ApplicationManifest .*ApplicationTypeName="ShopType" ApplicationTypeVersion="1\.1\.0"/,
    );
  });

  it("exit with 4 for an unknown type, and with 2 if the version is not clear", async () => {
    const cluster = await clusterForTest();
    expect(await cluster.run("type", "ls", "Other")).toMatchObject({ code: 0, stdout: "" });
    expect((await cluster.run("type", "show", "Other")).code).toBe(4);
    await cluster.provision("1.0.0");
    await cluster.provision("1.1.0");
    const { code, stderr } = await cluster.run("type", "show", "ShopType");
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "Error: ShopType has 2 versions. Specify one: 1.0.0, 1.1.0\n",
    });
  });
});

describe("type unprovision", () => {
  it("removes versions with --yes, and fails without it if there is no terminal", async () => {
    const cluster = await clusterForTest();
    await cluster.provision("1.0.0");
    await cluster.provision("1.1.0");
    expect((await cluster.run("type", "unprovision", "ShopType", "1.0.0")).code).toBe(2);
    const { code, stdout } = await cluster.run("type", "unprovision", "ShopType", "1.0.0", "1.1.0", "-y");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "Removed ShopType 1.0.0.\nRemoved ShopType 1.1.0.\n",
    });
    expect((await cluster.run("type", "unprovision", "ShopType", "1.0.0", "-y")).code).toBe(4);
  });

  it("says which versions were removed before one that an application uses", async () => {
    const cluster = await clusterForTest();
    await cluster.provision("1.0.0");
    await cluster.provision("1.1.0");
    await cluster.create("1.1.0");
    const { code, stdout } = await cluster.run(
      ...["type", "unprovision", "ShopType", "1.0.0", "1.1.0", "-y", "--json"],
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        kind: "type-in-use",
        remedy: expect.stringContaining("sf-image-store app ls"),
        details: { deleted: ["1.0.0"] },
      },
    });
  });

  it("asks for confirmation on a terminal", async () => {
    const cluster = await clusterForTest();
    await cluster.provision("1.0.0");
    const terminal = cluster.onTerminal("type", "unprovision", "ShopType", "1.0.0");
    await terminal.shows("Remove? [y/N] ");
    terminal.type("n\r");
    expect(await terminal.exited).toBe(1);
    expect((await cluster.run("type", "ls")).stdout).toContain("1.0.0");
  });
});
