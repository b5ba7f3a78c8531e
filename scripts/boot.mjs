// Runs `npm start` and `npm test` on a machine that has only Node and npm: checks the version of Node, gets the pinned pnpm
// from the registry (npx caches it), lets pnpm install what is missing, and runs the script in the arguments.
// Uses only old syntax, so that an old Node can run it and report that it is too old.
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
// When pnpm runs this, it is on the PATH. When npm runs this, use its own program (npm_execpath) for `npm exec`.
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
// Ctrl+C reaches the child, too: wait until it has cleaned up.
process.on("SIGINT", () => {});
child.on("exit", (code, signal) => {
  if (code && !existsSync(`${root}node_modules`)) {
    console.error(
      `\nCannot download ${pnpm} or the dependencies. The first run needs access to the npm registry.`,
    );
  }
  process.exit(signal ? 130 : code);
});
