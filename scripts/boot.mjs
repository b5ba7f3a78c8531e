// `npm start` and `npm test` on a machine that has Node and npm and nothing else: checks Node, gets the pinned pnpm from
// the registry (npx keeps it for later runs), lets pnpm install what is missing, and runs the script it is given.
// Plain JavaScript of an old kind, so that an old Node can still say that it is too old.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const least = [20, 19];
const node = process.versions.node.split(".").map(Number);
if (node[0] < least[0] || (node[0] === least[0] && node[1] < least[1])) {
  console.error(
    `This project needs Node ${least.join(".")} or newer; this is Node ${process.versions.node}.`,
  );
  process.exit(1);
}

const root = fileURLToPath(new URL("..", import.meta.url));
const pnpm = JSON.parse(readFileSync(`${root}package.json`, "utf8")).packageManager;
if (!existsSync(`${root}node_modules`))
  console.log("First run: installing dependencies. This takes a moment.\n");

const env = Object.assign({}, process.env, {
  npm_config_loglevel: "error",
  npm_config_update_notifier: "false",
  TURBO_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
});
// Under pnpm itself, it is on the path; under npm, npm's own program (npm_execpath) runs it by `npm exec`.
const underPnpm = /^pnpm\//.test(env.npm_config_user_agent || "");
const npm = env.npm_execpath && !underPnpm ? [process.execPath, env.npm_execpath, "exec"] : ["npx"];
const runner = underPnpm
  ? ["pnpm"]
  : npm.concat("--yes", "--prefer-offline", `--package=${pnpm}`, "--", "pnpm");
const command = runner.concat("--silent", "run", process.argv.slice(2));

const child = spawn(command[0], command.slice(1), {
  cwd: root,
  env: env,
  stdio: "inherit",
  shell: process.platform === "win32" && command[0] !== process.execPath,
});
child.on("error", (error) => {
  console.error(`Cannot run ${command[0]}: ${error.message}`);
  process.exit(1);
});
// Ctrl+C reaches the child too; this waits for it to finish cleaning up.
process.on("SIGINT", () => {});
child.on("exit", (code, signal) => {
  if (code && !existsSync(`${root}node_modules`)) {
    console.error(
      `\n${pnpm} or the dependencies could not be fetched. The first run needs the npm registry.`,
    );
  }
  process.exit(signal ? 130 : code);
});
