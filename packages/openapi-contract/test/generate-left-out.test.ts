import { readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runNode, sharedFolder } from "@sf-image-store/testing";
import { expect, it } from "vitest";
import { generateCommand } from "../src/command/generate.js";
import { readProjects } from "../src/document/project.js";
import { linkOpenapiFetch } from "./compile.js";
import { joined, outputOf } from "./run.js";

const root = resolve(import.meta.dirname, "../../..");
const folder = sharedFolder();

const hooked = JSON.stringify({
  openapi: "3.1.0",
  info: { title: "Hooked", version: "1" },
  paths: {
    "/a": {
      put: {
        operationId: "PutA",
        parameters: [
          { name: "filter", in: "query", content: { "application/json": { schema: { type: "integer" } } } },
        ],
        requestBody: { content: { "text/xml": {}, "application/json": {} } },
        callbacks: {
          done: { "{$request.body#/url}": { post: { responses: { "200": { description: "" } } } } },
        },
        responses: { default: { description: "any" } },
      },
    },
  },
  webhooks: { changed: { post: { responses: { "200": { description: "" } } } } },
});

it("says what it leaves out, and names every content type of a body, JSON first", async () => {
  linkOpenapiFetch(folder);
  const document = join(folder, "hooked.json");
  writeFileSync(document, hooked);
  const out = join(folder, "hooked");
  const { code, output } = await outputOf(() =>
    generateCommand([document, "--out", out], () => readProjects(root)),
  );
  const left = "is answered by whoever calls the API: it is not in the operation table";
  expect(output.split("\n").filter((line) => line.startsWith("warning"))).toEqual([
    `warning: ${document}:1#/webhooks/changed/post: ${left}`,
    `warning: ${document}:1#/paths/~1a/put/callbacks/done/{$request.body#~1url}/post: ${left}`,
  ]);
  expect(code).toBe(0);
  const test = `import { type OperationTypes, operations } from "./index.js";
export const one: "application/json" = operations.PutA.body.contentType;
export const all: readonly ["text/xml", "application/json"] = operations.PutA.body.contentTypes;
export const success: readonly ["2XX"] = operations.PutA.success;
export const query: OperationTypes["PutA"]["parameters"]["query"] = { filter: 1 };
// @ts-expect-error the content is a number
export const wrong: OperationTypes["PutA"]["parameters"]["query"] = { filter: "1" };
`;
  writeFileSync(join(out, "src/test.ts"), test);
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  expect(await joined(runNode([compiler, "-p", out], { cwd: folder }))).toEqual({ code: 0, output: "" });
});

it("refuses what it would leave out, in strict mode", async () => {
  const document = join(folder, "strict.json");
  writeFileSync(document, hooked);
  const { code, output } = await outputOf(() =>
    generateCommand([document, "--out", join(folder, "strict"), "--strict"], () => readProjects(root)),
  );
  expect(output).toContain("/webhooks/changed/post: is answered by whoever calls the API");
  expect(output).not.toContain("warning");
  expect(code).toBe(2);
  expect(readdirSync(folder)).not.toContain("strict");
});
