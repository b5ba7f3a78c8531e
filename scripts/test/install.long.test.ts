import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { sharedFolder } from "@sf-image-store/testing";
import { expect, it } from "vitest";
import { read, root } from "./repository.js";

const scratch = sharedFolder();
/** A user without settings of npm, who may install globally. */
function userIn(folder: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|pnpm_|NODE_(OPTIONS|PATH|ENV)$|VITEST|INIT_CWD)/i.test(name),
  );
  const { PATH = "", HOME } = process.env;
  const prefix = join(folder, "prefix");
  // The store of pnpm and the cache of npm stay where they are, so that this downloads little.
  return {
    ...Object.fromEntries(others),
    HOME,
    PATH: `${join(prefix, "bin")}${delimiter}${PATH}`,
    npm_config_prefix: prefix,
  };
}

it("the block in the README installs a command line that works", { timeout: 600_000 }, () => {
  const [, block = ""] =
    /### Install from a checkout[\s\S]*?```sh\n([\s\S]*?)```/.exec(read("README.md")) ?? [];
  const here = mkdtempSync(join(scratch, "user-"));
  const env = userIn(here);
  const script = block.replace(/https:\S+\.git/, `'${root}' sf-image-store`);
  expect(script).not.toBe(block);
  const run = (command: string, cwd = here) =>
    execFileSync("bash", ["-ec", command], { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  run(script);
  const { version } = JSON.parse(read("packages/cli/package.json"));
  expect(run("sf-image-store --version").trim()).toBe(version);
  expect(version).not.toMatch(/^0\.0\.0/);

  const project = join(here, "my-project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  run("npm run install:checkout -- ../my-project @sf-image-store/client", join(here, "sf-image-store"));
  const program =
    'import { createImageStoreClient } from "@sf-image-store/client"; console.log(typeof createImageStoreClient);';
  expect(run(`node --input-type=module --eval '${program}'`, project).trim()).toBe("function");
  expect(Object.keys(JSON.parse(readFileSync(join(project, "package.json"), "utf8")).dependencies)).toEqual([
    "@sf-image-store/client",
    "@sf-image-store/types",
  ]);
  expect(() =>
    run("npm run install:checkout -- ../nowhere sf-image-store", join(here, "sf-image-store")),
  ).toThrow(/no package\.json/);
});
