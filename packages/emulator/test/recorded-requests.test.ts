import { once } from "node:events";
import { connect } from "node:net";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import type { Emulator } from "../src/index.js";
import {
  deployed,
  get,
  itemsAt,
  minutes,
  monitored,
  post,
  progress,
  put,
  upload,
} from "./application-exchange.js";
import { emulatorForTest } from "./exchange.js";

/** Requests as the clients were recorded, with the paths of a small package (deploy-flow §1). */
interface Recorded {
  readonly method: string;
  readonly url: string;
  readonly body?: string;
  readonly status: number;
}

const sfctl: readonly Recorded[] = [
  { method: "GET", url: "/", status: 200 },
  { method: "GET", url: "/$/GetClusterVersion?api-version=6.4&timeout=60", status: 200 },
  {
    method: "POST",
    url: "/ApplicationTypes/$/Provision?api-version=6.2&timeout=60",
    body: '{"Kind":"ImageStorePath","Async":false,"ApplicationTypeBuildPath":"pkg1"}',
    status: 200,
  },
  {
    method: "POST",
    url: "/ApplicationTypes/$/Provision?api-version=6.2&timeout=60",
    body: '{"Kind":"ImageStorePath","Async":true,"ApplicationTypeBuildPath":"pkg2"}',
    status: 202,
  },
  {
    method: "GET",
    url: "/ApplicationTypes?api-version=6.0&ApplicationTypeDefinitionKindFilter=0&ExcludeApplicationParameters=false&MaxResults=0&timeout=60",
    status: 200,
  },
  {
    method: "GET",
    url: "/ApplicationTypes/T?api-version=6.0&ExcludeApplicationParameters=false&MaxResults=0&timeout=60",
    status: 200,
  },
  {
    method: "GET",
    url: "/ApplicationTypes/T/$/GetApplicationManifest?api-version=6.0&ApplicationTypeVersion=1&timeout=60",
    status: 200,
  },
  {
    method: "POST",
    url: "/Applications/$/Create?api-version=6.0&timeout=60",
    body: '{"Name":"fabric:/H3","TypeName":"T","TypeVersion":"1","ParameterList":[{"Key":"P","Value":"2"}],"ApplicationCapacity":{"MinimumNodes":0,"MaximumNodes":0}}',
    status: 201,
  },
  {
    method: "GET",
    url: "/Applications?api-version=6.1&ApplicationDefinitionKindFilter=0&ExcludeApplicationParameters=false&MaxResults=0&timeout=60",
    status: 200,
  },
  {
    method: "GET",
    url: "/Applications/H3?api-version=6.0&ExcludeApplicationParameters=false&timeout=60",
    status: 200,
  },
  {
    method: "GET",
    url: "/Applications/H3/$/GetHealth?api-version=6.0&EventsHealthStateFilter=0&DeployedApplicationsHealthStateFilter=0&ServicesHealthStateFilter=0&ExcludeHealthStatistics=false&timeout=60",
    status: 200,
  },
  { method: "GET", url: "/Applications/H3/$/GetServices?api-version=6.0&timeout=60", status: 200 },
  {
    method: "POST",
    url: "/Applications/H3/$/Upgrade?api-version=6.0&timeout=60",
    body: '{"Name":"fabric:/H3","TargetApplicationTypeVersion":"2","Parameters":[{"Key":"P","Value":"3"}],"UpgradeKind":"Rolling","RollingUpgradeMode":"Monitored","SortOrder":"Default","MonitoringPolicy":{"FailureAction":"Rollback","HealthCheckWaitDurationInMilliseconds":"0","HealthCheckStableDurationInMilliseconds":"PT0H2M0S","HealthCheckRetryTimeoutInMilliseconds":"PT0H10M0S","UpgradeTimeoutInMilliseconds":"P1D","UpgradeDomainTimeoutInMilliseconds":"PT1H"},"ApplicationHealthPolicy":{"ConsiderWarningAsError":false,"MaxPercentUnhealthyDeployedApplications":0}}',
    status: 200,
  },
  { method: "GET", url: "/Applications/H3/$/GetUpgradeProgress?api-version=6.0&timeout=60", status: 200 },
  { method: "POST", url: "/Applications/H3/$/RollbackUpgrade?api-version=6.0&timeout=60", status: 200 },
  {
    method: "GET",
    url: "/$/GetClusterHealth?api-version=6.0&NodesHealthStateFilter=0&ApplicationsHealthStateFilter=0&EventsHealthStateFilter=0&ExcludeHealthStatistics=false&IncludeSystemApplicationHealthStatistics=false&timeout=60",
    status: 200,
  },
  { method: "GET", url: "/$/GetClusterManifest?api-version=6.0&timeout=60", status: 200 },
  {
    method: "POST",
    url: "/Applications/H3/$/Delete?api-version=6.0&ForceRemove=true&timeout=60",
    status: 200,
  },
  {
    method: "POST",
    url: "/ApplicationTypes/T/$/Unprovision?api-version=6.0&timeout=60",
    body: '{"ApplicationTypeVersion":"1"}',
    status: 200,
  },
  { method: "DELETE", url: "/ImageStore/pkg1?api-version=6.0&timeout=60", status: 200 },
];

