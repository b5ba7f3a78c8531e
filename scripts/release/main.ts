import { resolve } from "node:path";
import { runRelease } from "./run.js";

process.exitCode = await runRelease(process.argv.slice(2), resolve(import.meta.dirname, "../.."), console);
