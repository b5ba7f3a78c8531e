import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { type CliResult, startCliProcess } from "./cli-process.js";

/** Nothing listens there; all that matters is said before. */
const closed = ["ls", "--endpoint", "https://127.0.0.1:1"];

/** Does something in the process as soon as the program runs, such as what Node.js does only in some version. */
function preload(script: string): Record<string, string> {
  const path = join(scratchFolder(), "preload.cjs");
  const hasBegun = 'event === "uncaughtException"';
  writeFileSync(
    path,
    `process.on("newListener", (event) => ${hasBegun} && setImmediate(() => { ${script} }));`,
  );
  return { NODE_OPTIONS: `--require ${path}` };
}

function run(args: readonly string[], environment: Record<string, string> = {}): Promise<CliResult> {
  return startCliProcess([...closed, ...args], environment).result;
}

function eventsIn({ stderr }: CliResult): readonly unknown[] {
  return stderr.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
}

const warnings: readonly (readonly [string, readonly string[], () => Record<string, string>, RegExp])[] = [
  ["--insecure", ["--insecure"], () => ({}), /server certificates are not checked/],
  [
    "NODE_TLS_REJECT_UNAUTHORIZED",
    [],
    () => ({ NODE_TLS_REJECT_UNAUTHORIZED: "0" }),
    /NODE_TLS_REJECT_UNAUTHORIZED/,
  ],
  [
    "a deprecation",
    [],
    () => preload('process.emitWarning("old ##vso[x]", "DeprecationWarning", "DEP1")'),
    /^DeprecationWarning: old /,
  ],
];

describe.each(warnings)("a warning of %s", (_, flags, environment, text) => {
  it("is printed like every warning: as text, as JSON, for a CI service, and not with --quiet", async () => {
    const given = environment();
    const plain = await run(flags, given);
    expect(plain.stderr).toMatch(/^Warning: [^\n]*\nError: [^\n]*ECONNREFUSED/);
    expect(plain.stderr).not.toMatch(/\(node:|##vso/);
    const json = await run([...flags, "--json"], given);
    expect(eventsIn(json)).toEqual([
      expect.objectContaining({ event: "warning", text: expect.stringMatching(text) }),
    ]);
    const github = await run(flags, { ...given, GITHUB_ACTIONS: "true" });
    expect(github.stderr).toMatch(/^::warning::[^\n]*\n::error::/);
    expect(eventsIn(await run([...flags, "--json", "-q"], given))).toEqual([]);
  });
});

describe("warnings of Node.js", () => {
  it("can be disabled", async () => {
    const { stderr } = await run(["--insecure"], { NODE_NO_WARNINGS: "1" });
    expect(stderr).toMatch(/^Error: /);
  });

  it("have a code for programs, and a stack with --debug", async () => {
    const result = await run(["--insecure", "--json", "--debug"]);
    expect(eventsIn(result)).toContainEqual(
      expect.objectContaining({ event: "warning", code: "SF_IMAGE_STORE_INSECURE" }),
    );
    expect(eventsIn(result)).toContainEqual(
      expect.objectContaining({
        event: "debug",
        text: expect.stringMatching(/server certificates are not checked(.|\n)*\n +at /),
      }),
    );
  });
});

it("an unexpected error is printed like any other", async () => {
  const script = 'throw new Error("lost ##vso[task.complete]\\n::error::x")';
  const { code, stdout, stderr } = await run(["--json"], { ...preload(script), TF_BUILD: "True" });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { kind: "other" } });
  expect(stdout + stderr).not.toMatch(/##vso|^::error/m);
});
