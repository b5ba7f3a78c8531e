import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ProjectCopy, spec } from "./diff-copy.js";

let copy: ProjectCopy;
beforeEach(() => {
  copy = new ProjectCopy();
});
afterEach(() => copy[Symbol.dispose]());

const changeset = (levels: Readonly<Record<string, string>>) => {
  const lines = Object.entries(levels).map(([name, level]) => `"@sf-image-store/${name}": ${level}\n`);
  return `---\n${lines.join("")}---\n\nText.\n`;
};
const both = (level: string) => changeset({ types: level, client: level });
const lastLine = (output: string) => output.trim().split("\n").at(-1);

describe("pnpm spec:diff --changeset", () => {
  it("writes a changeset of the verdict's level, once", async () => {
    await copy.releaseContract("0.1.0");
    copy.edit(spec, "operationId: UploadFile\n", "operationId: UploadFile\n      deprecated: true\n");
    const { output } = await copy.specDiff("--changeset");
    const [file = ""] = readdirSync(join(copy.folder, ".changeset"));
    expect(file).toMatch(/^contract-minor-[0-9a-f]{8}\.md$/);
    expect(lastLine(output)).toBe(`Written: .changeset/${file} (edit its text; keep its level)`);
    expect(copy.read(`.changeset/${file}`)).toBe(
      '---\n"@sf-image-store/types": minor\n"@sf-image-store/client": minor\n---\n\nThe API changed:\n\n' +
        "- `UploadFile`: the operation is deprecated now\n",
    );
    copy.edit(`.changeset/${file}`, "The API changed", "What is new");
    expect(lastLine((await copy.specDiff("--changeset")).output)).toBe(
      `.changeset/${file} is there already; it is left as it is.`,
    );
    expect(copy.read(`.changeset/${file}`)).toContain("What is new");
    expect((await copy.specDiff("--check")).code).toBe(0);
  });

  it("writes nothing when nothing has changed", async () => {
    await copy.releaseContract("0.1.0");
    expect(lastLine((await copy.specDiff("--changeset")).output)).toBe("No changeset is needed.");
    expect(readdirSync(join(copy.folder, ".changeset"))).toEqual([]);
  });
});

describe("pnpm spec:diff --check", () => {
  it("asks for a changeset before the first release", async () => {
    const { code, output } = await copy.specDiff("--check");
    expect(code).toBe(1);
    expect(lastLine(output)).toBe(
      "The contract changed (minor), but no changeset names @sf-image-store/types, and no changeset names @sf-image-store/client. Run: pnpm spec:diff --changeset",
    );
    copy.write(".changeset/first.md", both("minor"));
    const covered = await copy.specDiff("--check");
    expect(covered).toMatchObject({ code: 0 });
    expect(covered.output).toMatch(
      /^Compared with nothing.*: minor: \d+ minor; covered by \.changeset\/first\.md\n$/,
    );
  });

  it("passes without a changeset when nothing has changed since the release", async () => {
    await copy.releaseContract("0.1.0");
    expect(await copy.specDiff("--check")).toEqual({
      code: 0,
      output: "Compared with release 0.1.0: none: nothing has changed\n",
    });
  });

  it.each([
    ["none", {}, "no changeset names types, and no changeset names client"],
    [
      "minor",
      { types: "minor", client: "minor" },
      "those of types go no further than minor, and those of client",
    ],
    ["major for the types alone", { types: "major" }, "but no changeset names client. Run"],
    [
      "minor for the client",
      { types: "major", client: "minor" },
      "but those of client go no further than minor.",
    ],
    ["major", { types: "major", client: "major" }, undefined],
  ])("of a breaking change and a changeset of level %s", async (_, levels, lacks) => {
    await copy.releaseContract("0.1.0");
    copy.edit(spec, "        format: uuid\n      ModifiedDate:", "      ModifiedDate:");
    if (Object.keys(levels).length > 0) copy.write(".changeset/mine.md", changeset({ ...levels }));
    copy.write(".changeset/other.md", changeset({ emulator: "major" }));
    const { code, output } = await copy.specDiff("--check");
    expect(code).toBe(lacks === undefined ? 0 : 1);
    if (lacks === undefined) expect(output).toMatch(/; covered by \.changeset\/mine\.md\n$/);
    else expect(lastLine(output)?.replaceAll("@sf-image-store/", "")).toContain(lacks);
  });

  it("takes the packages from different changesets", async () => {
    copy.write(".changeset/a.md", changeset({ types: "minor" }));
    copy.write(".changeset/b.md", changeset({ client: "major" }));
    const { code, output } = await copy.specDiff("--check");
    expect(output).toMatch(/; covered by \.changeset\/a\.md, \.changeset\/b\.md\n$/);
    expect(code).toBe(0);
  });

  it("refuses a changeset that it cannot read", async () => {
    copy.write(".changeset/mine.md", both("huge"));
    const { code, output } = await copy.specDiff("--check");
    expect(output).toBe(".changeset/mine.md: has an unknown level for @sf-image-store/types: huge\n");
    expect(code).toBe(2);
  });
});
