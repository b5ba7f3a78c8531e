import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Deployment, type DeployOptions, isDeployError } from "../../src/node/index.js";
import { useMemoryFolder } from "../memory-folder.js";
import { type Cluster, shop, startCluster } from "./cluster.js";

useMemoryFolder();

const numRuns = 15;

/** How long the second deployment waits before it starts, in milliseconds, and what waits between requests. */
const start = fc.record({
  laterMs: fc.constantFrom(0, 0, 5, 20, 60),
  begin: fc.constantFrom("nothing", "version 1"),
  delays: fc.array(fc.constantFrom(0, 0, 2, 5), { minLength: 1, maxLength: 6 }),
});

/** Deploys twice at once. Each takes its requests at its own pace. */
async function both(
  cluster: Cluster,
  number: number,
  { laterMs, begin, delays }: { laterMs: number; begin: string; delays: readonly number[] },
  versions: readonly [string, string],
) {
  const type = `T${number}Type`;
  const applicationName = `fabric:/T${number}`;
  if (begin === "version 1") await cluster.deploy(shop("1", { type }), { healthyForMs: 0 });
  const ended: string[] = [];
  const run = async (version: string, offset: number): Promise<Deployment | unknown> => {
    let sent = offset;
    const clients = cluster.newClients(async (url, init) => {
      sent += 1;
      await new Promise((resolve) => setTimeout(resolve, delays[sent % delays.length] ?? 0));
      return fetch(url, init);
    });
    await new Promise((resolve) => setTimeout(resolve, offset * laterMs));
    const options: Partial<DeployOptions> = { cluster: clients, healthyForMs: 3000 };
    return cluster.deploy(shop(version, { type }), options).then(
      (deployment) => {
        ended.push(version);
        return deployment;
      },
      (error: unknown) => error,
    );
  };
  const results = await Promise.all([run(versions[0], 0), run(versions[1], 1)]);
  const application = await cluster.applications.getApplication({ applicationName });
  return { results, application, lastToSucceed: ended.at(-1) };
}

describe("Two deployments at once", () => {
  it("of the same version both succeed", async () => {
    await using cluster = await startCluster();
    let number = 0;
    const property = fc.asyncProperty(start, async (how) => {
      number += 1;
      const { results, application } = await both(cluster, number, how, ["2", "2"]);
      expect(results).toEqual([
        expect.objectContaining({ typeVersion: "2", cleanUpFailure: undefined }),
        expect.objectContaining({ typeVersion: "2", cleanUpFailure: undefined }),
      ]);
      expect(application).toMatchObject({ typeVersion: "2", status: "Ready" });
    });
    await fc.assert(property, { numRuns, endOnFailure: true });
  });

  it("of different versions end with that of the last to succeed, and say so if something else replaced theirs", async () => {
    await using cluster = await startCluster();
    let number = 0;
    const seen = new Set<string>();
    const property = fc.asyncProperty(start, async (how) => {
      number += 1;
      const { results, application, lastToSucceed } = await both(cluster, number, how, ["2", "3"]);
      expect(application).toMatchObject({ typeVersion: lastToSucceed, status: "Ready" });
      for (const result of results) {
        const reason = isDeployError(result) ? result.reason : "success";
        if (!["success", "superseded"].includes(reason)) throw result;
        seen.add(reason);
      }
    });
    await fc.assert(property, { numRuns, endOnFailure: true });
    expect([...seen].sort()).toEqual(["success", "superseded"]);
  });

  it("of different content under one version do not both succeed", async () => {
    await using cluster = await startCluster();
    const extra = '<Parameter Name="New" DefaultValue="" />';
    const results = await Promise.all(
      [shop("1"), shop("1", { extra })].map((content) =>
        cluster.deploy(content).catch((error: unknown) => error),
      ),
    );
    expect(results.filter((result) => isDeployError(result)).length).toBeGreaterThan(0);
    const { Count: _, ...found } =
      (await cluster.applications.getApplicationType({ typeName: "ShopType", typeVersion: "1" }))
        ?.defaultParameters ?? {};
    const winner = results.findIndex((result) => !isDeployError(result));
    if (winner >= 0) expect("New" in found).toBe(winner === 1);
  });
});
