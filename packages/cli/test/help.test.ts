import { PassThrough } from "node:stream";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { describe, expect, it } from "vitest";
import { createProgram, leavesOf } from "../src/program.js";

const program = await createProgram(undefined, async () => {});
const leaves = program
  .createHelp()
  .visibleCommands(program)
  .flatMap(leavesOf)
  .filter((command) => command.name() !== "help")
  .map((command) => ({ name: fullName(command), command }));

function fullName(command: CommandUnknownOpts): string {
  return command.parent?.parent ? `${command.parent.name()} ${command.name()}` : command.name();
}

function helpOf(command: CommandUnknownOpts): string {
  let text = "";
  command.configureOutput({ writeOut: (piece) => (text += piece) });
  command.outputHelp();
  return text;
}

describe.each(leaves)("the help of $name", ({ name, command }) => {
  const examples = [...helpOf(command).matchAll(/^ {2}\$ sf-image-store (.+)$/gm)].map(
    ([, line = ""]) => line,
  );

  it("has an example, and every example is valid", async () => {
    expect(examples).not.toEqual([]);
    for (const example of examples) {
      const performed: string[] = [];
      const fresh = await createProgram(undefined, async (run) => void performed.push(fullName(run)));
      await fresh.parseAsync(example.split(" "), { from: "user" });
      expect(performed, example).toEqual([name]);
    }
  });

  it("describes every argument and option", () => {
    for (const { description } of [...command.registeredArguments, ...command.options]) {
      expect(description).not.toBe("");
    }
  });
});

describe("the width of the help", () => {
  /** The lines of the help of every command. Examples are left out: a wrapped command cannot be copied. */
  const linesAt = async (columns: number | undefined) => {
    let text = "";
    const stream = Object.assign(new PassThrough(), columns === undefined ? {} : { columns });
    stream.on("data", (piece: Buffer) => {
      text += piece.toString("utf8");
    });
    const fresh = await createProgram(undefined, async () => {}, { stdout: stream, stderr: stream });
    const groups = fresh.commands.filter(({ commands }) => commands.length > 0);
    for (const command of [fresh, ...groups, ...fresh.commands.flatMap(leavesOf)]) command.outputHelp();
    return text.split("\n").filter((line) => !line.startsWith("  $ "));
  };
  const words = (lines: readonly string[]) => lines.join(" ").split(/\s+/);

  it.each([
    [40, 40],
    [60, 60],
    [80, 80],
    [132, 132],
    [10, 40],
    [undefined, 80],
  ])("on a terminal with %s columns is at most %s", async (columns, width) => {
    const lines = await linesAt(columns);
    expect(lines.filter((line) => line.length > width)).toEqual([]);
    // Uses the width, and loses no word.
    expect(Math.max(...lines.map((line) => line.length))).toBeGreaterThan(width - 6);
    expect(words(lines)).toEqual(words(await linesAt(400)));
  });

  it("has room for descriptions beside or below their options", async () => {
    const wide = (await linesAt(80)).join("\n");
    expect(wide).toContain(`
  --dry-run                         show what would be uploaded and change
                                    nothing;`);
    const narrow = (await linesAt(40)).join("\n");
    expect(narrow).toContain("\n  --dry-run\n      show what would be uploaded and\n      change nothing;");
  });
});
