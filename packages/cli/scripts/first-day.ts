// Records the first day of a user for the guide and the home page of the site: installs the command line from this checkout, and
// uses it with an emulator, on a terminal. Run by `pnpm record first-day`.
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { recordRun, withRecording } from "./record.js";
import { ctrlC } from "./terminal.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
export const guide = join(root, "docs/guides/try-without-a-cluster.md");
/** The excerpt on the home page. */
export const excerptFile = join(root, "packages/docs/src/site/theme/recording.json");

/** The default of the command line, so that no command needs --endpoint. */
const endpoint = "http://localhost:19080";
const MiB = 1024 * 1024;

const files: Readonly<Record<string, string | number>> = {
  "ApplicationManifest.xml":
    '<ApplicationManifest ApplicationTypeName="MyApp" ApplicationTypeVersion="1.0.0">\n<ServiceManifestImport><ServiceManifestRef ServiceManifestName="WebPkg" ServiceManifestVersion="1.0.0"/></ServiceManifestImport>\n</ApplicationManifest>\n',
  "WebPkg/ServiceManifest.xml":
    '<ServiceManifest Name="WebPkg" Version="1.0.0">\n<CodePackage Name="Code" Version="1.0.0"/><ConfigPackage Name="Config" Version="1.0.0"/><DataPackage Name="Data" Version="1.0.0"/>\n</ServiceManifest>\n',
  "WebPkg/Config/Settings.xml": '<Settings><Section Name="Web"/></Settings>\n',
  "WebPkg/Code.zip": 40 * MiB,
  "WebPkg/Data.zip": 8 * MiB,
};

function writeFiles(folder: string): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : randomBytes(content));
  }
}

/** Runs a command in bash. Returns it with its output. */
function shell(command: string, cwd: string, env: NodeJS.ProcessEnv = process.env): string {
  const output = execFileSync("bash", ["-c", command], { cwd, env, encoding: "utf8", stdio: "pipe" });
  return `$ ${command}\n${output}`.trimEnd();
}

/** Installs the command line as a user would, into a folder of its own. Returns the program and the last lines. */
function install(prefix: string): { readonly program: string; readonly text: string } {
  const text = shell("npm run install:checkout", root, { ...process.env, npm_config_prefix: prefix });
  const modules = process.platform === "win32" ? "node_modules" : "lib/node_modules";
  const lines = text.split("\n").filter((line) => /^\$|^added|^Installed/.test(line));
  return { program: join(prefix, modules, "sf-image-store/dist/main.js"), text: lines.join("\n") };
}

interface Server extends AsyncDisposable {
  readonly text: string;
}

/** Starts the emulator with its default port, as slow as a network. */
async function startServer(program: string, folder: string): Promise<Server> {
  const args = ["emulator", "--bandwidth", "5000000"];
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let banner = "";
  for await (const piece of child.stdout.iterator({ destroyOnReturn: false })) {
    banner += String(piece);
    if (banner.includes("Stop with Ctrl+C.")) break;
  }
  child.stdout.resume();
  if (!banner.includes("Stop with")) throw new Error("The emulator did not start. Is its port in use?");
  return {
    text: `$ sf-image-store ${args.join(" ")}\n${banner}`.trimEnd(),
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}

/** The steps of the day, each with its heading, its command and its output. */
async function recordDay(folder: string): Promise<readonly string[]> {
  writeFiles(join(folder, "MyApp"));
  const { program, text: installed } = install(join(folder, "global"));
  await using server = await startServer(program, folder);
  const run = (commandLine: string, more: { pattern?: RegExp; keys?: readonly string[] } = {}) =>
    recordRun({ program, folder, endpoint, commandLine: commandLine.split(" "), columns: 90, ...more });
  const next = "upload MyApp --to MyApp_1.1 --base MyApp --base-dir MyApp_1.0";
  return [
    `# In a checkout: install the command line\n${installed}`,
    `# An image store on this machine, as slow as a network\n${server.text}`,
    `# In a second terminal: upload a package, and press Ctrl+C in the middle\n${await run("upload MyApp", { pattern: /^MyApp .* [45]\d %.* left/m, keys: [ctrlC] })}`,
    `# The same command again: it sends only what is missing\n${await run("upload MyApp", { pattern: /^MyApp .* [6-9]\d %(?!.* 0 B\/s)/m })}`,
    `# And again: there is nothing to do\n${await run("upload MyApp")}`,
    `# Prove it\n${await run("verify MyApp MyApp")}`,
    `# The next version: one file changes, but the versions stay the same\n${shell("cp -r MyApp MyApp_1.0", folder)}\n${shell("echo '<Settings/>' > MyApp/WebPkg/Config/Settings.xml", folder)}\n${await run(next)}`,
    `# With new versions, the cluster copies what did not change\n${shell("sed -i 's/1.0.0/1.1.0/g' MyApp/*.xml MyApp/*/*.xml", folder)}\n${await run(next)}`,
  ].map((step) => step.replaceAll(folder, "~"));
}

/** A line on the home page. */
export type ExcerptLine = readonly [kind: "command" | "output" | "result", text: string];

/** The commands of an upload that is interrupted and resumed, with the lines that tell what happened. */
export function excerptOf(recording: string): readonly ExcerptLine[] {
  const lines = recording.split("\n").flatMap((line): readonly ExcerptLine[] => {
    if (/^\$ sf-image-store upload/.test(line)) return [["command", line.slice(2)]];
    if (/^MyApp +[▓█▒░]|^\^C$/.test(line)) return [["output", line.replaceAll(/ {2,}/g, "  ")]];
    return /^MyApp\S* is /.test(line) ? [["result", line]] : [];
  });
  // A command that was refused says nothing here, and the bars after Ctrl+C repeat those before it.
  return lines.filter(([kind], index) => {
    const [before] = lines[index - 1] ?? [];
    const [after] = lines[index + 1] ?? [];
    const isRefused = kind === "command" && after !== "result" && after !== "output";
    return !isRefused && !(kind === "output" && lines[index - 1]?.[1] === "^C" && before === "output");
  });
}

// Run as a program, not imported by a test.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = mkdtempSync(join(tmpdir(), "sf-image-store-first-day-"));
  try {
    const recording = (await recordDay(folder)).join("\n\n");
    writeFileSync(guide, withRecording(readFileSync(guide, "utf8"), recording));
    const excerpt = { comment: "Made by `pnpm record`, not by hand.", lines: excerptOf(recording) };
    writeFileSync(excerptFile, `${JSON.stringify(excerpt, undefined, 2)}\n`);
    console.log(recording);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