const dotNet: readonly Recorded[] = [
  { method: "GET", url: "/$/GetClusterManifest?api-version=6.0&timeout=60", status: 200 },
  {
    method: "PUT",
    url: "/ImageStore/pkg1%2FWebPkg%2F_.dir?api-version=6.0&timeout=60",
    body: "",
    status: 200,
  },
  ...["pkg1", "pkg2"].map((path) => ({
    method: "POST",
    url: "/ApplicationTypes/$/Provision?api-version=6.2&timeout=60",
    body: `{"Kind":"ImageStorePath","ApplicationTypeBuildPath":"${path}","ApplicationPackageCleanupPolicy":"Automatic","Async":false}`,
    status: 200,
  })),
  {
    method: "GET",
    url: "/ApplicationTypes/T?ApplicationTypeVersion=1&ExcludeApplicationParameters=False&MaxResults=0&timeout=60&api-version=6.0",
    status: 200,
  },
  {
    method: "POST",
    url: "/Applications/$/Create?timeout=60&api-version=6.0",
    body: '{"Name":"fabric:/H3","TypeName":"T","TypeVersion":"1","ParameterList":[{"Key":"P","Value":"2"}]}',
    status: 201,
  },
  {
    method: "POST",
    url: "/Applications/H3/$/Upgrade?timeout=60&api-version=6.0",
    body: '{"UpgradeKind":"Rolling","Name":"fabric:/H3","TargetApplicationTypeVersion":"2","RollingUpgradeMode":"Monitored","SortOrder":null,"Parameters":[],"ForceRestart":true,"MonitoringPolicy":{"FailureAction":"Rollback"},"ApplicationHealthPolicy":null}',
    status: 200,
  },
  {
    method: "GET",
    url: "/Applications/H3/$/GetHealth?EventsHealthStateFilter=0&ExcludeHealthStatistics=False&timeout=60&api-version=6.0",
    status: 200,
  },
  {
    method: "POST",
    url: "/Applications/H3/$/Delete?ForceRemove=True&timeout=60&api-version=6.0",
    status: 200,
  },
  {
    method: "POST",
    url: "/ApplicationTypes/T/$/Unprovision?timeout=60&api-version=6.0",
    body: '{"ApplicationTypeVersion":"1","Async":true}',
    status: 202,
  },
];

