import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type PublishedPackage, publishedPackages } from "@sf-image-store/testing/packages";
import { parse } from "yaml";
import { readmeExamples, shell, type User } from "./readme-examples.js";
import { type Registry, startRegistry } from "./registry.js";

/** The major versions of Node that the packages support. They come from the npm registry. */
const supportedNodes = ["20", "22", "24", "26"];

/**
 * Releases a clone of this repository to a registry on this machine, with the commands of the release workflow, and uses the
 * packages from there as a new user would. Uncommitted changes are not part of it.
 * @param args Major versions of Node. Default: all supported ones.
 */
export async function rehearse(root: string, args: readonly string[]): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), "sf-image-store-rehearsal-"));
  const clone = join(scratch, "clone");
  let registry: Registry | undefined;
  try {
    execFileSync("git", ["clone", "--quiet", root, clone]);
    const names = publishedPackages(clone).map(({ name }) => name);
    registry = await startRegistry(join(scratch, "registry"), names);
    console.log(`Registry on this machine for ${names.length} packages: ${registry.url}`);
    const published = releaseFrom(clone, scratch, registry);
    for (const major of args.length > 0 ? args : supportedNodes)
      await useOnNode(major, scratch, registry, published);
    console.log("The rehearsal succeeded.");
    return 0;
  } finally {
    registry?.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Runs the commands of the workflow's jobs `version`, `pack` and `publish`. Returns the packages with their new versions. */
function releaseFrom(clone: string, scratch: string, registry: Registry): readonly PublishedPackage[] {
  const workflow: Workflow = parse(readFileSync(join(clone, ".github/workflows/release.yml"), "utf8"));
  const output = join(scratch, "github-output");
  const run = (script: string, settings: NodeJS.ProcessEnv = {}) =>
    shell(script, clone, { ...cleanEnvironment(), GITHUB_OUTPUT: output, ...settings });
  const toRegistry = { npm_config_userconfig: registry.npmrc };

  run(commandOf(workflow, "version", "release:version"));
  run(
    "git -c user.name=Rehearsal -c user.email=rehearsal@example.invalid commit --quiet --allow-empty -m Versions",
  );
  const published = publishedPackages(clone);
  run(commandOf(workflow, "pack", "release:pack"), toRegistry);
  // Only a job on GitHub can prove where a package comes from.
  const publish = commandOf(workflow, "publish", "npm publish");
  if (!publish.includes(" --provenance "))
    throw new Error("The job publish does not publish with --provenance.");
  run(publish.replace(" --provenance ", " --provenance=false "), toRegistry);
  for (const { name, version, folder } of published) {
    console.log(`Published ${name} ${version}`);
    if (!/^\d+\.\d+\.\d+(-next\.\d+)?$/.test(version) || version === "0.0.0")
      throw new Error(`${version} is not the version of a release.`);
    console.log(readFileSync(join(folder, "CHANGELOG.md"), "utf8").replaceAll(/^(?=.)/gm, "  "));
  }
  return published;
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
}

/** The script of the step that contains this command. */
function commandOf({ jobs }: Workflow, job: string, command: string): string {
  const found = jobs[job]?.steps.flatMap(({ run }) => (run?.includes(command) ? [run] : [])) ?? [];
  const [script] = found;
  if (script === undefined || found.length > 1)
    throw new Error(`The job ${job} of release.yml needs one step that runs ${command}.`);
  return script;
}

/** The environment without the settings that pnpm and npm pass to what they run. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(npm_|pnpm_|NODE_PATH$|NODE_OPTIONS$|INIT_CWD$|GITHUB_|CI$|TF_BUILD$|SF_)/i;
  const { PATH = "", ...others } = process.env;
  const path = PATH.split(delimiter).filter((each) => !/node_modules[\\/]\.bin/.test(each));
  const kept = Object.entries(others).filter(([name]) => !ours.test(name));
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter), npm_config_update_notifier: "false" };
}

/** Installs and uses the packages with an empty home folder. */
async function useOnNode(
  major: string,
  scratch: string,
  registry: Registry,
  published: readonly PublishedPackage[],
): Promise<void> {
  const folder = join(scratch, `node-${major}`);
  const home = join(folder, "home");
  mkdirSync(home, { recursive: true });
  const node = nodeOf(major, folder);
  writeFileSync(join(home, ".npmrc"), `registry=${registry.url}\naudit=false\nfund=false\n`);
  const prefix = join(folder, "prefix");
  const environment = cleanEnvironment();
  const env = {
    ...environment,
    HOME: home,
    USERPROFILE: home,
    npm_config_prefix: prefix,
    PATH: [join(prefix, "bin"), dirname(node), environment["PATH"]].join(delimiter),
  };
  const user: User = { env, folder, published };
  console.log(`Node ${shell("node --version", home, env).trim()}`);
  shell("npm install --global sf-image-store", home, env);
  for (const each of published) await readmeExamples(user, each);
  const commandLine = published.find(({ name }) => name === "sf-image-store");
  if (commandLine === undefined) throw new Error("sf-image-store is not among the published packages.");
  await readmeExamples(user, commandLine, join(scratch, "clone/README.md"));
}

/** The path of a version of Node from the registry that npm is configured with. */
function nodeOf(major: string, folder: string): string {
  const tools = join(folder, "tools");
  mkdirSync(tools);
  writeFileSync(join(tools, "package.json"), JSON.stringify({ private: true }));
  const args = ["install", "--no-audit", "--no-fund", "--prefer-offline", `node@${major}`];
  execFileSync("npm", args, { cwd: tools, env: cleanEnvironment(), stdio: "pipe" });
  return join(tools, "node_modules/node/bin/node");
}
