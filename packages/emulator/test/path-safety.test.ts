import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Emulator } from "../src/index.js";
import { parseStorePath } from "../src/store/store-path.js";
import { commit, emulatorForTest, send, sendChunk, session1, version } from "./exchange.js";

const nastyPaths = [
  "..",
  ".",
  "../a",
  "a/../../b",
  "a\\..\\..\\b",
  "a/./b",
  "a/.../b",
  "a/.. /b",
  "/etc/passwd",
  "\\Windows\\x",
  "\\\\server\\share\\x",
  "//server/share/x",
  "\\\\?\\C:\\x",
  "\\\\.\\pipe\\x",
  "C:\\x",
  "C:x",
  "a/C:/x",
  "a.txt:stream",
  "a\0b",
  "a\nb",
  "a\u007fb",
  "a\u0085b",
  "a*b",
  "a?b",
  "a|b",
  "a<b",
  'a"b',
  "NUL",
  "nul.txt",
  "a/con/b",
  "COM1",
  "lpt9.log",
  "COM¹",
  "aux .txt",
  "CONIN$",
  "name.",
  "name ./x",
  "a /b",
  "",
  " ",
  "/",
  "\\",
  "x".repeat(256),
  "ä".repeat(128),
];

/** Everything below a folder, as relative paths. */
async function tree(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}

/** An emulator whose location lies in an otherwise empty folder, so that an escape would show there. */
async function fencedEmulator(): Promise<{ emulator: Emulator; fence: string }> {
  const fence = await mkdtemp(join(tmpdir(), "sf-image-store-fence-"));
  onTestFinished(() => rm(fence, { recursive: true, force: true }));
  return { emulator: await emulatorForTest({ location: join(fence, "a", "b") }), fence };
}

async function expectNoEscape({ fence, emulator }: { fence: string; emulator: Emulator }): Promise<void> {
  const outside = (await tree(fence)).filter((path) => !path.startsWith(join("a", "b")) && path !== "a");
  expect(outside).toEqual([]);
  expect((await readdir(emulator.location)).sort()).toEqual([
    "content",
    "emulator.lock",
    "index.jsonl",
    "staging",
  ]);
}

describe("a store path is rejected", () => {
  it.each(nastyPaths)("if it is %o", (path) => {
    expect(() => parseStorePath(path)).toThrow("rejects this store path");
  });

  it("by contentPath, too", async () => {
    const emulator = await emulatorForTest();
    expect(() => emulator.contentPath("../x")).toThrow("rejects this store path");
  });
});

describe("a store path is accepted", () => {
  it.each([
    ["App/_.dir", ["App", "_.dir"]],
    ["App\\Code\\.hidden", ["App", "Code", ".hidden"]],
    [" a b/c d ", ["a b", "c d"]],
    ["a//b\\", ["a", "b"]],
    ["console/nulls.txt/com10", ["console", "nulls.txt", "com10"]],
    ["ä€😀", ["ä€😀"]],
    ["a..b/..c", ["a..b", "..c"]],
    ["$", ["$"]],
  ])("if it is %o", (path, segments) => {
    expect(parseStorePath(path)).toMatchObject({ text: path, segments });
  });

  it("§5.2 with one key for all its spellings", () => {
    expect(parseStorePath("App/Code\\A.txt").key).toBe(parseStorePath(" app\\CODE/a.TXT\\").key);
  });
});

describe("no request leaves the folder", () => {
  const rawPaths = [
    "../x",
    "..%2Fx",
    "%2e%2e/x",
    "%2E%2E%2Fx",
    "%252e%252e%252fx",
    "a/..%5C..%5Cx",
    "a/%2e%2e%5cx",
    "a%00b",
    "a%2500b",
    "%5C%5Cserver%5Cshare",
    "%252Fetc%252Fpasswd",
    "C:/x",
    "C%3A%5Cx",
    "con",
    "a:b",
    "%20..%20/x",
    "a/%0d%0ab",
  ];

  it.each(rawPaths)("by the raw URL %s", async (path) => {
    const fenced = await fencedEmulator();
    const answer = await sendChunk(fenced.emulator, { path, range: "bytes 0-0/1", body: "x" });
    expect(answer).toMatchObject({ status: 400, code: "E_INVALIDARG" });
    expect((await commit(fenced.emulator)).status).toBe(400);
    await expectNoEscape(fenced);
  });

  it("by a query about a path", async () => {
    const emulator = await emulatorForTest();
    const answer = await send(emulator, "GET", `/ImageStore/..%2Fx/$/GetUploadSession?${version}`);
    expect(answer).toMatchObject({ status: 400, code: "E_INVALIDARG" });
  });

  it("by raw bytes above 127 in the request line", async () => {
    const fenced = await fencedEmulator();
    const { hostname, port } = new URL(fenced.emulator.endpoint);
    const socket = connect(Number(port), hostname);
    const line = `PUT /ImageStore/\u00c3\u00a4\u00ae\u00ae/../x/$/UploadChunk?${version}&session-id=${session1} HTTP/1.1\r\n`;
    socket.end(Buffer.from(`${line}Host: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`, "latin1"));
    const answer: string[] = [];
    for await (const piece of socket) answer.push(String(piece));
    expect(answer.join("")).toContain(" 400 ");
    await expectNoEscape(fenced);
  });

  it("by a symbolic link inside, to a folder or to a file", async () => {
    const fenced = await fencedEmulator();
    const { emulator, fence } = fenced;
    const outside = await mkdtemp(join(tmpdir(), "sf-image-store-outside-"));
    onTestFinished(() => rm(outside, { recursive: true, force: true }));
    await writeFile(join(outside, "kept"), "untouched");
    await symlink(outside, join(emulator.location, "content", "Link"));
    await mkdir(join(emulator.location, "content", "App"));
    await symlink(join(outside, "kept"), join(emulator.location, "content", "App", "file"));
    for (const [index, path] of ["Link/x", "link/x", "App/file", "app/FILE"].entries()) {
      const id = `00000000-0000-0000-0000-00000000000${index + 1}`;
      await sendChunk(emulator, { path, id, range: "bytes 0-0/1", body: "x" });
      const committed = await commit(emulator, id);
      const put = await send(emulator, "PUT", `/ImageStore/${path}?${version}`, { body: "x" });
      await send(emulator, "DELETE", `/ImageStore/${path}?${version}`);
      // In the other case it may be a new name, depending on the disk; that name leads nowhere else.
      if (path !== "Link/x" && path !== "App/file") continue;
      expect(committed).toMatchObject({ status: 400, code: "E_INVALIDARG" });
      expect(put).toMatchObject({ status: 400, code: "E_INVALIDARG" });
    }
    expect(await tree(outside)).toEqual(["kept"]);
    expect(await readFile(join(outside, "kept"), "utf8")).toBe("untouched");
    expect(fence).not.toBe(outside);
  });
});
