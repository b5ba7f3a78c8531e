import { createHash, randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type CliResult, startCliProcess } from "../cli-process.js";
import { briefChecks, clusterForTest, shopPackage } from "./cluster-for-test.js";

// To see a failure again: DEPLOY_SEED=<seed> pnpm vitest deploy-kill
const seed = Number(process.env["DEPLOY_SEED"] ?? randomInt(2 ** 31));

/** How many processes of a deployment are killed before one may end. */
const kills = 3;

/** After how many responses a process is killed. A deployment of a version that is absent takes about 25. */
const moments = [
  ...createHash("sha256")
    .update(String(seed))
    .digest()
    .subarray(0, 4 * kills),
].map((byte) => 1 + (byte % 18));

it("A deployment that is killed again and again ends like one that is not", {
  timeout: 120_000,
}, async () => {
  let responses = 0;
  let kill: (() => void) | undefined;
  let killAt = 0;
  const cluster = await clusterForTest({
    // Not a time, so that a busy machine changes nothing.
    onRequest: () => {
      responses += 1;
      if (responses >= killAt) kill?.();
    },
  });
  let killed = 0;
  const remaining = [...moments];
  const deploy = async (version: string): Promise<CliResult> => {
    const folder = shopPackage(version);
    writeFileSync(join(folder, "WebPkg/Code/data.bin"), new Uint8Array(100_000).fill(version.charCodeAt(2)));
    const args = ["deploy", folder, ...briefChecks, "--healthy-for", "0s", "--keep-versions", "1"];
    for (let left = kills; ; left -= 1) {
      const { child, result } = startCliProcess(args, { SF_ENDPOINT: cluster.emulator.endpoint });
      responses = 0;
      killAt = remaining.pop() ?? 1;
      kill = left > 0 ? () => child.kill("SIGKILL") : undefined;
      const ended = await result;
      if (ended.code !== null) return ended;
      killed += 1;
    }
  };
  const applicationName = "fabric:/Shop";
  const stateOf = async () => {
    const application = await cluster.applications.getApplication({ applicationName });
    const { stdout } = await cluster.run("ls");
    return [application?.typeVersion, application?.status, application?.healthState, stdout];
  };
  const seeds = `seed ${seed}, kills after ${moments.toReversed().join(", ")} responses`;
  for (const version of ["1.0.0", "1.1.0"]) {
    const { code, stdout, stderr } = await deploy(version);
    expect({ seeds, code, stderr }).toEqual({ seeds, code: 0, stderr });
    expect(stdout).toContain(`fabric:/Shop runs ShopType ${version} and is healthy`);
    expect(await stateOf()).toEqual([version, "Ready", "Ok", "Store/\n"]);
  }
  cluster.emulator.setHealth({ application: applicationName, version: "1.2.0", state: "Error" });
  const failed = await deploy("1.2.0");
  expect({ seeds, code: failed.code, stderr: failed.stderr }).toEqual({
    ...{ seeds, code: 1 },
    stderr: expect.stringContaining("The cluster rolled it back to 1.1.0."),
  });
  expect((await stateOf()).slice(0, 2)).toEqual(["1.1.0", "Ready"]);
  cluster.emulator.setHealth({ application: applicationName, version: "1.3.0", state: "Ok" });
  expect(await deploy("1.3.0")).toMatchObject({ code: 0 });
  expect((await stateOf()).slice(0, 3)).toEqual(["1.3.0", "Ready", "Ok"]);
  console.log(`killed deployments, ${seeds}: 4 deployments, ${killed} kills`);
  expect(killed).toBeGreaterThan(kills);
});
