import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { drawnText } from "../../src/applications/upgrade.js";
import { parseApplicationName } from "../../src/command-line/values.js";
import { startCli } from "../cli-process.js";
import { resultOf } from "../store-for-test.js";
import { briefChecks, type ClusterForTest, clusterForTest } from "./cluster-for-test.js";

/** A cluster with the versions, and an application with the first one. */
async function withApplication(...versions: readonly string[]): Promise<ClusterForTest> {
  const cluster = await clusterForTest();
  for (const version of versions) await cluster.provision(version);
  await cluster.create(versions[0] ?? "", { Count: "3" });
  return cluster;
}

function breakVersion({ emulator }: ClusterForTest, version: string): void {
  const description = "Crashes ##vso[task.complete]\n::error::x\u001b[2J";
  emulator.setHealth({ application: "fabric:/Shop", version, state: "Error", description });
}

describe("the name of an application", () => {
  it.each([
    ["Shop", "fabric:/Shop"],
    ["fabric:/Shop", "fabric:/Shop"],
    ["Team/Shop", "fabric:/Team/Shop"],
    ["FABRIC:/Shop", "fabric:/Shop"],
  ])("can be %j", (text, name) => {
    expect(parseApplicationName(text)).toBe(name);
  });

  it.each(["", "fabric:/", "Shop/", "a//b", "a?b", "http://x"])("cannot be %j", (text) => {
    expect(() => parseApplicationName(text)).toThrow(/such as fabric:\/MyApp or MyApp/);
  });
});

describe("app create", () => {
  it("creates an application with parameters from a file and from the command line", async () => {
    const cluster = await clusterForTest();
    await cluster.provision("1.0.0");
    const file = join(scratchFolder(), "Cloud.xml");
    writeFileSync(
      file,
      '<Application Name="fabric:/Other"><Parameters><Parameter Name="Count" Value="5"/><Parameter Name="Region" Value="east"/></Parameters></Application>',
    );
    const flags = ["--parameters", file, "--parameters", "Count=7"];
    const { code, stdout } = await cluster.run("app", "create", "Shop", "ShopType", "1.0.0", ...flags);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^Created fabric:\/Shop with ShopType 1\.0\.0\./),
    });
    expect(await cluster.applications.getApplication({ applicationName: "fabric:/Shop" })).toMatchObject({
      parameters: { Count: "7", Region: "east" },
    });
  });

  it("explains an application that exists, and a version that is not provisioned", async () => {
    const cluster = await withApplication("1.0.0");
    const again = await cluster.run("app", "create", "Shop", "ShopType", "1.0.0", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ error: { exitCode: 1, kind: "application-exists" } });
    const unknown = await cluster.run("app", "create", "New", "ShopType", "9", "--json");
    expect(JSON.parse(unknown.stdout)).toMatchObject({ error: { exitCode: 4, kind: "type-not-found" } });
  });

  it.each([["=1"], [""], ["a b=1"]])("exits with 2 for the parameter %j", async (parameter) => {
    const cluster = await clusterForTest();
    const { code } = await cluster.run("app", "create", "A", "T", "1", "--parameters", parameter);
    expect(code).toBe(2);
  });

  it("exits with 2 for a file of parameters that does not exist", async () => {
    const cluster = await clusterForTest();
    const { code, stderr } = await cluster.run("app", "create", "A", "T", "1", "--parameters", "nope.xml");
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^Error: The file of --parameters cannot be read: /),
    });
  });
});

describe("app ls and show", () => {
  it("show applications, services and the last upgrade", async () => {
    const cluster = await withApplication("1.0.0", "1.1.0");
    expect((await cluster.run("app", "ls")).stdout).toBe("fabric:/Shop  ShopType  1.0.0  Ready  Ok\n");
    expect((await cluster.run("app", "ls", "--type", "Other")).stdout).toBe("");
    expect((await cluster.run("app", "show", "Shop")).stdout).not.toMatch(/upgrade/);
    await cluster.run("app", "upgrade", "Shop", "1.1.0", ...briefChecks);
    const { stdout } = await cluster.run("app", "show", "fabric:/Shop");
    expect(stdout).toMatch(/^service +fabric:\/Shop\/Web \(Stateless, Active, Ok\)$/m);
    expect(stdout).toMatch(/^last upgrade +to 1\.1\.0, RollingForwardCompleted/m);
    expect(resultOf(await cluster.run("app", "show", "Shop", "--json"))).toMatchObject({
      typeVersion: "1.1.0",
      services: [{ serviceName: "fabric:/Shop/Web" }],
      upgrade: { state: "RollingForwardCompleted", failure: null, unhealthy: [] },
    });
  });

  it.each(["show", "health", "rollback", "resume", "upgrade", "rm"])(
    "exit with 4 for an application that does not exist: %s",
    async (command) => {
      const cluster = await clusterForTest();
      const more = command === "upgrade" ? ["1.0.0"] : command === "rm" ? ["--yes"] : [];
      const { code, stderr } = await cluster.run("app", command, "Shop", ...more);
      expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining("sf-image-store app ls") });
    },
  );
});

