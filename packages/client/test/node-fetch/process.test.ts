import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { certify, sha1 } from "@sf-image-store/testing/certificates";
import { describe, expect, it } from "vitest";
import { echo, httpServer, httpsServer } from "./servers.js";

const program = fileURLToPath(new URL("fetch-once.ts", import.meta.url));
const tsx = import.meta.resolve("tsx");

/** Runs a program that fetches once and does nothing to end itself. */
async function run(url: string, thumbprint: string): Promise<string> {
  const args = ["--conditions=@sf-image-store/source", `--import=${tsx}`, program, url, thumbprint];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (data) => {
    text += data;
  });
  await new Promise((resolve) => child.on("close", resolve));
  return text;
}

describe("a process", () => {
  it("exits although connections are kept open", async () => {
    const certified = certify("cluster");
    for (const { url } of [await httpServer(echo), await httpsServer(certified, echo)]) {
      expect(await run(url, sha1(certified))).toBe("200\n");
    }
  });
});
