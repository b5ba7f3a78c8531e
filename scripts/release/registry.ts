import { execFileSync, fork } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The newest Verdaccio for Node 20. It is installed only for the rehearsal: 330 packages and 58 MB, which contributors should not have
 * to download. The override replaces a distribution tag that not every registry has.
 */
const manifest = {
  private: true,
  dependencies: { verdaccio: "6.8.0" },
  overrides: { "node-fetch": "2.7.0" },
};

/** Listens on the loopback address only, and ends when its parent does. */
const program = `
process.on("disconnect", () => process.exit());
process.on("unhandledRejection", (error) => { console.error(error); process.exit(1); });
require("verdaccio").runServer(JSON.parse(process.argv[2])).then((server) => {
  server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
});
`;

export interface Registry {
  /** Its URL, such as `http://127.0.0.1:4873/`. */
  readonly url: string;
  /** A configuration file of npm that selects it, and may publish. */
  readonly npmrc: string;
  close(): void;
}

/**
 * Starts a registry on a free port of this machine.
 * @param folder An empty folder for its program and packages.
 * @param ours Packages that come only from this registry. All others come from the registry that npm is configured with.
 */
export async function startRegistry(folder: string, ours: readonly string[]): Promise<Registry> {
  const npm = (...args: string[]) =>
    execFileSync("npm", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "start.cjs"), program);
  npm("install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts");
  const own = ours.map((name) => [name, { access: "$all", publish: "$all" }]);
  const config = {
    storage: join(folder, "storage"),
    self_path: folder,
    configPath: join(folder, "config.yaml"),
    auth: { htpasswd: { file: join(folder, "htpasswd") } },
    uplinks: { configured: { url: npm("config", "get", "registry").trim(), timeout: "60s" } },
    packages: { ...Object.fromEntries(own), "**": { access: "$all", proxy: "configured" } },
    max_body_size: "50mb",
    web: { enable: false },
    log: { type: "file", path: join(folder, "registry.log"), level: "http" },
  };
  const child = fork(join(folder, "start.cjs"), [JSON.stringify(config)], { cwd: folder, stdio: "inherit" });
  const port = await new Promise<number>((done, fail) => {
    child.once("message", (message) => {
      if (typeof message === "object" && message !== null && "port" in message) done(Number(message.port));
    });
    child.once("exit", (code) => fail(new Error(`The registry ended with exit code ${code}.`)));
  });
  const npmrc = join(folder, "npmrc");
  const address = `127.0.0.1:${port}/`;
  // npm publishes only with a token; this registry accepts any.
  writeFileSync(npmrc, `registry=http://${address}\n//${address}:_authToken=rehearsal\n`);
  return { url: `http://${address}`, npmrc, close: () => child.disconnect() };
}
