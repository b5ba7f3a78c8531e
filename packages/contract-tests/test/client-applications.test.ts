import { isFabricError } from "@sf-image-store/client";
import { type ApplicationsClient, createApplicationsClient } from "@sf-image-store/client/applications";
import type { OperationId } from "@sf-image-store/types/applications";
import { checkExchange } from "openapi-contract";
import { describe, expect, it } from "vitest";
import { examples } from "../src/applications/generated/examples.js";
import { exchangeOf, ownContract } from "./contract.js";

const contract = await ownContract("applications");

type Values = Readonly<Record<string, unknown>>;
type Call = (client: ApplicationsClient, parameters: Values) => Promise<unknown>;

const text = (value: unknown) => String(value);
/** The properties whose values are not undefined. */
const given = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
const timeout = (values: Values) =>
  values["timeout"] === undefined ? {} : { timeoutSeconds: Number(values["timeout"]) };
const application = (values: Values) => ({
  ...timeout(values),
  applicationName: `fabric:/${text(values["applicationId"]).replaceAll("~", "/")}`,
});
const body = (values: Values, name: string): Values => JSON.parse(JSON.stringify(values[name]));
const parametersOf = (list: unknown) =>
  list === undefined
    ? {}
    : {
        parameters: Object.fromEntries(
          JSON.parse(JSON.stringify(list)).map(({ Key, Value }: Values) => [text(Key), text(Value)]),
        ),
      };
const mode = (value: unknown) =>
  value === "UnmonitoredManual" || value === "UnmonitoredAuto" ? value : ("Monitored" as const);

/** The first page of a listing. */
async function items(listing: AsyncIterable<unknown>): Promise<void> {
  for await (const item of listing) {
    expect(item).toBeDefined();
    return; // A second item may need another request.
  }
}

function provision(client: ApplicationsClient, values: Values): Promise<void> {
  const wire = body(values, "ProvisionApplicationTypeDescriptionBaseRequiredBodyParam");
  const common = { ...timeout(values), async: wire["Async"] === true };
  if (wire["Kind"] === "ExternalStore") {
    return client.provisionApplicationType({
      ...common,
      // The client rejects other URLs itself.
      packageUrl: text(wire["ApplicationPackageDownloadUri"]).replace(/(\.sfpkg)?$/, ".sfpkg"),
      typeName: text(wire["ApplicationTypeName"]),
      typeVersion: text(wire["ApplicationTypeVersion"]),
    });
  }
  const policy = wire["ApplicationPackageCleanupPolicy"];
  return client.provisionApplicationType({
    ...common,
    storePath: text(wire["ApplicationTypeBuildPath"]),
    ...(policy === "Automatic" || policy === "Manual" ? { cleanupPolicy: policy } : {}),
  });
}

