import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import unpackable from "@sparticuz/chromium";
import { type Browser, chromium, type LaunchOptions } from "playwright-core";

/** The path of another Chromium, or a channel such as `chrome` or `msedge`. */
const browserVariable = "SF_IMAGE_STORE_TEST_BROWSER";

/** A name of this machine that browsers do not treat as loopback, so they do not trust its http pages. */
export const untrustedHost = "plain.example";

const args = [
  `--host-resolver-rules=MAP ${untrustedHost} 127.0.0.1`,
  "--disable-gpu",
  "--disable-quic",
  "--disable-domain-reliability",
];

export interface TestBrowser {
  readonly browser: Browser;
  close(): Promise<void>;
}

/** A headless Chromium, or the reason why this machine has none. */
export async function startBrowser(): Promise<TestBrowser | string> {
  const chosen = process.env[browserVariable];
  if (chosen !== undefined)
    return launch(/[\\/]/.test(chosen) ? { executablePath: chosen } : { channel: chosen });
  if (process.platform === "linux" && process.arch === "x64") return launchUnpacked();
  try {
    return await launch({ channel: "chrome" });
  } catch (error) {
    const [reason] = String(error).split("\n");
    return `npm has no Chromium for ${process.platform} on ${process.arch}, and Chrome does not start (${reason}). ${browserVariable} may name another browser.`;
  }
}

async function launch(options: LaunchOptions): Promise<TestBrowser> {
  const browser = await chromium.launch({ ...options, args, timeout: 30_000 });
  return { browser, close: () => browser.close() };
}

/** Unpacks the Chromium of npm into a new folder, because another user may control its default place. */
async function launchUnpacked(): Promise<TestBrowser> {
  const folder = await mkdtemp(join(tmpdir(), "sf-image-store-browser-"));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const executablePath = await withTemporaryFolder(folder, () => unpackable.executablePath());
    const env = { ...process.env, FONTCONFIG_FILE: await writeFontSettings(folder), TMPDIR: folder };
    const { browser } = await launch({ executablePath, env });
    return {
      browser,
      async close() {
        await browser.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The included font configuration refers to a temporary folder, and without any fonts text has no size. */
async function writeFontSettings(folder: string): Promise<string> {
  const file = join(folder, "fonts.conf");
  const places = `<dir>${join(folder, "fonts")}</dir><cachedir>${join(folder, "font-cache")}</cachedir>`;
  await writeFile(file, `<?xml version="1.0"?><fontconfig>${places}</fontconfig>`);
  return file;
}

async function withTemporaryFolder<Value>(folder: string, work: () => Promise<Value>): Promise<Value> {
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
}
