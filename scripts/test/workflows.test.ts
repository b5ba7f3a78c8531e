import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { read, trackedFiles } from "./repository.js";

interface Job {
  readonly permissions?: unknown;
  readonly environment?: string;
  readonly steps: readonly { readonly uses?: string; readonly run?: string; readonly with?: object }[];
}

interface Workflow {
  readonly permissions?: unknown;
  readonly concurrency?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflows = trackedFiles
  .filter((path) => path.startsWith(".github/workflows/"))
  .map((path) => {
    const document = parseDocument(read(path), { uniqueKeys: true });
    const workflow: Workflow = document.toJS();
    return { path, text: read(path), errors: document.errors, workflow };
  });
const jobs = workflows.flatMap(({ path, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ name: `${path} ${name}`, job })),
);

describe.each(workflows)("$path", ({ text, errors, workflow }) => {
  it("is valid YAML, declares its permissions, and never runs twice at the same time", () => {
    expect(errors).toEqual([]);
    expect(workflow.permissions).toBeDefined();
    expect(workflow.concurrency).toBeDefined();
  });

  it("pins every action by its full commit, followed by the version", () => {
    const uses = text.split("\n").filter((line) => /^\s*(- )?uses: (?!\.\/$)/.test(line));
    expect(uses.filter((line) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });

  it("inserts no expression into a command", () => {
    const commands = Object.values(workflow.jobs).flatMap(({ steps }) =>
      steps.flatMap(({ run = "" }) => run),
    );
    expect(commands.filter((command) => command.includes("${{"))).toEqual([]);
  });
});

describe("jobs", () => {
  it("only the job that publishes may identify itself to npm", () => {
    const may = jobs.filter(({ job }) => JSON.stringify(job.permissions ?? "").includes("id-token"));
    expect(may.map(({ name }) => name)).toEqual([".github/workflows/release.yml publish"]);
    expect(may[0]?.job.permissions).toEqual({ "id-token": "write" });
    const whole = workflows.filter(({ workflow }) => JSON.stringify(workflow.permissions).includes("write"));
    expect(whole).toEqual([]);
    expect(workflows.filter(({ text }) => /secrets\./.test(text))).toEqual([]);
  });

  it("the job that publishes runs no code of this repository and installs nothing", () => {
    const publish = jobs.find(({ name }) => name.endsWith("release.yml publish"))?.job;
    const text = JSON.stringify(publish?.steps);
    expect(text).not.toMatch(/actions\/checkout|boot\.mjs|npm (ci|install|run)|npx|pnpm/);
    expect(text).toContain("--ignore-scripts");
  });

  it("store no token in a checkout", () => {
    const checkouts = jobs.flatMap(({ job }) =>
      job.steps.filter(({ uses }) => uses?.startsWith("actions/checkout")),
    );
    expect(checkouts.length).toBeGreaterThan(0);
    for (const checkout of checkouts) expect(checkout.with).toMatchObject({ "persist-credentials": false });
  });

  it("run on every supported version of Node", () => {
    const matrix = workflows.find(({ path }) => path.endsWith("ci.yml"))?.text;
    expect(matrix).toContain("node: [20, 22, 24, 26]");
    expect(JSON.parse(read("package.json")).engines.node).toBe(">=20.19");
  });
});