/** The client call for each example; undefined if the client does not offer the operation. A missing one does not compile. */
const calls: Readonly<Record<OperationId, Call | undefined>> = {
  ProvisionApplicationType: provision,
  GetApplicationTypeInfoList: (client, values) => items(client.listApplicationTypes(timeout(values))),
  GetApplicationTypeInfoListByName: (client, values) =>
    items(client.listApplicationTypes({ ...timeout(values), typeName: text(values["applicationTypeName"]) })),
  GetApplicationManifest: (client, values) =>
    client.getApplicationManifest({
      ...timeout(values),
      typeName: text(values["applicationTypeName"]),
      typeVersion: text(values["ApplicationTypeVersion"]),
    }),
  UnprovisionApplicationType: (client, values) => {
    const wire = body(values, "UnprovisionApplicationTypeDescriptionInfo");
    return client.unprovisionApplicationType({
      ...timeout(values),
      typeName: text(values["applicationTypeName"]),
      typeVersion: text(wire["ApplicationTypeVersion"]),
      async: wire["Async"] === true,
    });
  },
  CreateApplication: (client, values) => {
    const wire = body(values, "ApplicationDescription");
    const applicationName = text(wire["Name"]);
    return client.createApplication({
      ...timeout(values),
      // The client rejects invalid names itself; the server may reject more of them.
      applicationName: applicationName.startsWith("fabric:/") ? applicationName : "fabric:/Invalid",
      typeName: text(wire["TypeName"]),
      typeVersion: text(wire["TypeVersion"]),
      ...parametersOf(wire["ParameterList"]),
    });
  },
  GetApplicationInfoList: (client, values) =>
    items(
      client.listApplications({
        ...timeout(values),
        ...given({ typeName: values["ApplicationTypeName"] }),
      }),
    ),
  GetApplicationInfo: (client, values) => client.getApplication(application(values)),
  GetApplicationHealth: (client, values) => client.getApplicationHealth(application(values)),
  GetApplicationHealthUsingPolicy: (client, values) =>
    client.getApplicationHealth({
      ...application(values),
      policy: {
        considerWarningAsError: true,
        maxPercentUnhealthyDeployedApplications: 20,
        defaultServiceType: {},
        serviceTypes: { CalculatorServiceType: { maxPercentUnhealthyReplicasPerPartition: 50 } },
      },
    }),
  StartApplicationUpgrade: (client, values) => {
    const wire = body(values, "ApplicationUpgradeDescription");
    return client.startApplicationUpgrade({
      ...application(values),
      typeVersion: text(wire["TargetApplicationTypeVersion"]),
      mode: mode(wire["RollingUpgradeMode"]),
      ...parametersOf(wire["Parameters"]),
      forceRestart: false,
      replicaSetCheckTimeoutSeconds: 600,
      monitoring: { failureAction: "Rollback", healthCheckWaitMs: 0, upgradeTimeoutMs: 86_400_000 },
      healthPolicy: { considerWarningAsError: true },
    });
  },
  GetApplicationUpgrade: (client, values) => client.getApplicationUpgrade(application(values)),
  ResumeApplicationUpgrade: (client, values) =>
    client.resumeApplicationUpgrade({
      ...application(values),
      upgradeDomain: text(body(values, "ResumeApplicationUpgradeDescription")["UpgradeDomainName"]),
    }),
  RollbackApplicationUpgrade: (client, values) => client.rollbackApplicationUpgrade(application(values)),
  UpdateApplicationUpgrade: (client, values) =>
    client.updateApplicationUpgrade({
      ...application(values),
      mode: "Monitored",
      replicaSetCheckTimeoutSeconds: 600,
      monitoring: { failureAction: "Manual", upgradeDomainTimeoutMs: Number.POSITIVE_INFINITY },
      healthPolicy: {},
    }),
  DeleteApplication: (client, values) =>
    client.deleteApplication({
      ...application(values),
      ...(values["ForceRemove"] === undefined ? {} : { force: values["ForceRemove"] === true }),
    }),
  GetServiceInfoList: (client, values) =>
    items(
      client.listServices({
        ...application(values),
        ...given({ serviceTypeName: values["ServiceTypeName"] }),
      }),
    ),
  GetClusterHealth: (client, values) => client.getClusterHealth(timeout(values)),
  GetClusterHealthUsingPolicy: undefined,
};

const cases = Object.values(examples).flatMap((group) =>
  Object.entries(group).flatMap(
    ([title, example]): [OperationId, string, { parameters: Values; responses: object }, Call][] => {
      const id: OperationId = example.operationId;
      const call = calls[id];
      return call === undefined ? [] : [[id, title, example, call]];
    },
  ),
);

type Shown = { readonly body?: { readonly Error?: { readonly Code: string } } };

describe("the client sends requests that match the contract and decodes every response of the examples", () => {
  it("has examples of every operation that it offers", () => {
    const offered = Object.entries(calls).filter(([, call]) => call !== undefined);
    expect(new Set(cases.map(([id]) => id))).toEqual(new Set(offered.map(([id]) => id)));
  });

  it.each(cases)("%s: %s", async (operationId, _, { parameters, responses }, call) => {
    const [[status = "", response] = []] = Object.entries<Shown>({ ...responses });
    const { exchanges, outcome } = await exchangeOf(Number(status), response?.body, (options) => {
      const client = createApplicationsClient(options);
      return call(client, parameters);
    });
    expect(exchanges.flatMap((exchange) => checkExchange(contract, exchange))).toEqual([]);
    expect(exchanges).toHaveLength(1);
    expect(isFabricError(outcome)).toBe(Number(status) >= 400);
    const code = response?.body?.Error?.Code;
    if (isFabricError(outcome)) expect(outcome).toMatchObject({ status: Number(status), operationId, code });
    else expect(outcome instanceof Error ? outcome.message : undefined).toBeUndefined();
  });
});