describe("app upgrade", () => {
  it("waits, prints each upgrade domain, and keeps the parameters", async () => {
    const cluster = await withApplication("1.0.0", "1.1.0");
    const { code, stdout, stderr } = await cluster.run("app", "upgrade", "Shop", "1.1.0", ...briefChecks);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^Upgraded fabric:\/Shop from 1\.0\.0 to 1\.1\.0 in \d+ min/),
    });
    expect(stderr).toMatch(
      /^Upgrading fabric:\/Shop from 1\.0\.0 to 1\.1\.0\.\n(Upgrading UD\d: \d of 3 upgrade domains complete\.\n)+Upgraded: 3 of 3 upgrade domains complete\.\n$/,
    );
    expect(await cluster.applications.getApplication({ applicationName: "fabric:/Shop" })).toMatchObject({
      typeVersion: "1.1.0",
      parameters: { Count: "3" },
    });
    const again = await cluster.run("app", "upgrade", "Shop", "1.1.0", ...briefChecks);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/Nothing was changed\.\n$/) });
  });

  it("prints JSON lines and one document with --json", async () => {
    const cluster = await withApplication("1.0.0", "1.1.0");
    const result = await cluster.run("app", "upgrade", "Shop", "1.1.0", ...briefChecks, "--json");
    expect(resultOf(result)).toMatchObject({ targetTypeVersion: "1.1.0", state: "RollingForwardCompleted" });
    const events = result.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.at(-1)).toMatchObject({
      event: "upgrade",
      applicationName: "fabric:/Shop",
      upgradeDomains: [{ state: "Completed" }, { state: "Completed" }, { state: "Completed" }],
    });
  });

  it("fails with the reasons after a rollback, and text from outside does nothing", async () => {
    const cluster = await withApplication("1.0.0", "1.1.0");
    breakVersion(cluster, "1.1.0");
    const { code, stderr } = await cluster.run("app", "upgrade", "Shop", "1.1.0", ...briefChecks);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Error: The upgrade of fabric:\/Shop to 1\.1\.0 failed and was rolled back\. The application runs 1\.0\.0\.\nReason: the application was not healthy in the upgrade domain UD0\.\n {2}Emulator reported Error on Health: Crashes/m,
    );
    expect(stderr).not.toMatch(/##vso\[|^::error/m);
    expect(stderr).not.toContain("\u001b");
    // The cluster no longer says which version failed.
    expect((await cluster.run("app", "show", "Shop")).stdout).toMatch(
      /^last upgrade +RollingBackCompleted, back to 1\.0\.0, /m,
    );
    expect((await cluster.run("app", "rollback", "Shop")).stderr).toMatch(
      /^To see the last upgrade, run: sf-image-store app show Shop$/m,
    );
  });

  it("waits for a decision after a failure with --on-failure manual, and rollback returns to the old version", async () => {
    const cluster = await withApplication("1.0.0", "1.1.0");
    breakVersion(cluster, "1.1.0");
    const manual = [...briefChecks, "--on-failure", "manual"];
    const failed = await cluster.run("app", "upgrade", "Shop", "1.1.0", ...manual);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("waits for a decision") });
    const health = await cluster.run("app", "health", "Shop");
    expect(health.code).toBe(1);
    expect(health.stdout).toMatch(/^reason +Emulator reported Error on Health: Crashes/m);
    const other = await cluster.run("app", "upgrade", "Shop", "1.0.0", "--json");
    expect(JSON.parse(other.stdout)).toMatchObject({ error: { exitCode: 1, kind: "upgrade-in-progress" } });
    expect(await cluster.run("app", "rollback", "Shop")).toMatchObject({
      code: 0,
      stdout: "Rolled back fabric:/Shop. It runs 1.0.0.\n",
    });
    expect((await cluster.run("app", "health", "Shop")).code).toBe(0);
    const none = await cluster.run("app", "rollback", "Shop", "--json");
    expect(JSON.parse(none.stdout)).toMatchObject({ error: { exitCode: 1, kind: "not-upgrading" } });
  });

  it("continues a manual upgrade with app resume", async () => {
    const cluster = await withApplication("1.0.0", "1.1.0");
    const started = await cluster.run("app", "upgrade", "Shop", "1.1.0", "--upgrade-mode", "manual");
    expect(started).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /waits before the upgrade domain UD1\. To continue, run: sf-image-store app resume Shop\n$/,
      ),
    });
    expect((await cluster.run("app", "resume", "Shop")).stdout).toMatch(
      /waits before the upgrade domain UD2/,
    );
    expect((await cluster.run("app", "resume", "Shop", "UD2")).stdout).toBe(
      "Upgraded fabric:/Shop to 1.1.0.\n",
    );
    expect((await cluster.run("app", "resume", "Shop")).code).toBe(1);
  });

  it("does not wait with --no-wait, and the same command waits for the upgrade in progress", async () => {
    const cluster = await withApplication("1.0.0", "1.1.0");
    const args = ["app", "upgrade", "Shop", "1.1.0", "--health-check-stable", "9m"];
    expect((await cluster.run(...args, "--no-wait")).stdout).toMatch(/^The cluster has started to upgrade /);
    expect((await cluster.run(...args, "--no-wait")).stdout).toMatch(/^The cluster is already upgrading /);
    const limited = await cluster.run(...args, "--timeout", "1s", "--json");
    expect(JSON.parse(limited.stdout)).toMatchObject({
      error: {
        exitCode: 6,
        kind: "wait-timed-out",
        message: expect.stringMatching(/The cluster still continues the upgrade\. To check, run:/),
      },
    });
    cluster.emulator.advance(30 * 60_000);
    expect(await cluster.run(...args)).toMatchObject({ code: 0 });
  });

  it("says after Ctrl+C that the cluster continues, and how to check", async () => {
    const cluster = await withApplication("1.0.0", "1.1.0");
    const terminal = cluster.onTerminal("app", "upgrade", "Shop", "1.1.0", "--health-check-stable", "9m");
    await terminal.shows(/UD0 ▒ {2}UD1 · {2}UD2 · {2}upgrading UD0/);
    terminal.type("\u0003");
    expect(await terminal.exited).toBe(130);
    expect(terminal.output()).toMatch(
      /Stopped waiting\. The cluster still continues the upgrade\. To check, run:\r\n {2}sf-image-store app show Shop/,
    );
  });
});

