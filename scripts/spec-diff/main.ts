import { resolve } from "node:path";
import { runSpecDiff } from "./run.js";

process.exitCode = await runSpecDiff(process.argv.slice(2), resolve(import.meta.dirname, "../.."), console);
