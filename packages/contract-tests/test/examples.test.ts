import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { openapi } from "@sf-image-store/types/openapi";
import { type Contract, checkExample, compileContract } from "openapi-contract";
import { describe, expect, it } from "vitest";
import type { Example } from "../src/example.js";
import { examples } from "../src/generated/examples.js";
import { rules } from "../src/rules.js";
import { example, ownContract, specs } from "./contract.js";

const contract: Contract = await ownContract();
const names = readdirSync(resolve(specs, "examples")).map((file) => file.replace(/\.json$/, ""));

describe("every example", () => {
  it.each(names)("%s keeps the contract", (name) => {
    expect(checkExample(contract, example(name))).toEqual([]);
  });

  it("belongs to an operation of the specification, so that the compiler checks it too", () => {
    const compiled = Object.values(examples).flatMap((group) =>
      Object.values(group).map((value) => JSON.stringify(value)),
    );
    expect(compiled.sort()).toEqual(names.map((name) => JSON.stringify(example(name))).sort());
  });
});

describe("the published document", () => {
  it("is a contract that the examples follow, too", () => {
    const published = compileContract(JSON.parse(JSON.stringify(openapi)), rules);
    expect([...published.keys()].sort()).toEqual([...contract.keys()].sort());
    expect(names.flatMap((name) => checkExample(published, example(name)))).toEqual([]);
  });
});

describe("the compiler", () => {
  const good = examples.GetImageStoreUploadSessionById["A session with two missing ranges"];
  type ById = Example<"GetImageStoreUploadSessionById">;

  it("accepts the examples and reports type errors", () => {
    good satisfies ById;
    // @ts-expect-error an api-version that the operation does not have
    ({ ...good, parameters: { ...good.parameters, "api-version": "9.9" } }) satisfies ById;
    // @ts-expect-error a required parameter is missing
    ({ ...good, parameters: { "api-version": "6.0" } }) satisfies ById;
    // @ts-expect-error a parameter of the wrong type
    ({ ...good, parameters: { ...good.parameters, timeout: "60" } }) satisfies ById;
    const [session] = good.responses[200].body.UploadSessions;
    const body = { UploadSessions: [{ ...session, FileSize: 2097152 }] };
    // @ts-expect-error a number where the wire has a string
    ({ ...good, responses: { 200: { headers: {}, body } } }) satisfies ById;
    const error = { Error: { Code: "E_FAIL", Message: "No." } };
    ({ ...good, responses: { 500: { headers: {}, body: error } } }) satisfies ById;
    // @ts-expect-error the content of another status
    ({ ...good, responses: { 200: { headers: {}, body: error } } }) satisfies ById;
    // @ts-expect-error a status that is not documented
    ({ ...good, responses: { 201: { headers: {} } } }) satisfies ById;
    // @ts-expect-error content where there is none
    ({ ...good, responses: { 204: { headers: {}, body: error } } }) satisfies ById;
    // @ts-expect-error an unknown property
    ({ ...good, responses: { 200: { headers: {}, body: { Sessions: [] } } } }) satisfies ById;
    expect(good.operationId).toBe("GetImageStoreUploadSessionById");
  });
});
