import { describe, expect, it } from "vitest";
import { startCliProcess } from "./cli-process.js";

/** The program on a Node that says it is another one, before anything else is loaded. */
function runOnNode(version: string, ...args: string[]) {
  const pretend = `Object.defineProperty(process.versions,"node",{value:"${version}"})`;
  const environment = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(pretend)}` };
  return startCliProcess(args, environment).result;
}

describe("a version of Node.js that is too old", () => {
  it.each(["18.20.8", "20.18.3"])("%s gets a clear error message", async (version) => {
    expect(await runOnNode(version, "ls")).toEqual({
      code: 2,
      stdout: "",
      stderr: `Error: sf-image-store requires Node.js 20.19 or later. This is Node.js ${version}.\n`,
    });
  });

  it("gets a JSON error with --json", async () => {
    const { code, stdout, stderr } = await runOnNode("18.20.8", "ls", "--json");
    expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: "usage", kind: "old-node" } });
  });

  it.each(["20.19.0", "22.0.0", "100.1.0"])("does not include %s", async (version) => {
    expect((await runOnNode(version, "completion", "bash")).code).toBe(0);
  });
});
