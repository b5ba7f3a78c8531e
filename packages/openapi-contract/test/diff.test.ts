import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { currentContract, keepContract } from "../src/diff/base.js";
import { compareContracts } from "../src/diff/compare.js";
import { reportOf, textOf } from "../src/diff/report.js";
import type { JsonObject } from "../src/document/json.js";
import { overlay, ProjectCopy, spec } from "./diff-copy.js";

let copy: ProjectCopy;
beforeEach(() => {
  copy = new ProjectCopy();
});
afterEach(() => copy[Symbol.dispose]());

const lastLine = (output: string) => output.trim().split("\n").at(-1);

describe("pnpm spec:diff", () => {
  it("says that everything is new as long as nothing has been released", async () => {
    const { code, output } = await copy.specDiff();
    expect(code).toBe(0);
    expect(output).toContain("compared with nothing, as nothing has been released:");
    expect(output).toContain("\nUploadFile\n  minor  new operation: PUT /ImageStore/{contentPath}  #/paths/");
    expect(lastLine(output)).toMatch(/^minor: \d+ minor$/);
  });

  it("counts a version with the suffix -dev as not released, and keeps no contract for it", async () => {
    copy.setVersion("0.1.0-dev");
    const { code, output } = await copy.specDiff();
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringContaining("as nothing has been released:"),
    });
    expect(await keepContract(copy.projects[0])).toBeUndefined();
  });

  it("finds no change against the last release", async () => {
    await copy.releaseContract("0.1.0");
    expect(await copy.specDiff()).toEqual({
      code: 0,
      output: "The contract compared with release 0.1.0:\n\nnone: nothing has changed\n",
    });
  });

  it("compares with another document, its overlay beside it applied", async () => {
    copy.write("old/api.swagger.yaml", copy.read(spec).replaceAll("./examples/", "../specs/examples/"));
    copy.write("old/api.overlay.yaml", copy.read(overlay));
    expect(lastLine((await copy.specDiff("--base", join(copy.folder, "old/api.swagger.yaml"))).output)).toBe(
      "none: nothing has changed",
    );
    rmSync(join(copy.folder, "old/api.overlay.yaml"));
    const { output } = await copy.specDiff("--base", join(copy.folder, "old/api.swagger.yaml"));
    expect(output).toMatch(/compared with .*\/old\/api\.swagger\.yaml:/);
    expect(output).toContain("  major  a required request body was added: ");
  });

  it("compares with a revision, with the specification and overlay it had, and stages nothing", async () => {
    copy.commit();
    copy.edit(overlay, "maxLength: 4096", "maxLength: 100");
    copy.edit(spec, "operationId: GetImageStoreInfo", "operationId: GetDiskInfo");
    copy.edit(spec, "./examples/GetImageStoreInfo.json", "./examples/info.json");
    copy.edit(spec, "./examples/GetImageStoreInfo.old-cluster.json", "./examples/info-old.json");
    for (const [from, to] of [
      ["GetImageStoreInfo", "info"],
      ["GetImageStoreInfo.old-cluster", "info-old"],
    ]) {
      const example = copy.read(`specs/examples/${from}.json`);
      copy.write(`specs/examples/${to}.json`, example.replace("GetImageStoreInfo", "GetDiskInfo"));
    }
    const { code, output } = await copy.specDiff("--base", "HEAD");
    expect(code).toBe(0);
    expect(output).toContain("compared with revision HEAD:");
    expect(output).toContain(
      "  major  the operation has another name: GetImageStoreInfo → GetDiskInfo  #/paths/",
    );
    expect(output).toContain(
      "  major  parameter ContinuationToken: maxLength allows less: 4096 → 100  #/paths/",
    );
  });

  it("prints one JSON document with --json", async () => {
    await copy.releaseContract("0.1.0");
    copy.edit(spec, "    required: [RemoteSource, RemoteDestination]", "    required: [RemoteSource]");
    const report: unknown = JSON.parse(
      (await copy.specDiff("--json", "--changeset")).output.split("\nWritten")[0] ?? "",
    );
    expect(report).toEqual({
      base: "release 0.1.0",
      verdict: "minor",
      counts: { major: 0, minor: 1, patch: 0 },
      changes: [
        {
          kind: "model",
          name: "ImageStoreCopyDescription",
          verdict: "minor",
          rule: "property-became-optional",
          pointer: "#/components/schemas/ImageStoreCopyDescription/properties/RemoteDestination",
          oldPointer: "#/components/schemas/ImageStoreCopyDescription/required/1",
          in: "new",
          message: "RemoteDestination is optional now",
          old: true,
          new: false,
          operations: ["CopyImageStoreContent"],
        },
      ],
    });
  });

  it.each([
    [["--bsae", "HEAD"], "Unknown option '--bsae'"],
    [["--base", "no-such"], "no-such: is neither a file nor a revision"],
    [["--base", "package.json"], "package.json#: expected a Swagger 2.0"],
  ])("says what is wrong with %j, exit code 2", async (args, message) => {
    const { code, output } = await copy.specDiff(...args);
    expect(output).toContain(message);
    expect(code).toBe(2);
  });

  it("has no contract to keep before the first release", async () => {
    expect(await keepContract(copy.projects[0])).toBeUndefined();
    expect(existsSync(join(copy.folder, "specs/released"))).toBe(false);
  });

  it("misses the snapshot of a release", async () => {
    copy.setVersion("1.2.0");
    const { code, output } = await copy.specDiff();
    expect(output).toContain("specs/released/generated/contract.json: is missing, though 1.2.0 is released");
    expect(code).toBe(2);
  });
});

