import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { Option } from "commander";
import type { OutputChoice } from "../output/output.js";

/** Adds what every command takes: how much it says, and for whom. */
export function addOutputOptions(command: CommandUnknownOpts): void {
  const options = [
    new Option("--json", "one JSON document as the result, JSON lines for all else"),
    new Option("-q, --quiet", "only results and errors"),
    new Option("-v, --verbose", "say more").conflicts("quiet"),
    new Option("--debug", "also every request, without secrets").conflicts("quiet"),
    new Option("--no-color", "no colours (or NO_COLOR)"),
  ];
  for (const option of options) command.addOption(option.helpGroup("Output:"));
}

export function outputChoice(command: CommandUnknownOpts): OutputChoice {
  const isGiven = (name: string): boolean => command.getOptionValue(name) === true;
  // A command with options of its own, such as the emulator, may mean something else by --quiet.
  if (!command.options.some(({ short }) => short === "-q"))
    return { json: isGiven("json"), level: "normal", color: true };
  const level = isGiven("quiet")
    ? "quiet"
    : isGiven("debug")
      ? "debug"
      : isGiven("verbose")
        ? "verbose"
        : "normal";
  return { json: isGiven("json"), level, color: command.getOptionValue("color") !== false };
}
