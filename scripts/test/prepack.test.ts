import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { read, root } from "./repository.js";

const workspaces: string[] = [];
const shell = process.platform === "win32";

afterEach(() => {
  for (const folder of workspaces.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A workspace with one package, which is packed like ours and not built. Returns the folder of the package. */
function unbuiltPackage(build: string): string {
  const workspace = mkdtempSync(join(tmpdir(), "sf-prepack-"));
  workspaces.push(workspace);
  const write = (path: string, content: string | object) => {
    const file = join(workspace, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  };
  const { packageManager } = JSON.parse(read("package.json"));
  write("package.json", { name: "workspace", private: true, packageManager });
  write("pnpm-workspace.yaml", "packages: [packages/*]\npmOnFail: ignore\n");
  write("pnpm-lock.yaml", "lockfileVersion: '9.0'\nimporters:\n  .: {}\n  packages/tiny: {}\n");
  write("turbo.json", { tasks: { build: { outputs: ["dist/**"] } } });
  write("packages/tiny/package.json", {
    ...{ name: "tiny", version: "1.0.0", type: "module", files: ["dist"] },
    exports: { ".": { default: "./dist/index.js" } },
    bin: { tiny: "./dist/main.js" },
    scripts: { build, prepack: "node ../../scripts/release/prepack.mjs" },
  });
  cpSync(join(root, "scripts/release/prepack.mjs"), join(workspace, "scripts/release/prepack.mjs"), {
    recursive: true,
  });
  mkdirSync(join(workspace, "node_modules"));
  symlinkSync(join(root, "node_modules/.bin"), join(workspace, "node_modules/.bin"), "junction");
  return join(workspace, "packages/tiny");
}

function pack(program: "pnpm" | "npm", folder: string) {
  const path = `${join(root, "node_modules/.bin")}${process.platform === "win32" ? ";" : ":"}${process.env["PATH"]}`;
  // Package managers keep what the one that runs the tests says about itself.
  const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const env = { ...Object.fromEntries(own), PATH: path, TURBO_TELEMETRY_DISABLED: "1" };
  const result = spawnSync(program, ["pack"], { cwd: folder, env, encoding: "utf8", shell });
  const tarball = join(folder, "tiny-1.0.0.tgz");
  return { status: result.status, output: result.stdout + result.stderr, tarball };
}

const write = (names: string) =>
  `node -e "fs.mkdirSync('dist'); for (const name of '${names}'.split(' ')) fs.writeFileSync('dist/' + name, '')"`;

describe("packing a package that is not built", () => {
  it("builds it first", () => {
    const { status, output, tarball } = pack("pnpm", unbuiltPackage(write("index.js main.js")));
    expect(output, output).toContain("tiny-1.0.0.tgz");
    expect(status).toBe(0);
    const { stdout } = spawnSync("tar", ["-tzf", tarball], { encoding: "utf8" });
    expect(stdout.trim().split(/\r?\n/).sort()).toEqual([
      "package/dist/index.js",
      "package/dist/main.js",
      "package/package.json",
    ]);
  });

  it("fails and packs nothing if the build does not create everything", () => {
    const { status, output, tarball } = pack("pnpm", unbuiltPackage(write("index.js")));
    expect(status, output).not.toBe(0);
    expect(output).toContain("Cannot pack tiny: the build did not create ./dist/main.js.");
    expect(existsSync(tarball)).toBe(false);
  });

  it("fails if the build fails", () => {
    const { status, output, tarball } = pack("pnpm", unbuiltPackage('node -e "process.exit(3)"'));
    expect(status, output).not.toBe(0);
    expect(existsSync(tarball)).toBe(false);
  });

  it("refuses npm, which keeps the references to the workspace", () => {
    const { status, output, tarball } = pack("npm", unbuiltPackage(write("index.js main.js")));
    expect(status, output).not.toBe(0);
    expect(output).toContain("Use pnpm pack.");
    expect(existsSync(tarball)).toBe(false);
  });
});
