import { writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Emulator,
  type EmulatorOptions,
  type RequestLogEntry,
  startEmulator,
} from "@sf-image-store/emulator";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { startBrowser } from "./browser.js";
import { screenshot } from "./upload-page.js";

const started = await startBrowser();
const missing = typeof started === "string" ? started : undefined;
if (missing !== undefined) console.warn(`The tests in a browser are skipped. ${missing}`);
afterAll(async () => {
  if (typeof started !== "string") await started.close();
}, 30_000);

const version = "api-version=6.0";
const sessionId = "4a2340e8-d8d8-497c-95fe-cdaa1052f33b";

interface Explorer {
  readonly page: Page;
  /** Uncaught errors, violations of the policy, and other problems on the console. */
  readonly complaints: readonly string[];
}

async function open(
  { endpoint }: Pick<Emulator, "endpoint">,
  section: string,
  options: BrowserContextOptions = {},
  prepare: (page: Page) => Promise<void> = async () => {},
): Promise<Explorer> {
  if (typeof started === "string") throw new Error(started);
  const context = await started.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  await prepare(page);
  await page.goto(`${endpoint}/Explorer/index.html#${section}`);
  await page.getByText("Live", { exact: true }).waitFor();
  return { page, complaints };
}

async function emulatorForTest(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(options);
  onTestFinished(() => emulator.close());
  return emulator;
}

async function putFiles({ endpoint }: Emulator, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const names = path.split("/").map((name) => encodeURIComponent(encodeURIComponent(name)));
    const url = `${endpoint}/ImageStore/${names.join("/")}?${version}`;
    const { status } = await fetch(url, { method: "PUT", body: "12345" });
    expect(status).toBe(200);
  }
}

async function putChunk({ endpoint }: Emulator, range: string, path = "MyApp/Code.zip"): Promise<void> {
  const url = `${endpoint}/ImageStore/${path}/$/UploadChunk?${version}&session-id=${sessionId}`;
  await fetch(url, { method: "PUT", headers: { "Content-Range": range }, body: "x" });
}

const names = (page: Page) => page.locator("[role=treeitem] .label").allTextContents();
const focusedName = (page: Page) => page.locator("[role=treeitem]:focus .label").textContent();

/** An application at version 1.0.0, with version 1.1.0 registered. */
async function deployApplication({ endpoint }: Emulator): Promise<void> {
  const send = async (method: string, path: string, body: string) => {
    const { ok } = await fetch(`${endpoint}${path}?api-version=6.2`, { method, body });
    expect(ok).toBe(true);
  };
  for (const text of ["1.0.0", "1.1.0"]) {
    const files = {
      "ApplicationManifest.xml": `<ApplicationManifest ApplicationTypeName="ShopType" ApplicationTypeVersion="${text}"/>`,
      "_.dir": "",
    };
    for (const [path, content] of Object.entries(files))
      await send("PUT", `/ImageStore/${text}/${path}`, content);
    const provision = { Kind: "ImageStorePath", Async: false, ApplicationTypeBuildPath: text };
    await send("POST", "/ApplicationTypes/$/Provision", JSON.stringify(provision));
  }
  const application = { Name: "fabric:/Shop", TypeName: "ShopType", TypeVersion: "1.0.0" };
  await send("POST", "/Applications/$/Create", JSON.stringify(application));
}

