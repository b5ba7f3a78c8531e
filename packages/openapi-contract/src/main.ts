#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { helpText } from "./command/help.js";
import { readProjects } from "./document/project.js";

const usage = `openapi-contract <command> [options]

  generate   generate types, an operation table and an OpenAPI document from a specification
  check      check examples and recorded traffic against a specification
  proxy      forward live traffic, check it against a specification, and record it
  diff       list the changes of a contract, and the version level that each requires
  overlay    apply OpenAPI Overlays to a document, or write the overlay that turns one document into another
  update     apply the changes of a new vendor document to the specification

Run "openapi-contract <command> --help" for the options of a command.`;

const [command = "--help", ...args] = process.argv.slice(2);
const projects = (file?: string) => readProjects(process.cwd(), file);
process.exitCode = await run();

async function run(): Promise<number> {
  // Only what a command needs is loaded: compilers and validators take their time.
  if (command === "generate") {
    return (await import("./command/generate.js")).generateCommand(args, projects);
  }
  if (command === "check") return (await import("./command/check.js")).checkCommand(args, projects, console);
  if (command === "proxy") return (await import("./command/proxy.js")).proxyCommand(args, projects, console);
  if (command === "diff") return (await import("./command/diff.js")).diffCommand(args, projects, console);
  if (command === "overlay") return (await import("./command/overlay.js")).overlayCommand(args, console);
  if (command === "update")
    return (await import("./command/update.js")).updateCommand(args, projects, console);
  if (command === "--version") {
    const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    console.log(manifest.version);
    return 0;
  }
  const isHelp = command === "--help" || command === "-h" || command === "help";
  if (isHelp) console.log(helpText(usage));
  else console.error(`Unknown command: ${command}\n\n${usage}`);
  return isHelp ? 0 : 2;
}
