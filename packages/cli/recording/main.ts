import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withRecording } from "./readme.js";
import { record } from "./record.js";

/** Records an upload, Ctrl+C and the upload after it, and puts what was to be seen into the README. */
const readme = fileURLToPath(new URL("../README.md", import.meta.url));
const recording = await record();
writeFileSync(readme, withRecording(readFileSync(readme, "utf8"), recording));
console.log(recording);
