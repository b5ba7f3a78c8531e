import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { applicationPackage, sharedFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
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
  // Without quotation marks, the command would delete two other paths.
  expect((await run("cp", "data.bin", "My App")).code).toBe(0);
  expect((await run("upload", applicationPackage(), "--to", "My App")).stderr).toMatch(
    /sf-image-store rm (--endpoint \S+ )?(['"])My App\2\n/,
  );
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
  expect((await run("cp", "data.bin", "My App/data.bin")).code).toBe(0);
  expect((await run("cp", "data.bin", "My App")).stderr).toMatch(/ use cp data\.bin (['"])My App\/\1\n/);
  expect((await client.getContentPage({ storePath: "MyApp/data.bin" })).files).toHaveLength(1);
  expect(resultOf(await run("cp", "MyApp/a.txt", "/", "--json"))).toMatchObject({ destination: "a.txt" });
});

describe.each(["cp", "mv"])("%s of a package", (command) => {
  it("to a path that ends with a slash puts it into the folder, whether the folder exists or not", async () => {
    const made = await store();
    await made.run("upload", applicationPackage(), "--to", "Shop");
    for (const [target, destination] of [
      ["MyApp/", "MyApp/Shop"],
      ["New/Deep/", "New/Deep/Shop"],
    ] as const) {
      expect(resultOf(await made.run("cp", "Shop", target, "--json"))).toMatchObject({ destination });
      expect(resultOf(await made.run("cp", "Shop", target, "--json"))).toMatchObject({
        ...{ destination, alreadyThere: true },
      });
    }
    const moved = await made.run(command, "MyApp/Shop", "/", "--json");
    expect(resultOf(moved)).toMatchObject({ destination: "Shop", alreadyThere: true });
    expect((await made.run("ls", "MyApp")).stdout).toContain("MyApp/a.txt");
  });

  it("over a folder of packages is refused, because the cluster would delete them", async () => {
    const made = await store();
    for (const path of ["Shop", "Apps/Mail"]) await made.run("upload", applicationPackage(), "--to", path);
    const refused = await made.run(command, "Shop", "Apps");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toBe(
      "Error: Apps is a folder that contains Apps/Mail, which is complete and would be deleted. To put the source into the folder, end the destination with a slash: Apps/\nTo overwrite the folder, pass --replace.\n",
    );
    expect((await made.run("verify", applicationPackage(), "Apps/Mail")).code).toBe(0);
    expect((await made.run(command, "Shop", "Apps/")).code).toBe(0);
    expect((await made.run("ls", "Apps")).stdout).toBe("Apps/Mail/\nApps/Shop/\n");
  });

  it("over a file, or below one, is refused", async () => {
    const { run, put } = await store();
    await put("a.bin", 1);
    await run("upload", applicationPackage(), "--to", "Shop");
    for (const [target, where] of [
      ["a.bin", "a.bin is a file"],
      ["a.bin/", "a.bin is a file"],
    ] as const)
      expect(await run(command, "Shop", target)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(where),
      });
  });
});
