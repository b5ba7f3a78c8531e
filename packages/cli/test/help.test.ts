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
