// Walks through a directory and prints the error; not as root, to whom everything is readable.
import { walkDirectory } from "../../src/node/package-files.js";

const nobody = 65534;
const [directory = ""] = process.argv.slice(2);
if (process.getuid?.() === 0) {
  process.setgroups?.([nobody]);
  process.setgid?.(nobody);
  process.setuid?.(nobody);
}
console.log(
  await walkDirectory(directory).then(
    () => "no error",
    (error: unknown) => String(error),
  ),
);