/** Sends a request byte by byte, as .NET does: with `Expect: 100-continue`, even without a body. Returns the status. */
async function sendExpecting({ endpoint }: Emulator, { method, url, body = "" }: Recorded): Promise<number> {
  const { hostname, port } = new URL(endpoint);
  const socket = connect(Number(port), hostname);
  const length = method === "GET" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const head = [
    `${method} ${url} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    "X-ServiceFabricClientType: CSharpClientlib-Linux",
    "Expect: 100-continue",
    "Connection: close",
    ...length,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  let received = "";
  socket.setEncoding("latin1").on("data", (piece: string) => {
    if (received === "" && piece.startsWith("HTTP/1.1 100 ")) socket.write(body);
    received += piece;
  });
  await once(socket, "close");
  expect(received).toMatch(/^HTTP\/1\.1 100 /);
  return Number(/HTTP\/1\.1 (?!100 )(\d+) /.exec(received)?.[1]);
}

describe("recorded requests are accepted", () => {
  it("of sfctl", async () => {
    const emulator = await emulatorForTest();
    for (const version of ["1", "2"]) await upload(emulator, version);
    for (const { method, url, body, status } of sfctl) {
      const init = { method, ...(body === undefined ? {} : { body }) };
      expect([url, (await fetch(`${emulator.endpoint}${url}`, init)).status]).toEqual([url, status]);
    }
  });

  it("of the .NET client, which waits for 100 Continue", async () => {
    const emulator = await emulatorForTest();
    for (const version of ["1", "2"]) await upload(emulator, version);
    for (const recorded of dotNet) {
      expect([recorded.url, await sendExpecting(emulator, recorded)]).toEqual([
        recorded.url,
        recorded.status,
      ]);
    }
    // The policy Automatic removes the package after it is registered.
    expect((await get(emulator, "/ImageStore/pkg1", "api-version=6.0")).status).toBe(404);
  });
});

describe("deploy-flow §2 Query of types and applications", () => {
  async function many(): Promise<Emulator> {
    const emulator = await emulatorForTest();
    for (const name of ["A", "A!", "B"]) {
      for (const version of ["1", "2"]) {
        const manifest = `<ApplicationManifest ApplicationTypeName="${name}" ApplicationTypeVersion="${version}"/>`;
        await put(emulator, "pkg/ApplicationManifest.xml", manifest);
        await put(emulator, "pkg/_.dir", "");
        await post(emulator, "/ApplicationTypes/$/Provision", { ApplicationTypeBuildPath: "pkg" });
        const id = `${name.replace("!", "x")}${version}`;
        await post(emulator, "/Applications/$/Create", {
          Name: `fabric:/${id}`,
          TypeName: name,
          TypeVersion: version,
        });
      }
    }
    return emulator;
  }

  it.each([
    ["/ApplicationTypes", "", 6],
    ["/ApplicationTypes/A", "", 2],
    ["/ApplicationTypes/A", "&ApplicationTypeVersion=2", 1],
    ["/ApplicationTypes/C", "", 0],
    ["/ApplicationTypes", "&ApplicationTypeDefinitionKindFilter=65535", 6],
    ["/ApplicationTypes", "&ApplicationTypeDefinitionKindFilter=1", 6],
    ["/ApplicationTypes", "&ApplicationTypeDefinitionKindFilter=2", 0],
    ["/Applications", "", 6],
    ["/Applications", "&ApplicationTypeName=B", 2],
    ["/Applications", "&ApplicationDefinitionKindFilter=2", 0],
  ])("%s%s lists %3$i items, however long a page is", async (path, query, count) => {
    const emulator = await many();
    const all = await itemsAt(emulator, path, `api-version=6.0${query}`);
    expect(all).toHaveLength(count);
    for (const size of [1, 2, 4]) {
      const paged: unknown[] = [];
      let token = "";
      do {
        const next = token === "" ? "" : `&ContinuationToken=${encodeURIComponent(token)}`;
        const { text } = await get(emulator, path, `api-version=6.0${query}&MaxResults=${size}${next}`);
        const page: { Items: unknown[]; ContinuationToken: string } = JSON.parse(text);
        expect(page.Items.length).toBeLessThanOrEqual(size);
        paged.push(...page.Items);
        token = page.ContinuationToken;
      } while (token !== "");
      expect(paged).toEqual(all);
    }
  });

  it.each([
    ["/ApplicationTypes/A", "ApplicationTypeDefinitionKindFilter=1", 400],
    ["/ApplicationTypes/A", "ApplicationTypeDefinitionKindFilter=0", 200],
    ["/Applications", "ApplicationDefinitionKindFilter=1&ApplicationTypeName=A", 400],
    ["/Applications", "MaxResults=-1", 400],
  ])("%s?%s has the status %i", async (path, query, status) => {
    const emulator = await emulatorForTest();
    expect((await get(emulator, path, `api-version=6.0&${query}`)).status).toBe(status);
  });

  it("has other forms in old versions", async () => {
    const emulator = await deployed();
    expect(JSON.parse((await get(emulator, "/ApplicationTypes", "api-version=3.0")).text)).toHaveLength(2);
    expect((await get(emulator, "/ApplicationTypes/C", "api-version=4.0")).status).toBe(204);
    expect((await get(emulator, "/ApplicationTypes/C", "api-version=4.1")).status).toBe(200);
  });
});

describe("an upgrade in every state survives a restart", () => {
  const manual = { ...monitored, RollingUpgradeMode: "UnmonitoredManual" };
  it.each([
    ["RollingForwardInProgress", monitored, 500, []],
    ["RollingForwardInProgress", monitored, minutes, []],
    ["RollingForwardPending", manual, minutes, []],
    ["RollingForwardCompleted", monitored, 30 * minutes, []],
    ["RollingBackInProgress", manual, minutes, ["RollbackUpgrade"]],
    ["RollingBackCompleted", manual, minutes, ["RollbackUpgrade", 10 * minutes]],
  ] as const)("%s (%#)", async (state, upgrade, ms, more) => {
    const location = scratchFolder();
    let now = Date.parse("2026-03-02T08:15:30.125Z");
    const clock = { now: () => now };
    const first = await deployed({ location, clock });
    await post(first, "/Applications/App/$/Upgrade", upgrade);
    now += ms;
    for (const step of more) {
      if (typeof step === "number") now += step;
      else await post(first, `/Applications/App/$/${step}`);
    }
    const before = await progress(first);
    expect(before.UpgradeState).toBe(state);
    await first.close();
    const second = await emulatorForTest({ location, clock });
    expect(await progress(second)).toEqual(before);
    now += 60 * minutes;
    const after = await progress(second);
    expect(after.UpgradeState).toMatch(state === "RollingForwardPending" ? /Pending$/ : /Completed$/);
  });
});

describe("deploy-flow §2 UpdateUpgrade", () => {
  it("changes what it mentions, in the progress, too", async () => {
    const emulator = await deployed();
    await post(emulator, "/Applications/App/$/Upgrade", monitored);
    const update = {
      Name: "fabric:/App",
      UpgradeKind: "Rolling",
      ApplicationHealthPolicy: { ConsiderWarningAsError: true },
      UpdateDescription: {
        RollingUpgradeMode: "Monitored",
        ForceRestart: true,
        FailureAction: "Manual",
        HealthCheckStableDurationInMilliseconds: "1000",
        ReplicaSetCheckTimeoutInMilliseconds: "PT1M",
      },
    };
    expect((await post(emulator, "/Applications/App/$/UpdateUpgrade", update)).status).toBe(200);
    const { UpgradeDescription } = await progress(emulator);
    expect(UpgradeDescription).toMatchObject({
      ForceRestart: true,
      UpgradeReplicaSetCheckTimeoutInSeconds: 60,
      ApplicationHealthPolicy: { ConsiderWarningAsError: true },
      MonitoringPolicy: {
        ...monitored.MonitoringPolicy,
        FailureAction: "Manual",
        HealthCheckStableDurationInMilliseconds: "1000",
      },
    });
    emulator.advance(10_000);
    expect(await progress(emulator)).toMatchObject({ UpgradeState: "RollingForwardCompleted" });
    const late = await post(emulator, "/Applications/App/$/UpdateUpgrade", update);
    expect(late).toMatchObject({ status: 400, code: "FABRIC_E_APPLICATION_NOT_UPGRADING" });
  });
});
