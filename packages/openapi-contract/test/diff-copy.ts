import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type ProcessResult, runTypeScript } from "@sf-image-store/testing";
import type { Output } from "../src/command/diff.js";
import { diffCommand } from "../src/command/diff.js";
import { keepContract } from "../src/diff/base.js";
import { type Projects, readProjects } from "../src/document/project.js";
import { program } from "./run.js";

const root = resolve(import.meta.dirname, "../../..");
const parts = ["package.json", "specs", "packages/types/package.json", "openapi-contract.json"];

/** A copy of what the commands about releases read and write, in which a test may change everything. */
export class ProjectCopy implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "sf-image-store-project-"));

  constructor() {
    // What is pending or released in the project itself is not what a test is about.
    const filter = (path: string) => !path.startsWith(join(root, "specs/released"));
    for (const part of parts) cpSync(join(root, part), join(this.folder, part), { recursive: true, filter });
    mkdirSync(join(this.folder, ".changeset"));
    // Most tests are about a project with one document.
    const { documents, ...shared } = JSON.parse(this.read("openapi-contract.json"));
    this.write("openapi-contract.json", JSON.stringify({ ...shared, ...documents["image-store"] }));
    this.setVersion("0.0.0");
  }

  /** Replaces one text of a file by another; a text that is not there is a mistake of the test. */
  edit(path: string, old: string, next: string): void {
    const text = this.read(path);
    if (!text.includes(old)) throw new Error(`${path} does not hold: ${old}`);
    this.write(
      path,
      text.replace(old, () => next),
    );
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  /** The project as its file describes it now. */
  get projects(): Projects {
    return readProjects(this.folder);
  }

  /** Runs the command as its own process, in the folder of the copy. */
  run(...args: string[]): Promise<ProcessResult> {
    return runTypeScript(program, ["diff", ...args], { cwd: this.folder });
  }

  /** Runs the command on the copy without a process of its own, which would take most of the time. */
  specDiff(...args: string[]): Promise<Told> {
    return told((output) => diffCommand(args, () => this.projects, output));
  }

  /** Makes the contract that the copy holds a released one. */
  async releaseContract(version: string): Promise<void> {
    this.setVersion(version);
    for (const project of this.projects) await keepContract(project);
  }

  /** The version of the types package; as long as it is 0.0.0 or ends in -dev, nothing counts as released. */
  setVersion(version: string): void {
    const file = "packages/types/package.json";
    this.write(file, this.read(file).replace(/"version": ".*"/, `"version": "${version}"`));
  }

  /** Commits everything below specs. Needs no configuration of git and uses none. */
  commit(): void {
    const settings = ["user.name=Test", "user.email=test@example.invalid", "commit.gpgsign=false"];
    const git = (...args: string[]) =>
      execFileSync("git", [...settings.flatMap((each) => ["-c", each]), ...args], { cwd: this.folder });
    git("init", "--quiet");
    git("add", "specs");
    git("commit", "--quiet", "--message", "The specification");
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Told {
  readonly code: number;
  /** What was written to either stream, in its order. */
  readonly output: string;
}

async function told(run: (output: Output) => Promise<number>): Promise<Told> {
  const lines: string[] = [];
  const code = await run({
    log: (text) => lines.push(`${text}\n`),
    error: (what) => lines.push(`${String(what)}\n`),
  });
  return { code, output: lines.join("") };
}

export const spec = "specs/image-store.swagger.yaml";
export const overlay = "specs/image-store.overlay.yaml";