describe.skipIf(missing !== undefined)("the explorer page", { timeout: 60_000 }, () => {
  it.each([
    ["light", 1280],
    ["dark", 390],
  ] as const)("follows an upgrade live, and tells screen readers (%s, %i px)", async (colorScheme, width) => {
    const emulator = await emulatorForTest();
    const viewport = { width, height: 800 };
    const { page, complaints } = await open(emulator, "", { colorScheme, viewport });
    await page.getByRole("link", { name: /^Applications/ }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("No application type is registered.").waitFor();
    await deployApplication(emulator);
    const card = page.locator("#applications > li");
    await card.getByText("Healthy").waitFor();
    expect(await card.locator("h3").textContent()).toBe("fabric:/Shop");
    expect(await page.locator("#types tr").allTextContents()).toEqual([
      "ShopType1.0.0Available",
      "ShopType1.1.0Available",
    ]);
    emulator.setHealth({
      application: "fabric:/Shop",
      state: "Error",
      afterUpgradeDomain: "UD0",
      description: "Down.",
    });
    const upgrade = { Name: "fabric:/Shop", TargetApplicationTypeVersion: "1.1.0", UpgradeKind: "Rolling" };
    const monitored = { RollingUpgradeMode: "Monitored", MonitoringPolicy: { FailureAction: "Rollback" } };
    await fetch(`${emulator.endpoint}/Applications/Shop/$/Upgrade?api-version=6.0`, {
      method: "POST",
      body: JSON.stringify({ ...upgrade, ...monitored }),
    });
    emulator.advance(125_000);
    await card.getByText("UD1 in progress").waitFor();
    const domains = page.getByRole("list", { name: "Upgrade domains" }).getByRole("listitem");
    expect(await domains.allTextContents()).toEqual(["UD0done", "UD1in progress", "UD2pending"]);
    await card.getByText("Unhealthy").waitFor();
    await card.getByText("Emulator reported Error on the property Health. Down.").waitFor();
    await screenshot(page, `explorer-applications-${colorScheme}`);
    emulator.advance(3_600_000);
    await card.getByText("Rolled back to 1.0.0, because the health checks failed.").waitFor();
    const announced = await page.locator("#announcement").textContent();
    expect(announced).toMatch(/^fabric:\/Shop: Healthy\. Rolled back to 1\.0\.0, /);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    expect(complaints).toEqual([]);
  });

  it("follows an upload session live, until it is deleted", async () => {
    const emulator = await emulatorForTest();
    const { page, complaints } = await open(emulator, "");
    await page.getByText("No upload is in progress").waitFor();
    await putChunk(emulator, "bytes 0-249/1000");
    await putChunk(emulator, "bytes 500-749/1000");
    const bar = page.getByRole("progressbar");
    await page.getByText("50 %").waitFor();
    expect(await bar.getAttribute("aria-valuetext")).toBe("50 percent, 500 bytes missing in 2 ranges");
    const gaps = bar.locator(".gap");
    expect(await gaps.count()).toBe(2);
    expect(await gaps.first().getAttribute("x")).toBe("250");
    expect(await gaps.first().getAttribute("width")).toBe("250");
    await page.getByText("missing in 2 ranges").click();
    await page.getByText("250–499").waitFor();
    await page.getByText(/expires in (30:00|29:5\d)/).waitFor();
    emulator.advance(29 * 60_000 + 30_000);
    await page.getByText(/expires in 0:[0-3]\d/).waitFor();
    await screenshot(page, "explorer-session");

    await page.getByRole("button", { name: "Delete the session for MyApp/Code.zip" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(await bar.count()).toBe(1);
    await page.getByRole("button", { name: "Delete the session for MyApp/Code.zip" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("No upload is in progress").waitFor();
    expect(complaints).toEqual([]);
  });

  it("shows the tree of files, which the keyboard can use alone", async () => {
    const emulator = await emulatorForTest();
    await putFiles(
      emulator,
      "App/Code/a10.dll",
      "App/Code/a9.dll",
      "App/Manifest.xml",
      "Zoo/z.txt",
      "top.txt",
    );
    const { page, complaints } = await open(emulator, "files");
    await page.getByRole("treeitem").first().waitFor();
    expect(await names(page)).toEqual(["App", "Zoo", "top.txt"]);
    expect(await page.getByRole("treeitem").first().getAttribute("aria-label")).toBe(
      "App, folder, 3 files, 15 bytes",
    );
    await page.keyboard.press("/");
    await page.keyboard.press("ArrowDown");
    for (const key of ["ArrowRight", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
    expect(await names(page)).toEqual(["App", "Code", "a9.dll", "a10.dll", "Manifest.xml", "Zoo", "top.txt"]);
    expect(await focusedName(page)).toBe("Code");
    await page.keyboard.press("z");
    expect(await focusedName(page)).toBe("Zoo");
    // Changes of the store keep the focus.
    await putFiles(emulator, "Bar/b.txt");
    await page.getByText("Bar").waitFor();
    expect(await focusedName(page)).toBe("Zoo");
    await page.keyboard.press("Delete");
    await page.getByText("This deletes 1 file (5 bytes).").waitFor();
    await page.keyboard.press("Escape");
    expect(await focusedName(page)).toBe("Zoo");
    await page.keyboard.press("Delete");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await expect
      .poll(() => names(page))
      .toEqual(["App", "Code", "a9.dll", "a10.dll", "Manifest.xml", "Bar", "top.txt"]);
    await expect.poll(() => focusedName(page)).toBe("top.txt");
    expect(complaints).toEqual([]);
  });

  it("deletes paths with characters that a URL escapes, and shows them as text", async () => {
    const awkward = ["a&'b #%41+ü", "%23", "&lt;img src=x onerror=alert(1)&gt;", "$"];
    for (const platform of ["windows", "linux"] as const) {
      const emulator = await emulatorForTest({ platform });
      for (const name of awkward) {
        const encoded = encodeURIComponent(platform === "windows" ? encodeURIComponent(name) : name);
        await fetch(`${emulator.endpoint}/ImageStore/${encoded}?${version}`, { method: "PUT", body: "1" });
      }
      const { page, complaints } = await open(emulator, "files");
      await page.getByRole("treeitem").first().waitFor();
      const shown = await names(page);
      expect(new Set(shown)).toEqual(new Set(awkward));
      for (const name of shown) {
        await page.getByRole("treeitem").first().focus();
        await page.keyboard.press("Delete");
        await page.getByRole("button", { name: "Delete", exact: true }).click();
        await expect
          .poll(() => page.getByRole("treeitem").count())
          .toBe(shown.length - shown.indexOf(name) - 1);
      }
      await page.getByText("The image store is empty").waitFor();
      expect(complaints).toEqual([]);
    }
  });

  it("searches paths and says how many match", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "App/Code/Service.dll", "App/Data/other.bin", "Web/service.js");
    const { page } = await open(emulator, "files");
    await page.getByLabel("Search paths").fill("SERVICE");
    await page.getByText("2 of 3 files").waitFor();
    expect(await names(page)).toEqual(["App", "Code", "Service.dll", "Web", "service.js"]);
    expect(await page.locator("mark").allTextContents()).toEqual(["Service", "service"]);
    await page.getByLabel("Search paths").fill("nothing");
    await page.getByText("No path matches").waitFor();
  });

  it("shows why a deletion failed", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "Store/a.txt");
    const { page } = await open(emulator, "files");
    await page.getByRole("treeitem").first().focus();
    await page.keyboard.press("Delete");
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("FABRIC_E_IMAGEBUILDER_RESERVED_DIRECTORY_ERROR").first().waitFor();
    await emulator.close();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("There was no response.").waitFor();
  });

  it("stays fast with 10,000 files", async () => {
    const location = await mkdtemp(join(tmpdir(), "sf-image-store-explorer-"));
    onTestFinished(() => rm(location, { recursive: true, force: true }));
    for (const folder of ["F0", "F1"]) {
      await mkdir(join(location, "content", "Big", folder), { recursive: true });
      // One after the other is faster than through the thread pool.
      for (let index = 0; index < 5000; index += 1) {
        writeFileSync(join(location, "content", "Big", folder, `${index}-${folder}`), "12345");
      }
    }
    const emulator = await emulatorForTest({ location });
    const { page, complaints } = await open(emulator, "files");
    await page.getByText("10,000 files, 48.8 KiB").waitFor();
    await page.getByRole("button", { name: "Expand all" }).click();
    expect(await page.getByRole("treeitem").count()).toBeLessThan(1100);
    await page.getByText("Show 200 more of 4,800").first().click();
    await page.getByText("Show 200 more of 4,600").first().waitFor();
    await page.getByLabel("Search paths").fill("4321-f1");
    await page.getByText("1 of 10,000 files").waitFor();
    expect(complaints).toEqual([]);
  });

  it("filters and pauses the log of requests", async () => {
    const emulator = await emulatorForTest();
    const { page, complaints } = await open(emulator, "requests");
    await page.getByText("No requests yet", { exact: true }).waitFor();
    emulator.addFault({ operation: "UploadFileChunk", do: "answer", status: 504, code: "FABRIC_E_TIMEOUT" });
    await putChunk(emulator, "bytes 0-249/1000");
    await putFiles(emulator, "a.txt");
    const rows = page.locator("#log tr");
    await expect.poll(() => rows.count()).toBe(3);
    await page.getByText("3 entries, 1 failed").waitFor();
    await page.locator("#section-requests").getByText("Failed", { exact: true }).click();
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByText("504 FABRIC_E_TIMEOUT").waitFor();
    await page.getByText("Faults", { exact: true }).click();
    await page.getByText("Injected fault").waitFor();
    await page.getByText("All", { exact: true }).click();
    await page.getByLabel("Filter requests").fill("a.TXT");
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByLabel("Filter requests").fill("");
    await page.getByRole("button", { name: "Pause" }).click();
    await putFiles(emulator, "b.txt");
    await page.getByRole("button", { name: "Resume (1 new)" }).click();
    await expect.poll(() => rows.count()).toBe(4);
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByText("No requests yet", { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it("says that the emulator stopped, and continues with the next one", async () => {
    const first = await emulatorForTest();
    await putFiles(first, "old.txt");
    const { page } = await open(first, "files");
    await page.getByText("old.txt").waitFor();
    const port = Number(new URL(first.endpoint).port);
    await first.close();
    await page.getByText("Reconnecting …").waitFor();
    await page.getByText("The emulator does not respond.").waitFor();
    expect(await names(page)).toEqual(["old.txt"]);
    const second = await emulatorForTest({ port });
    await putFiles(second, "new.txt");
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByText("new.txt").waitFor();
    expect(await names(page)).toEqual(["new.txt"]);
  });

  it("connects again when it hears nothing, not even a heartbeat", async () => {
    let connections = 0;
    const onRequest = ({ url }: RequestLogEntry) => {
      if (url === "/Explorer/events") connections += 1;
    };
    const { page } = await open(await emulatorForTest({ onRequest }), "", {}, (opened) =>
      opened.clock.install(),
    );
    expect(connections).toBe(1);
    await page.clock.fastForward(26_000);
    await expect.poll(() => connections).toBe(2);
    await page.getByText("Live", { exact: true }).waitFor();
  });

  it("disconnects while it is hidden, and catches up when it is shown again", async () => {
    const emulator = await emulatorForTest();
    const { page, complaints } = await open(emulator, "files");
    const setHidden = (isHidden: boolean) =>
      page.evaluate(`{
        Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }`);
    const disconnected = page.waitForEvent("requestfailed");
    await setHidden(true);
    expect((await disconnected).url()).toBe(`${emulator.endpoint}/Explorer/events`);
    await putFiles(emulator, "a.txt");
    await setHidden(false);
    await page.getByText("a.txt").waitFor();
    expect(complaints).toEqual([]);
  });

  it("fits a phone in every section, in light and dark", async () => {
    const emulator = await emulatorForTest();
    const long = `${"A.Very.Long.Name".repeat(12)}.dll`;
    await putFiles(emulator, `App/Code/${"Deep/".repeat(8)}${long}`, long);
    await putChunk(emulator, "bytes 0-249/1000", `App/${long}`);
    for (const colorScheme of ["light", "dark"] as const) {
      const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme };
      const { page, complaints } = await open(emulator, "overview", phone);
      for (const name of ["Overview", "Files", "Requests", "API"]) {
        await page.getByRole("navigation").getByRole("link", { name }).click();
        await page.getByRole("navigation").locator("[aria-current=page]", { hasText: name }).waitFor();
        if (name === "Files") await page.getByRole("button", { name: "Expand all" }).click();
        const width = await page
          .locator("body")
          .evaluate(({ ownerDocument }) => ownerDocument.documentElement.scrollWidth);
        expect({ name, width }).toEqual({ name, width: 390 });
        await screenshot(page, `explorer-${name.toLowerCase()}-390-${colorScheme}`);
      }
      expect(complaints).toEqual([]);
    }
  });

  it("cannot be used by a page of another origin", async () => {
    // On this address, the emulator does not check where a request comes from.
    const emulator = await emulatorForTest({ host: "0.0.0.0" });
    const other = await emulatorForTest();
    await putFiles(emulator, "a.txt");
    const { page } = await open(other, "");
    const attempt = (call: string) =>
      page.evaluate<string>(`(${call})().then(() => "allowed", () => "blocked")`).catch(() => "blocked");
    // Its own policy would block these requests as well, so use a page without one.
    await page.goto(`${other.endpoint}/missing`);
    expect(
      await attempt(`() => fetch("${emulator.endpoint}/ImageStore/a.txt?${version}", { method: "DELETE" })`),
    ).toBe("blocked");
    expect(await attempt(`() => fetch("${emulator.endpoint}/Explorer/events")`)).toBe("blocked");
    expect((await fetch(`${emulator.endpoint}/ImageStore/a.txt?${version}`)).status).toBe(200);
    // The page itself may.
    await page.goto(`${other.endpoint}/missing`);
    expect(
      await attempt(`() => fetch("${other.endpoint}/ImageStore/a.txt?${version}", { method: "DELETE" })`),
    ).toBe("allowed");
  });
});
