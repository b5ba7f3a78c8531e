import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { exampleFiles } from "@sf-image-store/testing/example-files";
import { type PublishedPackage, typeScriptBlocks } from "@sf-image-store/testing/packages";
import typescript from "typescript";

/** A new user: an environment without settings, and a folder of their own. */
export interface User {
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
  readonly published: readonly PublishedPackage[];
}

/** Runs a script in bash as GitHub does. Returns its output. */
export function shell(script: string, cwd: string, env: NodeJS.ProcessEnv): string {
  const args = ["-eo", "pipefail", "-c", script];
  const { status, stdout, stderr } = spawnSync("bash", args, { cwd, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${script.trim()}\nended with exit code ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/**
 * Runs the examples of a package with an emulator of their own, from the globally installed command line.
 * @param readme Another README than the one in the package.
 */
export async function readmeExamples(user: User, each: PublishedPackage, readme?: string): Promise<void> {
  const { endpoint, stop } = await startServer("sf-image-store emulator --port 0", user.folder, user.env);
  try {
    await examplesAt(endpoint, user, each, readme);
  } finally {
    await stop();
  }
}

/** Installs a package in an empty folder, checks its commands, and runs the programs and commands in its README. */
async function examplesAt(endpoint: string, user: User, each: PublishedPackage, own?: string): Promise<void> {
  const folder = join(user.folder, own === undefined ? each.name : "project");
  for (const [path, content] of Object.entries({
    "package.json": '{ "type": "module" }',
    ...exampleFiles(),
  })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const env = { ...user.env, SF_ENDPOINT: endpoint };
  const run = (command: string) => shell(command, folder, env);

  for (const name of Object.keys(each.bin)) {
    const version = run(`npx --yes --package=${each.name} -- ${name} --version`).trim();
    if (version !== each.version)
      throw new Error(`${name} --version printed ${version}, not ${each.version}.`);
  }
  run(`npm install ${each.name}`);
  const readme = own ?? join(folder, "node_modules", each.name, "README.md");
  const text = readFileSync(readme, "utf8");
  if (/not on npm|until the first release/i.test(text))
    throw new Error(`${each.name}: the README denies the release.`);

  const programs = typeScriptBlocks(readme).filter((program) => !/^declare /m.test(program));
  const imported = programs.flatMap((program) => [...program.matchAll(/from "((?:@[\w-]+\/)?[\w-]+)/g)]);
  const others = new Set(imported.flatMap(([, name = ""]) => (name === "node" ? [] : [name])));
  if (others.size > 0) run(`npm install ${[...others].join(" ")}`);
  run("sf-image-store upload MyApp --to MyApp_1.0 && sf-image-store upload MyApp");
  for (const [index, program] of programs.entries()) {
    const code = program.replaceAll("http://localhost:19080", endpoint);
    if (others.has("vitest") && code.includes('from "vitest"')) {
      writeFileSync(join(folder, `example-${index}.test.ts`), code);
      run(`npx vitest run example-${index}`);
    } else {
      writeFileSync(join(folder, `example-${index}.js`), asJavaScript(code));
      run(`node example-${index}.js`);
    }
  }
  const { done, skipped } = await runCommands(
    text.replaceAll("http://localhost:19080", endpoint),
    folder,
    env,
    run,
  );
  const counts = `${programs.length} programs and ${done} commands of the README`;
  console.log(
    `  ${own === undefined ? each.name : "the project's README"}: installed, ran ${counts}${skipped.map((line) => `\n    not run: ${line}`).join("")}`,
  );
}

/** The resource declarations of newer JavaScript become calls that Node 20 knows. */
function asJavaScript(program: string): string {
  const { ES2022, ESNext } = { ...typescript.ScriptTarget, ESNext: typescript.ModuleKind.ESNext };
  return typescript.transpileModule(program, { compilerOptions: { target: ES2022, module: ESNext } })
    .outputText;
}

/** Runs the shell commands of a README, except for those that need a real cluster or this repository. */
async function runCommands(
  markdown: string,
  folder: string,
  env: NodeJS.ProcessEnv,
  run: (command: string) => string,
): Promise<{ done: number; skipped: readonly string[] }> {
  const lines = [...markdown.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = ""]) =>
    block.split("\n"),
  );
  const commands = lines.filter((line) => line !== "");
  const skipped: string[] = [];
  for (const command of commands) {
    if (/\.example\b|--profile prod|^(git|cd|npm (start|test|run)) /.test(`${command} `))
      skipped.push(command);
    else if (/^npx \S*emulator\b|^sf-image-store emulator|openapi-contract proxy/.test(command)) {
      rmSync(join(folder, "recorded.har"), { force: true });
      const onAnyPort = command.includes("proxy") ? command : `${command.replace(/--port \d+/, "")} --port 0`;
      await (await startServer(onAnyPort, folder, env)).stop();
    } else run(command);
  }
  return { done: commands.length - skipped.length, skipped };
}

/** Starts a command that runs until Ctrl+C, and waits until it prints its address. */
function startServer(command: string, cwd: string, env: NodeJS.ProcessEnv) {
  // A group of its own, as in a terminal: Ctrl+C reaches npx and what it started.
  const child = spawn("bash", ["-c", command], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ended = new Promise<number>((done) => {
    // npx ends by the signal itself, which a shell reports as 130.
    child.once("close", (code, signal) => done(code ?? (signal === "SIGINT" ? 130 : -1)));
  });
  const stop = async () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGINT");
    const code = await ended;
    if (code !== 0 && code !== 130) throw new Error(`${command} ended with exit code ${code}:\n${output}`);
  };
  return new Promise<{ endpoint: string; stop: () => Promise<void> }>((done, fail) => {
    const collect = (chunk: Buffer) => {
      output += chunk;
      const [endpoint] = /http:\/\/(127\.0\.0\.1|localhost):\d+/.exec(output) ?? [];
      if (endpoint !== undefined) done({ endpoint, stop });
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    void ended.then((code) => fail(new Error(`${command} ended with exit code ${code}:\n${output}`)));
  });
}
