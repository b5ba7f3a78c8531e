import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));
const compiler = join(packageFolder, "node_modules/typescript/bin/tsc");

const consumer = `
import { type Clock, type Emulator, type Fault, FaultError, parseFaults, startEmulator } from "./dist/packages/emulator/src/index.js";

const clock: Clock = { now: () => 0 };
const faults: Fault[] = [...parseFaults("[]"), { operation: "UploadFileChunk", nth: 2, do: "drop-after" }];
export async function use(): Promise<string> {
  await using emulator: Emulator = await startEmulator({
    clock,
    faults,
    platform: "linux",
    tls: { cert: "", key: new Uint8Array(), clientCa: "", clientCertificate: "late" },
    bearer: { tokens: ["a"], audience: "b" },
    onFault: ({ fault, matchNumber }) => console.log(fault.do, matchNumber),
    onRequest: ({ method, url, durationMs }) => console.log(method, url, durationMs),
  });
  const remove: () => void = emulator.addFault({ do: "throttle", bytesPerSecond: 1000 });
  emulator.advance(1000);
  await emulator.failover();
  remove();
  return emulator.endpoint + String(new FaultError("x"));
}
// @ts-expect-error A fault without its number of bytes.
export const broken: Fault = { do: "drop-in-body" };
`;

function compile(args: readonly string[], cwd: string): string {
  try {
    return execFileSync(process.execPath, [compiler, ...args], { cwd, encoding: "utf8" });
  } catch (error) {
    return error instanceof Error && "stdout" in error ? String(error.stdout) : String(error);
  }
}

describe("the published declarations", () => {
  it("compile in strict mode without the types of Node.js", async () => {
    const folder = scratchFolder();
    const sources = ["--customConditions", "@sf-image-store/source"];
    const output = ["--rootDir", "../..", "--outDir", join(folder, "dist"), "--emitDeclarationOnly"];
    expect(compile(["-p", "tsconfig.build.json", ...output, ...sources], packageFolder)).toBe("");
    mkdirSync(join(folder, "node_modules", "@sf-image-store"), { recursive: true });
    symlinkSync(
      join(packageFolder, "../types"),
      join(folder, "node_modules/@sf-image-store/types"),
      "junction",
    );
    writeFileSync(join(folder, "consumer.ts"), consumer);
    const options = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--skipLibCheck", "false"];
    const environment = ["--target", "es2022", "--lib", "es2022,dom", "--types", "", "--module", "esnext"];
    const resolution = ["--moduleResolution", "bundler", ...sources];
    expect(compile(["consumer.ts", ...options, ...environment, ...resolution], folder)).toBe("");
  });
});
