#!/usr/bin/env node
import { readVersion } from "./version.js";

// Before anything is loaded: scripts ask for it often.
if (process.argv[2] === "--version" || process.argv[2] === "-V") {
  process.stdout.write(`${readVersion()}\n`);
} else {
  const { refusalOfNode, refuseNode } = await import("./node-version.js");
  const refusal = refusalOfNode(process.versions.node);
  if (refusal === undefined) {
    const { runProcess } = await import("./process.js");
    await runProcess();
  } else {
    refuseNode(refusal, process.argv);
  }
}
