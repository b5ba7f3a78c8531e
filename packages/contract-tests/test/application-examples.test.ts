import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import type { OperationId, Schemas } from "@sf-image-store/types/applications";
import { openapi } from "@sf-image-store/types/applications/openapi";
import { type Contract, checkExample, compileContract } from "openapi-contract";
import { describe, expect, it } from "vitest";
import type { Example } from "../src/applications/example.js";
import { examples } from "../src/applications/generated/examples.js";
import { rules } from "../src/rules.js";
import { example, ownContract, specs } from "./contract.js";

const folder = "applications.examples";
const contract: Contract = await ownContract("applications");
const names = readdirSync(resolve(specs, folder)).map((file) => file.replace(/\.json$/, ""));

describe("every example of applications", () => {
  it.each(names)("%s keeps the contract", (name) => {
    expect(checkExample(contract, example(name, folder))).toEqual([]);
  });

  it("belongs to an operation of the specification, so that the compiler checks it too", () => {
    const compiled = Object.values(examples).flatMap((group) =>
      Object.values(group).map((value) => JSON.stringify(value)),
    );
    expect(compiled.sort()).toEqual(names.map((name) => JSON.stringify(example(name, folder))).sort());
  });

  it("follows the published document, too", () => {
    const published = compileContract(JSON.parse(JSON.stringify(openapi)), rules);
    expect([...published.keys()].sort()).toEqual([...contract.keys()].sort());
    expect(names.flatMap((name) => checkExample(published, example(name, folder)))).toEqual([]);
  });
});

describe("the unions", () => {
  it("narrow by Kind, and take no property of another kind", () => {
    const described = (description: Schemas["ProvisionApplicationTypeDescriptionBase"]) =>
      description.Kind === "ExternalStore"
        ? description.ApplicationPackageDownloadUri
        : description.ApplicationTypeBuildPath;
    expect(described({ Kind: "ImageStorePath", Async: true, ApplicationTypeBuildPath: "App" })).toBe("App");
    // @ts-expect-error a package in the image store has no download URL
    described({ Kind: "ImageStorePath", Async: true, ApplicationPackageDownloadUri: "https://a/b.sfpkg" });
    // @ts-expect-error a download names the type
    described({ Kind: "ExternalStore", Async: true, ApplicationPackageDownloadUri: "https://a/b.sfpkg" });
  });

  it("reject a body that mixes two kinds", () => {
    const mixed = example("ProvisionApplicationType", folder);
    const body = { Kind: "ExternalStore", Async: true, ApplicationTypeBuildPath: "App" };
    const name = "ProvisionApplicationTypeDescriptionBaseRequiredBodyParam";
    const codes = checkExample(contract, { ...mixed, parameters: { "api-version": "6.2", [name]: body } });
    expect(codes.map(({ code }) => code)).toContain("REQUIRED_PROPERTY_MISSING");
  });

  it("reach the reason at the bottom of a tree of health evaluations", () => {
    const { UnhealthyEvaluations } =
      examples.GetApplicationUpgrade["An upgrade that was rolled back"].responses[200].body;
    const reasons: string[] = [];
    const visit = (wrappers: Schemas["UnhealthyEvaluations"]) => {
      for (const { HealthEvaluation } of wrappers) {
        if (HealthEvaluation === undefined) continue;
        if (HealthEvaluation.Kind === "Event") reasons.push(HealthEvaluation.UnhealthyEvent.Description);
        else visit(HealthEvaluation.UnhealthyEvaluations ?? []);
      }
    };
    visit(UnhealthyEvaluations);
    expect(new Set(reasons)).toEqual(new Set(["No answer for 30 seconds."]));
  });
});

