import { writeBigDocument } from "../big-document.js";

/** Writes the big document into a folder, for the benchmarks, and prints its path. */
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("Give the folder to write to.");
console.log(writeBigDocument(folder));