describe("the line of an upgrade on a terminal", () => {
  const progress = (names: readonly string[]) => ({
    applicationName: "fabric:/Shop",
    state: "RollingForwardInProgress",
    upgradeDomains: names.map((name, index) => ({
      name,
      state: index === 0 ? "Completed" : index === 1 ? "InProgress" : "Pending",
    })),
    durationMs: 65_000,
    currentDomain: undefined,
  });

  it("shows every domain, and only cells if they do not fit", () => {
    expect(drawnText(progress(["UD0", "UD1", "UD2"]), 79)).toBe(
      "UD0 █  UD1 ▒  UD2 ·  upgrading UD1, 1 min 5 s",
    );
    const many = Array.from({ length: 20 }, (_, index) => `Domain${index}`);
    expect(drawnText(progress(many), 79)).toBe(`[█▒${"·".repeat(18)}]  upgrading Domain1, 1 min 5 s`);
    expect(drawnText(progress(many), 10)).toHaveLength(10);
  });
});

describe("app rm", () => {
  it("deletes with --yes, fails without it if there is no terminal, and skips what is gone with --force", async () => {
    const cluster = await withApplication("1.0.0");
    expect((await cluster.run("app", "rm", "Shop")).code).toBe(2);
    expect((await cluster.run("app", "rm", "Shop", "Gone", "--yes")).code).toBe(4);
    const { code, stdout } = await cluster.run("app", "rm", "Shop", "Gone", "-y", "-f");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "Deleted fabric:/Shop  ShopType 1.0.0\nNot found: fabric:/Gone\n",
    });
    expect((await cluster.run("app", "ls")).stdout).toBe("");
  });

  it("asks for confirmation on a terminal", async () => {
    const cluster = await withApplication("1.0.0");
    const terminal = cluster.onTerminal("app", "rm", "Shop");
    await terminal.shows(/fabric:\/Shop {2}ShopType 1\.0\.0\r\nDelete\? \[y\/N\] $/);
    terminal.type("y\r");
    expect(await terminal.exited).toBe(0);
    expect((await cluster.run("app", "ls")).stdout).toBe("");
  });
});

describe("a wait", () => {
  it("survives a gateway that does not respond for a while", async () => {
    const cluster = await withApplication("1.0.0", "1.1.0");
    const running = startCli(["app", "upgrade", "Shop", "1.1.0", ...briefChecks, "--verbose"], {
      SF_ENDPOINT: cluster.emulator.endpoint,
    });
    await expect.poll(running.stderr).toContain("Upgrading UD0");
    const outage = { do: "answer", status: 503, code: "E_ABORT", times: 6 } as const;
    cluster.emulator.addFault({ ...outage, operation: "GetApplicationUpgrade" });
    expect(await running.result).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("Waiting although the cluster did not respond"),
    });
  });
});
