#!/usr/bin/env node
import { readFileSync } from "node:fs";
import nodeModule from "node:module";

/** The version of this package. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}

// Before anything is loaded: scripts ask for it often.
if (process.argv[2] === "--version" || process.argv[2] === "-V") {
  process.stdout.write(`${readVersion()}\n`);
} else {
  // Node.js 22 and newer keep compiled code between starts.
  if ("enableCompileCache" in nodeModule && typeof nodeModule.enableCompileCache === "function") {
    nodeModule.enableCompileCache();
  }
  const { refusalOfNode, refuseNode } = await import("./node-version.js");
  const refusal = refusalOfNode(process.versions.node);
  if (refusal === undefined) {
    const { runProcess } = await import("./process.js");
    await runProcess();
  } else {
    refuseNode(refusal, process.argv);
  }
}