/** Six edits of the specification, each with the line it is told by and the verdict on the whole. */
const prepared: readonly [what: string, old: string, next: string, line: string, last: string][] = [
  [
    "words",
    "description: The used space in bytes, as a decimal string.",
    "description: The space in use, in bytes, as a decimal string.",
    "  patch  UsedSpace: description changed: The used space in bytes, as a decimal string. → The space in use, in bytes, as a decimal string.  #/components/schemas/UsageInfo/properties/UsedSpace/description",
    "patch: 1 patch",
  ],
  [
    "a new optional property of a request",
    "        description: Whether to check for the mark file of the source first.\n        type: boolean\n",
    "        description: Whether to check for the mark file of the source first.\n        type: boolean\n      Force:\n        type: boolean\n",
    "  minor  new optional property Force: boolean  #/components/schemas/ImageStoreCopyDescription/properties/Force",
    "minor: 1 minor",
  ],
  [
    "a property that a request must have now",
    "    required: [RemoteSource, RemoteDestination]",
    "    required: [RemoteSource, RemoteDestination, SkipFiles]",
    "  major  SkipFiles is no longer optional  #/components/schemas/ImageStoreCopyDescription/required/2",
    "major: 1 major",
  ],
  [
    "a format that answers no longer keep",
    "        format: uuid\n      ModifiedDate:",
    "      ModifiedDate:",
    "  major  SessionId has no format anymore: was uuid  #/components/schemas/UploadSessionInfo/properties/SessionId/format",
    "major: 1 major",
  ],
  [
    "a new required parameter",
    '        - $ref: "#/parameters/TimeoutOptionalQueryParam"\n      responses:\n        "200":\n          description: The state of the disk.',
    '        - $ref: "#/parameters/TimeoutOptionalQueryParam"\n        - { name: disk, in: query, required: true, type: string }\n      responses:\n        "200":\n          description: The state of the disk.',
    "  major  new required parameter disk: string  #/paths/~1ImageStore~1$~1Info/get/parameters/2",
    "major: 1 major",
  ],
  [
    "a wider bound of a parameter that all operations share",
    "    maximum: 4294967295",
    "    maximum: 8589934590",
    "  minor  parameter timeout: maximum allows more: 4294967295 → 8589934590  #/components/parameters/TimeoutOptionalQueryParam/schema/maximum",
    "minor: 1 minor",
  ],
];

describe("six prepared changes give six different verdict lines", () => {
  let base: JsonObject;
  beforeAll(async () => {
    using unchanged = new ProjectCopy();
    base = await currentContract(unchanged.projects[0]);
  });

  it.each(prepared)("%s", async (_, old, next, line, last) => {
    copy.edit(spec, old, next);
    const contract = await currentContract(copy.projects[0]);
    const text = textOf(reportOf("before", compareContracts(base, contract), contract));
    expect(text.split("\n")).toContain(line);
    expect(lastLine(text)).toBe(last);
  });
});

describe("pnpm spec:diff as a process", () => {
  it("writes the JSON alone to its output, all else beside it, and ends with the exit code", async () => {
    await copy.releaseContract("0.1.0");
    copy.edit(spec, "        format: uuid\n      ModifiedDate:", "      ModifiedDate:");
    const { code, stdout, stderr } = await copy.run("--json", "--check");
    expect(JSON.parse(stdout)).toMatchObject({ base: "release 0.1.0", verdict: "major" });
    expect(lastLine(stderr)).toMatch(
      /^The contract changed \(major\), but .* Run: pnpm spec:diff --changeset$/,
    );
    expect(code).toBe(1);
  });

  it("names files as they are named where it runs, and tells mistakes beside its output", async () => {
    copy.write("old/api.yaml", "swagger: '1.2'\n");
    const { code, stdout, stderr } = await copy.run("--base", "old/api.yaml");
    expect(stderr).toMatch(/^old\/api\.yaml#: expected a Swagger 2\.0/);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});
