import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const usage = `pnpm corpus DIR [--json FILE] [--seconds N] [--package] [--match TEXT] [--list]

Generates types for every Swagger 2.0 and OpenAPI 3 document below DIR, each in a process of its own, compiles them under strict,
and prints what became of them for each maker: the first folder below DIR. openapi-typescript gets the documents of version 3, too.

  --json FILE    writes every result with its reason
  --seconds N    the time limit for one document (default: 60)
  --minutes N    stops after so many minutes and reports on what it has seen: a sample, since the order is by digest
  --alone        leaves openapi-typescript out, which takes most of the time
  --package      generates packages with --out instead of modules with --types
  --match TEXT   only documents whose path contains TEXT
  --list         prints every document that was refused, crashed or does not compile

Exit code: 0 no crash and nothing that does not compile, 1 something of the kind, 2 there is no document.`;

type Outcome = "generated" | "refused" | "crashed" | "does not compile";
interface Result {
  readonly outcome: Outcome;
  readonly reason?: string;
}
interface Entry {
  readonly file: string;
  readonly maker: string;
  readonly version: string;
  readonly digest: string;
  ours?: Result;
  theirs?: Result;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "string" },
    seconds: { type: "string", default: "60" },
    minutes: { type: "string", default: "Infinity" },
    alone: { type: "boolean", default: false },
    package: { type: "boolean", default: false },
    match: { type: "string", default: "" },
    list: { type: "boolean", default: false },
  },
});
const [folder] = positionals;
if (folder === undefined) {
  console.error(usage);
  process.exit(2);
}
const root = resolve(folder);
const limit = Number(values.seconds) * 1000;
const program = (specifier: string) => fileURLToPath(import.meta.resolve(specifier));
const command = join(import.meta.dirname, "../dist/main.js");
const other = join(program("openapi-typescript/package.json"), "../bin/cli.js");
const compiler = join(import.meta.dirname, "../../../node_modules/typescript/bin/tsc");

const entries = documentsBelow(root).sort((one, other) => (one.digest < other.digest ? -1 : 1));
if (entries.length === 0) {
  console.error(`${folder} holds no Swagger or OpenAPI document`);
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), "openapi-contract-corpus-"));
try {
  await generateAll();
  await compileAll("ours");
  await compileAll("theirs");
} finally {
  rmSync(work, { recursive: true, force: true });
}
report();

/** Every document once, whatever its name: makers copy from each other. */
function documentsBelow(place: string): Entry[] {
  const seen = new Set<string>();
  const files = readdirSync(place, { recursive: true, encoding: "utf8" }).sort();
  return files.flatMap((name): Entry[] => {
    if (
      !/\.(?:json|ya?ml)$/.test(name) ||
      name.includes(`node_modules${sep}`) ||
      !name.includes(values.match)
    )
      return [];
    const file = join(place, name);
    if (!statSync(file).isFile()) return [];
    const text = readFileSync(file, "utf8");
    const version = versionOf(text, name.endsWith(".json"));
    const digest = createHash("sha1").update(text).digest("hex");
    if (version === undefined || seen.has(digest)) return [];
    seen.add(digest);
    return [{ file, maker: name.split(sep, 1)[0] ?? name, version, digest }];
  });
}

