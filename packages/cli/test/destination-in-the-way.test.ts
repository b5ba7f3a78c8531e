import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { applicationPackage, sharedFolder } from "@sf-image-store/testing";
import { expect, it } from "vitest";
import { resultOf, storeForTest } from "./store-for-test.js";

const folder = sharedFolder();
const hello = join(folder, "hello.txt");
writeFileSync(hello, "hello");

async function store() {
  const made = await storeForTest();
  await made.put("MyApp/a.txt", 3);
  await made.put("data.bin", 4);
  return made;
}

it("rejects a file if a folder is in the way, and explains how to put the file into it", async () => {
  const { run, client } = await store();
  const refused = await run("upload", hello, "--to", "MyApp");
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toContain(
    "MyApp is a folder in the image store. To put the file into it, use --to MyApp/\n",
  );
  const planned = await run("upload", hello, "--to", "MyApp", "--dry-run", "--json");
  expect(resultOf(planned)).toMatchObject({ destination: { state: "blocked" }, files: [{ size: 5 }] });
  expect((await run("upload", hello, "--to", "MyApp", "--dry-run")).stdout).toContain(
    "The upload would fail: MyApp is a folder in the image store. To put the file into it, use --to MyApp/\n",
  );
  expect((await run("upload", hello, "--to", "MyApp/")).code).toBe(0);
  expect((await client.getContentPage({ storePath: "MyApp/hello.txt" })).files).toHaveLength(1);
});

it("rejects a package if a file is in the way, and anything below a file", async () => {
  const { run } = await store();
  const onFile = await run("upload", applicationPackage(), "--to", "data.bin");
  expect(onFile).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("data.bin is a file in the image store"),
  });
  const below = await run("upload", hello, "--to", "data.bin/deep/hello.txt");
  expect(below).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Use a path that is not below it"),
  });
});

it("copies a file into a folder if the path ends with a slash, and does not overwrite the folder", async () => {
  const { run, client } = await store();
  const refused = await run("cp", "data.bin", "MyApp");
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toContain(
    "MyApp is a folder in the image store. To put the file into it, use cp data.bin MyApp/",
  );
  expect(resultOf(await run("cp", "data.bin", "MyApp/", "--json"))).toMatchObject({
    destination: "MyApp/data.bin",
  });
  expect((await client.getContentPage({ storePath: "MyApp/data.bin" })).files).toHaveLength(1);
  expect(resultOf(await run("cp", "MyApp/a.txt", "/", "--json"))).toMatchObject({ destination: "a.txt" });
});
