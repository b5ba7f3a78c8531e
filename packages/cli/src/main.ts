#!/usr/bin/env node
import { readFileSync } from "node:fs";
import nodeModule from "node:module";
import { reportUnsupportedNode, unsupportedNodeMessage } from "./node-version.js";

/** The version of this package. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}

// Handled before loading the program, because scripts call it often.
if (process.argv[2] === "--version" || process.argv[2] === "-V") {
  process.stdout.write(`${readVersion()}\n`);
} else {
  // Loading the program takes longer than a quick Ctrl+C. A second one ends the process at once.
  const earlySignals: NodeJS.Signals[] = [];
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.once(signal, (name: NodeJS.Signals) => void earlySignals.push(name));
  }
  // Node.js 22 and later cache compiled code between runs.
  if ("enableCompileCache" in nodeModule && typeof nodeModule.enableCompileCache === "function") {
    nodeModule.enableCompileCache();
  }
  const unsupported = unsupportedNodeMessage(process.versions.node);
  if (unsupported === undefined) {
    const { runProcess } = await import("./process.js");
    await runProcess(earlySignals);
  } else {
    reportUnsupportedNode(unsupported, process.argv);
  }
}
