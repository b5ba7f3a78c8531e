import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { sharedFolder, typeScriptProgram } from "@sf-image-store/testing";
import { createProgram, moveGlobalOptions } from "sf-image-store/reference";
import { describe, expect, it } from "vitest";
import { readAllCommandLines, splitCommands } from "../src/code-blocks/code-blocks.js";

const root = resolve(import.meta.dirname, "../../..");
const lines = readAllCommandLines(root);
const manifest: { scripts: Readonly<Record<string, string>>; packageManager: string } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);
const folder = sharedFolder();

/** Other programs that the guides use. */
const foreign = [
  "az login",
  "curl --data",
  "install -m",
  "printf %s",
  "sed -i",
  "rm -f",
  "source",
  "git clone",
  "cd sf-image-store",
  "Out-String",
  "Invoke-Expression",
];
const ofNpm = ["npm install", "npm publish", "npm start", "npm test"];
const ofPnpm = ["install", "pack"];
const contractCommands = ["generate", "check", "proxy", "diff", "update"];

/** Why a command is wrong, or undefined. Commands of `sf-image-store` are parsed below. */
function fault([program = "", first = "", ...rest]: readonly string[]): string | undefined {
  const start = `${program} ${first}`.trim();
  if (program === "sf-image-store" || start === "npx sf-image-store-emulator") return undefined;
  if (start === "npx openapi-contract") {
    return contractCommands.includes(rest[0] ?? "")
      ? undefined
      : `openapi-contract has no command ${rest[0]}`;
  }
  if (start === "npm run") return faultOfPnpm([manifest.packageManager, ...rest]);
  if (program === "npx") return faultOfPnpm([first, ...rest].filter((word) => word !== "--yes"));
  if (program === "pnpm") return faultOfPnpm([manifest.packageManager, first, ...rest]);
  return [...foreign, ...ofNpm].includes(start) ? undefined : "unknown command";
}

/** Checks a script of the workspace or an installed program. */
function faultOfPnpm([pnpm = "", ...words]: readonly string[]): string | undefined {
  const [name = ""] = words.filter((word) => word !== "exec" && word !== "run");
  if (pnpm !== manifest.packageManager) return `not ${manifest.packageManager}`;
  if (ofPnpm.includes(name) || Object.hasOwn(manifest.scripts, name)) return undefined;
  return existsSync(join(root, "node_modules/.bin", name)) ? undefined : `There is no script ${name}.`;
}

describe("the commands in the documentation", () => {
  it("are many", () => {
    expect(lines.length).toBeGreaterThan(40);
  });

  it("exist", () => {
    const wrong = lines.map(({ place, words }) => [place, words.join(" "), fault(words)] as const);
    expect(wrong.filter(([, , reason]) => reason !== undefined)).toEqual([]);
  });

  const ofCommandLine = lines.filter(({ words: [program] }) => program === "sf-image-store");
  // A text may abbreviate a command, as in `sf-image-store emulator …`.
  const complete = ofCommandLine.filter(({ words }) => !words.includes("…"));

  it("include many of sf-image-store", () => {
    expect(complete.length).toBeGreaterThan(40);
  });

  it.each(complete.map(({ place, words }) => ({ place, line: words.join(" "), words })))(
    "are parsed by sf-image-store: $line ($place)",
    async ({ words }) => {
      let isPerformed = false;
      const program = await createProgram(undefined, async () => {
        isPerformed = true;
      });
      await program.parseAsync([...moveGlobalOptions(words.slice(1))], { from: "user" });
      expect(isPerformed).toBe(true);
    },
  );

  const emulators = lines.filter(({ words }) => words[1] === "sf-image-store-emulator");
  it.each(emulators)("start the emulator: $words", async ({ words }) => {
    expect(await firstLine(words.slice(2))).toContain("endpoint");
  });
});

/** Starts the emulator with these options on a free port, until it prints its endpoint. */
async function firstLine(options: readonly string[]): Promise<string> {
  const given = options.includes("--port") ? replaced(options) : [...options, "--port", "0"];
  const program = typeScriptProgram("packages/emulator/src/main.ts");
  const child = spawn(process.execPath, [...program, ...given], { cwd: folder });
  let output = "";
  return new Promise((done) => {
    const collect = (chunk: Buffer) => {
      output += chunk;
      if (output.includes("Stop with")) child.kill();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("close", () => done(output));
  });
}

function replaced(options: readonly string[]): readonly string[] {
  return options.map((word, index) => (options[index - 1] === "--port" ? "0" : word));
}

describe("a script is split", () => {
  it.each([
    ["a 'b c' \"d e\"", [["a", "b c", "d e"]]],
    ["a --x=1 # why", [["a", "--x=1"]]],
    ["a > file", [["a"]]],
    [`a \${{ x }} b`, [["a", `\${{ x }}`, "b"]]],
    ["a && b | c; d", [["a"], ["b"], ["c"], ["d"]]],
    ["a\n\nb", [["a"], ["b"]]],
    ["a \\\n  --x", [["a", "--x"]]],
    ["source <(a b)", [["source"], ["a", "b"]]],
    ['a "x_$(y.z)" $(y.z)', [["a", "x_$(y.z)", "$(y.z)"]]],
    ["", []],
  ])("%j", (script, commands) => {
    expect(splitCommands(script)).toEqual(commands);
  });
});
