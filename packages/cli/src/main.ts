#!/usr/bin/env node
import { refusalOfNode, refuseNode } from "./node-version.js";
import { readVersion } from "./version.js";

const refusal = refusalOfNode(process.versions.node);

// Before anything is loaded: scripts ask for it often.
if (process.argv[2] === "--version" || process.argv[2] === "-V") {
  process.stdout.write(`${readVersion()}\n`);
} else if (refusal !== undefined) {
  refuseNode(refusal, process.argv);
} else {
  const { runProcess } = await import("./process.js");
  await runProcess();
}
