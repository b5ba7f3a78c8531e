export { type OptionRow, optionTable } from "./option-table.js";
export { type CommandLine, parseCommandLine, type RunCommand, UsageError } from "./options.js";
export { type CommandHost, runEmulator, StartError } from "./run.js";