function versionOf(text: string, isJson: boolean): string | undefined {
  if (!isJson) return /^["']?(?:swagger|openapi)["']?\s*:\s*["']?(\d[\w.-]*)/m.exec(text)?.[1];
  if (!/"(?:swagger|openapi)"/.test(text)) return undefined;
  try {
    const { swagger, openapi } = JSON.parse(text);
    return swagger === undefined && openapi === undefined ? undefined : String(swagger ?? openapi);
  } catch {
    // What cannot be read is refused, if it claims to be one at its root.
    return /^\s*\{\s*"(?:swagger|openapi)"\s*:\s*"([\d.]+)"/.exec(text)?.[1];
  }
}

async function generateAll(): Promise<void> {
  const waiting = [...entries.entries()];
  const end = Date.now() + Number(values.minutes) * 60_000;
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined && Date.now() < end; next = waiting.shift()) {
      const [index, entry] = next;
      const target = values.package
        ? ["--out", join(work, `ours-${index}`)]
        : ["--types", join(work, `ours-${index}.ts`)];
      entry.ours = await outcomeOf([command, "generate", entry.file, ...target]);
      if (entry.version.startsWith("3") && !values.alone)
        entry.theirs = await outcomeOf([other, entry.file, "-o", join(work, `theirs-${index}.ts`)]);
      if (process.stderr.isTTY)
        process.stderr.write(`\r${entries.length - waiting.length} of ${entries.length}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  entries.splice(0, entries.length, ...entries.filter(({ ours }) => ours !== undefined));
}

function outcomeOf(args: readonly string[]): Promise<Result> {
  return new Promise((done) => {
    const options = {
      cwd: work,
      timeout: limit,
      killSignal: "SIGKILL",
      maxBuffer: 64 * 1024 * 1024,
    } as const;
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (error === null) return done({ outcome: "generated" });
      if (error.killed) return done({ outcome: "crashed", reason: `took more than ${values.seconds} s` });
      const isTrace = /^ +at .+:\d+:\d+\)?$/m.test(stderr);
      const lines = `${stderr}\n${stdout}`
        .split("\n")
        .filter((line) => !/^\s*$|^warning: |^ *at /.test(line));
      const isOurs = args[0] === command;
      done({
        outcome: isTrace && isOurs ? "crashed" : "refused",
        reason: lines.slice(0, 2).join(" ").slice(0, 300),
      });
    });
  });
}

/** Compiles what was generated, many modules at once: the compiler's start takes longer than a module. */
async function compileAll(who: "ours" | "theirs"): Promise<void> {
  const made = entries.flatMap((entry, index) =>
    entry[who]?.outcome === "generated" ? [{ entry, index }] : [],
  );
  for (let start = 0; start < made.length; start += 40) {
    const some = made.slice(start, start + 40);
    const isPackage = values.package && who === "ours";
    const names = some.map(({ index }) => `${who}-${index}${isPackage ? "/src/*.ts" : ".ts"}`);
    for (const [path, reason] of await complaints(names)) {
      const found = some.find(({ index }) => path === `${who}-${index}`);
      if (found !== undefined) found.entry[who] = { outcome: "does not compile", reason };
    }
  }
}

/** The first complaint of the compiler about each module or package. */
async function complaints(names: readonly string[]): Promise<Map<string, string>> {
  const project = join(work, "tsconfig.json");
  const paths = { "openapi-fetch": [join(program("openapi-fetch"), "../index.d.mts")] };
  const options = {
    strict: true,
    noEmit: true,
    target: "es2022",
    module: "nodenext",
    lib: ["es2023", "dom"],
    types: [],
  };
  const compilerOptions = { ...options, moduleDetection: "force", skipLibCheck: true, paths };
  writeFileSync(project, JSON.stringify({ compilerOptions, include: names }));
  const output = await new Promise<string>((done) => {
    const args = ["--max-old-space-size=8192", compiler, "-p", project];
    execFile(process.execPath, args, { cwd: work, maxBuffer: 256 * 1024 * 1024 }, (_, stdout) =>
      done(stdout),
    );
  });
  const found = new Map<string, string>();
  for (const line of output.split("\n")) {
    const [, path, reason] = /^((?:ours|theirs)-\d+)[^(]*\(\d+,\d+\): (.*)$/.exec(line) ?? [];
    if (path !== undefined && reason !== undefined && !found.has(path)) found.set(path, reason);
  }
  return found;
}

function report(): void {
  const makers = [...new Set(entries.map(({ maker }) => maker))].sort();
  const header = ["maker", "documents", "generated", "refused", "crashed", "does not compile"];
  const theirs = ["3.x", "openapi-typescript", "does not compile", "of those, ours"];
  const rows = [...makers, "all"].map((maker) => {
    const own = maker === "all" ? entries : entries.filter((entry) => entry.maker === maker);
    const count = (who: "ours" | "theirs", outcome: Outcome) =>
      own.filter((entry) => entry[who]?.outcome === outcome).length;
    const modern = own.filter((entry) => entry.theirs !== undefined);
    const accepted = modern.filter(({ theirs: result }) => result?.outcome !== "refused");
    const both = accepted.filter(({ ours }) => ours?.outcome === "generated").length;
    return [
      maker,
      own.length,
      ...(["generated", "refused", "crashed", "does not compile"] as const).map((each) =>
        count("ours", each),
      ),
      modern.length,
      accepted.length,
      count("theirs", "does not compile"),
      both,
    ].map(String);
  });
  const table = [[...header, ...theirs], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of table)
    console.log(
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  const old = entries.filter(({ version }) => version.startsWith("2"));
  console.log(
    `\nSwagger 2.0: ${old.filter(({ ours }) => ours?.outcome === "generated").length} of ${old.length} generated`,
  );
  const reasons = new Map<string, number>();
  for (const { ours } of entries) {
    if (ours?.reason === undefined) continue;
    const kind = `${ours.outcome}: ${kindOf(ours.reason)}`;
    reasons.set(kind, (reasons.get(kind) ?? 0) + 1);
  }
  for (const [kind, count] of [...reasons].sort(([, one], [, two]) => two - one))
    console.log(`${String(count).padStart(5)}  ${kind}`);
  if (values.list) {
    for (const { file, ours } of entries)
      if (ours?.reason !== undefined) console.log(`${relative(root, file)}: ${ours.outcome}: ${ours.reason}`);
  }
  if (values.json !== undefined) {
    const named = entries
      .map((entry) => ({ ...entry, file: relative(root, entry.file) }))
      .sort((one, other) => (one.file < other.file ? -1 : 1));
    writeFileSync(values.json, `${JSON.stringify(named, null, 2)}\n`);
  }
  const isBad = entries.some(
    ({ ours }) => ours?.outcome === "crashed" || ours?.outcome === "does not compile",
  );
  process.exitCode = isBad ? 1 : 0;
}

/** A reason without the names of its document. */
function kindOf(reason: string): string {
  return reason
    .replace(/^\S*?(?:#\S*|:\d+(?::\d+)?):? /, "")
    .replaceAll(/#\/\S+|"[^"]*"|'[^']*'|\{[^}]*\}|\/\S+|\d+/g, "…")
    .slice(0, 110);
}
