// Loaded with `--require` into a measured process: reports what the process used, on file descriptor 3.
import fs = require("node:fs");

process.on("exit", () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  fs.writeSync(3, JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 }));
});
