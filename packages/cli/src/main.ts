#!/usr/bin/env node
import { readVersion } from "./version.js";

// Before anything is loaded: scripts ask for it often.
if (process.argv[2] === "--version" || process.argv[2] === "-V") {
  process.stdout.write(`${readVersion()}\n`);
} else {
  const { runProcess } = await import("./process.js");
  await runProcess();
}
