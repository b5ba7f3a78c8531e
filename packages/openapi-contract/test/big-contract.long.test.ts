import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { sharedFolder } from "@sf-image-store/testing";
import { expect, it } from "vitest";
import { writeBigDocument } from "./big-document.js";

const root = resolve(import.meta.dirname, "../../..");
const folder = sharedFolder();

it("pnpm contract finds the one mistake among the examples of a document of 247 operations", async () => {
  const spec = writeBigDocument(folder);
  const place = join(folder, "examples/CreateThing7.json");
  // The first properties of the body are those of its own type, whichever that is.
  writeFileSync(place, readFileSync(place, "utf8").replace(/"Body\d+": \{/, '$& "NotDeclared": 1,'));
  const tsx = [join(root, "node_modules/tsx/dist/cli.mjs"), "-C", "@sf-image-store/source"];
  const command = [...tsx, join(root, "packages/contract-tests/src/main.ts"), spec];
  const output = await new Promise((done) => {
    const program = [...command, "--examples", join(folder, "examples")];
    execFile(process.execPath, program, { cwd: folder }, (_, stdout, stderr) => done(stdout + stderr));
  });
  expect(output).toMatch(
    /^examples\/CreateThing7\.json:\d+:\d+: error UNKNOWN_PROPERTY at #\/parameters\/Body\d+\/NotDeclared: expected no property of this name\n(\d+) examples of \1 of 247 operations: 1 error, 0 warnings\n$/,
  );
});