/** What a caller of an operation must be able to tell apart (deploy-flow §2): status, and code if there is one. */
const outcomes: Readonly<Record<OperationId, readonly string[]>> = {
  ProvisionApplicationType: [
    "200",
    "202",
    "400 E_INVALIDARG",
    "400 FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR",
    "403 E_ACCESSDENIED",
    "404 FABRIC_E_DIRECTORY_NOT_FOUND",
    "404 FABRIC_E_FILE_NOT_FOUND",
    "409 FABRIC_E_APPLICATION_TYPE_ALREADY_EXISTS",
    "504 FABRIC_E_TIMEOUT",
  ],
  GetApplicationTypeInfoList: ["200", "401 FABRIC_E_SERVER_AUTHENTICATION_FAILED"],
  GetApplicationTypeInfoListByName: ["200", "504 FABRIC_E_TIMEOUT"],
  GetApplicationManifest: ["200", "404 FABRIC_E_APPLICATION_TYPE_NOT_FOUND"],
  UnprovisionApplicationType: [
    "200",
    "202",
    "404 FABRIC_E_APPLICATION_TYPE_NOT_FOUND",
    "409 FABRIC_E_APPLICATION_TYPE_IN_USE",
  ],
  CreateApplication: [
    "201",
    "400 FABRIC_E_INVALID_NAME_URI",
    "403 E_ACCESSDENIED",
    "404 FABRIC_E_APPLICATION_TYPE_NOT_FOUND",
    "409 FABRIC_E_APPLICATION_ALREADY_EXISTS",
    "504 FABRIC_E_TIMEOUT",
  ],
  GetApplicationInfoList: ["200", "401 FABRIC_E_SERVER_AUTHENTICATION_FAILED"],
  GetApplicationInfo: ["200", "204", "504 FABRIC_E_TIMEOUT"],
  GetApplicationHealth: ["200", "404 FABRIC_E_HEALTH_ENTITY_NOT_FOUND"],
  GetApplicationHealthUsingPolicy: ["200", "404 FABRIC_E_HEALTH_ENTITY_NOT_FOUND"],
  StartApplicationUpgrade: [
    "200",
    "400 FABRIC_E_APPLICATION_UPGRADE_VALIDATION_ERROR",
    "404 FABRIC_E_APPLICATION_NOT_FOUND",
    "404 FABRIC_E_APPLICATION_TYPE_NOT_FOUND",
    "409 FABRIC_E_APPLICATION_ALREADY_IN_TARGET_VERSION",
    "409 FABRIC_E_APPLICATION_UPGRADE_IN_PROGRESS",
  ],
  GetApplicationUpgrade: ["200", "404 FABRIC_E_APPLICATION_NOT_FOUND", "504 FABRIC_E_TIMEOUT"],
  ResumeApplicationUpgrade: ["200", "400 FABRIC_E_APPLICATION_NOT_UPGRADING"],
  RollbackApplicationUpgrade: ["200", "400 FABRIC_E_APPLICATION_NOT_UPGRADING"],
  UpdateApplicationUpgrade: ["200", "400 FABRIC_E_APPLICATION_NOT_UPGRADING"],
  DeleteApplication: ["200", "404 FABRIC_E_APPLICATION_NOT_FOUND"],
  GetServiceInfoList: ["200", "504 FABRIC_E_TIMEOUT"],
  GetClusterHealth: ["200", "403 E_ACCESSDENIED"],
  GetClusterHealthUsingPolicy: ["200", "403 E_ACCESSDENIED"],
};

type Shown = { readonly body?: { readonly Error?: { readonly Code: string } } };

