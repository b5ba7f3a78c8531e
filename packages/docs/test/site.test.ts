import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { optionRows } from "@sf-image-store/emulator/command";
import { sharedFolder } from "@sf-image-store/testing";
import { createProgram } from "sf-image-store/reference";
import { beforeAll, describe, expect, it } from "vitest";
import { findPages } from "../src/pages.js";
import { buildSite } from "../src/site/build-site.js";
import { checkLinks } from "../src/site/check-links.js";

const root = resolve(import.meta.dirname, "../../..");
const scratch = sharedFolder();

describe("the site", () => {
  const site = join(scratch, "site");
  let problems: readonly string[] = [];
  beforeAll(async () => {
    problems = await buildSite(root, site);
  }, 300_000);
  const text = (page: string) => readFileSync(join(site, page), "utf8");

  it("is built without a warning", () => {
    expect(problems).toEqual([]);
  });

  it("has no link that is a broken link, and loads nothing from elsewhere", () => {
    expect(checkLinks(site)).toEqual([]);
  });

  it("lists the guides in the order of a first reader", () => {
    const links = [...text("index.html").matchAll(/href="\/(guides\/[^"#]+)"/g)].map(([, guide]) => guide);
    expect(links.length).toBeGreaterThan(0);
    const sidebar = [
      ...text("guides/connecting.html").matchAll(/class="VPLink link link" href="\/(guides\/[^"#]+)"/g),
    ];
    const listed = sidebar.map(([, guide]) => guide);
    const guides = findPages(root).flatMap(({ address }) => (address.startsWith("guides/") ? [address] : []));
    expect(listed).toEqual(guides);
    expect(guides[0]).toBe("guides/try-without-a-cluster");
    expect(text("guides/secure-clusters.html")).toContain("Certificate rollover");
  });

  it("has a home page with the comparison and the commands to try", () => {
    for (const part of ["sfctl 11.2.1", "Try it without a cluster", 'class="terminal"'])
      expect(text("index.html")).toContain(part);
    expect(text("index.html")).toMatch(/sf-image-store.*connect.*--endpoint/s);
  });

  it("keeps code in headings", () => {
    expect(text("reference/diff-rules.html")).toMatch(/<h[23][^>]*>.*<code>/);
  });

  it("shows the README and the exports of a package", () => {
    expect(text("packages/client.html")).toContain("Connect to a secure cluster");
    expect(text("api/client/functions/createImageStoreClient.html")).toContain("InvalidInputError");
  });

  it("has a page of the emulator's options, made from the table that parses them", () => {
    const page = text("reference/emulator-options.html");
    for (const { flag, option } of optionRows)
      for (const name of [flag && `--${flag}`, option]) if (name !== undefined) expect(page).toContain(name);
    expect(page).toContain("1800 (in code 1800000)");
  });

  it("has the CLI reference with every command, option and setting", async () => {
    const commands = text("reference/commands.html");
    const settings = text("reference/settings.html");
    const program = await createProgram(undefined, async () => {});
    const visible = program.createHelp().visibleCommands(program);
    for (const command of visible.filter((each) => each.name() !== "help")) {
      for (const leaf of command.commands.length === 0 ? [command] : command.commands) {
        const words = leaf === command ? [leaf.name()] : [command.name(), leaf.name()];
        expect(commands).toContain(`>sf-image-store ${words.join(" ")} <`);
        for (const { flags } of leaf.options)
          expect(commands + settings).toContain(
            `<code>${flags.replace("<", "&lt;").replace(">", "&gt;")}</code>`,
          );
      }
    }
    for (const name of ["SF_SERVER_ISSUER_THUMBPRINT", "serverIssuerThumbprint", "SF_PROFILE_FILE"])
      expect(settings).toContain(`<code>${name}</code>`);
  });

  it("has a page with exit codes and kinds of errors", () => {
    const page = text("reference/errors.html");
    for (const name of ["notFound", "connection-refused", "interrupted"])
      expect(page).toContain(`<code>${name}</code>`);
    expect(page).toContain("<td>130</td>");
  });

  it("documents the request, bounds, responses, examples and evidence of an operation", () => {
    const page = text("rest/UploadFileChunk.html");
    for (const part of [
      "/ImageStore/{contentPath}/$/UploadChunk",
      "1 to 4294967295",
      "FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE",
      "the published document declares no body",
    ])
      expect(page).toContain(part);
  });

  it("has the operations on applications as a second group", () => {
    const page = text("rest/applications/ProvisionApplicationType.html");
    for (const part of ["/ApplicationTypes/$/Provision", "FABRIC_E_APPLICATION_TYPE_ALREADY_EXISTS", "202"])
      expect(page).toContain(part);
    expect(page).toContain('href="./models#fabricerror"');
    expect(page).toMatch(/REST API: image store[\s\S]*REST API: applications/);
  });
});

describe("the link check", () => {
  const check = (pages: Readonly<Record<string, string>>) => {
    const folder = mkdtempSync(join(scratch, "pages-"));
    mkdirSync(join(folder, "sub"));
    for (const [name, html] of Object.entries(pages)) writeFileSync(join(folder, name), html);
    return checkLinks(folder);
  };

  it("accepts links to pages, to places in them, and to other sites", () => {
    const links =
      '<a href="sub/b.html#there">1</a><a href="#here" id="here">2</a><a href="https://a.example">3</a>';
    expect(check({ "a.html": links, "sub/b.html": '<p id="there"><a href="../a.html">4</a>' })).toEqual([]);
  });

  it.each([
    ["a missing page", '<a href="c.html">', "c.html is a broken link"],
    ["a missing place in this page", '<a href="#gone">', "#gone is a broken link"],
    ["a missing place in another page", '<a href="sub/b.html#gone">', "sub/b.html#gone is a broken link"],
    ["a missing picture", '<img src="a.png">', "a.png is a broken link"],
    ["a folder", '<a href="sub/">', "sub/ is a broken link"],
    [
      "a script of another site",
      '<script src="https://a.example/x.js"></script>',
      "https://a.example/x.js is loaded from another site",
    ],
    [
      "a font of another site",
      '<link href="//a.example/f.css">',
      "//a.example/f.css is loaded from another site",
    ],
  ])("finds %s", (_, html, line) => {
    expect(check({ "a.html": html, "sub/b.html": "" })).toEqual([`a.html: ${line}`]);
  });
});
