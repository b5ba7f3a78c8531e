import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTypeScript, sharedFolder } from "@sf-image-store/testing";
import { beforeAll, describe, expect, it } from "vitest";

const folder = sharedFolder();

const allOf = [{ $ref: "#/definitions/Impact" }];
const document = {
  swagger: "2.0",
  info: { title: "Other", version: "1" },
  "x-ms-parameterized-host": {
    hostTemplate: "{cluster}:19080",
    parameters: [{ name: "cluster", in: "path", required: true, type: "string" }],
  },
  paths: {
    "/Impact": {
      post: {
        operationId: "Report",
        parameters: [
          { name: "Impact", in: "body", required: true, schema: { $ref: "#/definitions/Impact" } },
        ],
        responses: { "202": { description: "ok" } },
        "x-ms-examples": { one: { $ref: "./examples/shared.json" }, gone: { $ref: "./examples/gone.json" } },
      },
    },
    "/Other": {
      post: {
        operationId: "Other",
        parameters: [{ name: "Impact", in: "body", required: true, schema: { type: "object" } }],
        responses: { "200": { description: "ok" } },
        "x-ms-examples": { one: { $ref: "./examples/shared.json" } },
      },
    },
  },
  definitions: {
    Impact: { discriminator: "Kind", required: ["Kind"], properties: { Kind: { type: "string" } } },
    NodeImpact: {
      "x-ms-discriminator-value": "Node",
      allOf,
      properties: { Nodes: { type: "array", items: { type: "string" } } },
    },
    RackImpact: { "x-ms-discriminator-value": "Rack", allOf, properties: { Rack: { type: "string" } } },
  },
};

const request = (Impact: object) => ({ cluster: "localhost", Impact });
const accepted = { "202": { headers: {} } };
const examples = {
  "good.json": {
    operationId: "Report",
    parameters: request({ Kind: "Node", Nodes: ["a"] }),
    responses: accepted,
  },
  "mixed.json": {
    operationId: "Report",
    parameters: request({ Kind: "Node", Rack: "r" }),
    responses: accepted,
  },
  "shared.json": { parameters: request({ Kind: "Rack" }), responses: accepted },
  "nameless.json": { parameters: {}, responses: accepted },
};

describe("pnpm contract with another document", () => {
  let lines: string[];
  let warnings: string;
  beforeAll(async () => {
    mkdirSync(join(folder, "examples"));
    writeFileSync(join(folder, "other.json"), JSON.stringify(document));
    for (const [name, example] of Object.entries(examples))
      writeFileSync(join(folder, "examples", name), JSON.stringify(example));
    const options = ["other.json", "--examples", "examples"];
    const main = "packages/contract-tests/src/main.ts";
    const { stdout, stderr } = await runTypeScript(main, options, { cwd: folder });
    [lines, warnings] = [stdout.trim().split("\n"), stderr];
  });

  it("follows the discriminator, and finds a property of another subtype", () => {
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^examples\/mixed\.json:1:\d+: error UNKNOWN_PROPERTY at #\/parameters\/Impact\/Rack: expected no property of this name$/,
      ),
    );
    expect(lines.join("\n")).not.toContain("good.json");
  });

  it("checks an example without operationId against every operation that names its file", () => {
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^examples\/shared\.json:1:\d+: error STATUS_NOT_DOCUMENTED at #\/responses\/202: expected a documented status \(200\), got 202$/,
      ),
    );
    expect(lines.filter((line) => line.includes("shared.json"))).toHaveLength(1);
  });

  it("reports an example without an operationId that no operation names", () => {
    expect(lines).toContain(
      "examples/nameless.json:1:1: error EXAMPLE_OPERATION_MISSING at #/operationId: expected an operationId, or an operation that names this file under x-ms-examples",
    );
    expect(lines.at(-1)).toBe("4 examples of 2 of 2 operations: 3 errors, 0 warnings");
  });

  it("warns about an example that the document names but that does not exist", () => {
    expect(warnings).toBe(
      "warning: other.json#/paths/~1Impact/post/x-ms-examples/gone: examples/gone.json does not exist, the example is left out\n",
    );
  });
});