describe("the examples of applications", () => {
  it.each(Object.entries(outcomes))("of %s show every outcome", (operationId, expected) => {
    const found = Object.values(examples)
      .flatMap((group): { operationId: string; responses: object }[] => Object.values(group))
      .filter((each) => each.operationId === operationId)
      .flatMap(({ responses }) => Object.entries<Shown>({ ...responses }))
      .map(([status, response]) => [status, response.body?.Error?.Code].join(" ").trim());
    expect([...new Set(found)].sort()).toEqual(expected);
  });

  it("report type errors", () => {
    const good = examples.GetApplicationInfo["An application"];
    good satisfies Example<"GetApplicationInfo">;
    const { Id: _, ...body } = good.responses[200].body;
    // @ts-expect-error the id is always sent
    ({ ...good, responses: { 200: { headers: {}, body } } }) satisfies Example<"GetApplicationInfo">;
    const upgrade = examples.ResumeApplicationUpgrade["The next upgrade domain"];
    const parameters = { ...upgrade.parameters, ResumeApplicationUpgradeDescription: { Name: "UD1" } };
    // @ts-expect-error a body without the name of the upgrade domain
    ({ ...upgrade, parameters }) satisfies Example<"ResumeApplicationUpgrade">;
    expect(good.operationId).toBe("GetApplicationInfo");
  });
});

type Mutable = { [name: string]: Mutable };

/** An example with another value at a JSON pointer. */
function changed(name: string, pointer: string, value: unknown) {
  const copy = example(name, folder);
  const parts = pointer.slice(2).split("/");
  const last = parts.pop() ?? "";
  const owner = parts.reduce((place, part) => place[part] as Mutable, copy as Mutable);
  owner[last] = value as Mutable;
  return copy;
}

describe("what schemas cannot express", () => {
  const body = "#/responses/200/body";
  it.each([
    ["GetApplicationInfo", `${body}/Name`, "fabric:/Other", "APPLICATION_MISMATCH"],
    ["GetApplicationHealth", `${body}/Name`, "fabric:/Other", "APPLICATION_MISMATCH"],
    ["GetApplicationUpgrade", `${body}/Name`, "fabric:/Other", "APPLICATION_MISMATCH"],
    ["GetApplicationUpgrade", `${body}/NextUpgradeDomain`, "UD7", "UPGRADE_DOMAIN_UNKNOWN"],
    [
      "GetApplicationUpgrade",
      `${body}/CurrentUpgradeDomainProgress/DomainName`,
      "UD7",
      "UPGRADE_DOMAIN_UNKNOWN",
    ],
    [
      "StartApplicationUpgrade",
      "#/parameters/ApplicationUpgradeDescription/Name",
      "fabric:/fabric:/Calculator",
      "APPLICATION_MISMATCH",
    ],
    [
      "UpdateApplicationUpgrade",
      "#/parameters/ApplicationUpgradeUpdateDescription/Name",
      "Calculator",
      "APPLICATION_MISMATCH",
    ],
    ["GetApplicationTypeInfoListByName", `${body}/Items/0/Name`, "Other", "TYPE_MISMATCH"],
    ["GetApplicationTypeInfoListByName", `${body}/Items/0/Version`, "9.0.0", "TYPE_MISMATCH"],
  ])("%s with another %s", (name, pointer, value, code) => {
    const found = checkExample(contract, changed(name, pointer, value));
    expect(found.map((each) => [each.code, each.pointer])).toEqual([[code, pointer]]);
  });

  it.each([
    ["P1D", ["PATTERN_MISMATCH"]],
    ["1 day", ["PATTERN_MISMATCH"]],
    ["P1DT0H", []],
    ["PT1H30M", []],
    ["86400000", []],
    ["P10675199DT02H48M05.4775807S", []],
  ])("a timeout of an upgrade like %s, as the server reads it", (timeout, codes) => {
    const place = "#/parameters/ApplicationUpgradeDescription/MonitoringPolicy/UpgradeTimeoutInMilliseconds";
    const found = checkExample(contract, changed("StartApplicationUpgrade", place, timeout));
    expect(found.map(({ code }) => code)).toEqual(codes);
  });

  it.each(["GetApplicationTypeInfoList", "GetApplicationInfoList"])(
    "%s with a page that is too long",
    (name) => {
      const found = checkExample(contract, changed(name, "#/parameters/MaxResults", 1));
      expect(found.map(({ code }) => code)).toEqual(["PAGE_TOO_LONG"]);
    },
  );
});
