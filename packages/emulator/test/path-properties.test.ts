import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join, posix, win32 } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { createRouter } from "../src/server/router.js";
import { parseStorePath, type StorePath } from "../src/store/store-path.js";
import { emulatorForTest, send, version } from "./exchange.js";

/** Runs of the pure function; three properties share them. */
const pureCases = 40_000;
const requests = 3_000;
/** The same cases on every run. */
const seed = 20_261_122;

/** What paths that mean harm are made of, in every stage of encoding. */
const harmful = fc.constantFrom(
  ...[
    "..",
    ".",
    "...",
    ".. ",
    " ..",
    "..%2e",
    "%2e%2e",
    "%2E",
    "%252e%252e",
    "%c0%ae",
    "\uff0e\uff0e",
    "\u2024",
  ],
  ...["/", "\\", "//", "\\\\", "%2F", "%2f", "%5C", "%5c", "%252F", "%255c", "\u2215", "\uff0f", "\uff3c"],
  ...["C:", "C%3A", "c:\\", "\\\\?\\", "\\\\.\\", "//?/", "\\\\server\\share", "file:///", "~", "$", "%24"],
  ...["NUL", "con", "aux.txt", "COM1", "lpt9.x", "CONIN$", "com\u00b9", "PRN ", "nul%20"],
  ...["\0", "%00", "%2500", "\n", "\r", "%0d%0a", "\u0085", "\u202e", "\ud800", "\udfff", "\ufeff"],
  ...[
    " ",
    "%20",
    ".",
    "x.",
    "x ",
    "a",
    "B",
    "x.txt",
    "_.dir",
    "ä",
    "😀",
    "İ",
    "K",
    "#",
    "%23",
    "?",
    "%3F",
    "*",
  ],
  ...["content", "staging", "index.jsonl", "emulator.lock", "Link", "link", "a".repeat(255), "ä".repeat(128)],
);
const piece = fc.oneof(
  { weight: 6, arbitrary: harmful },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 4 }) },
);
const nastyPath = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(""));

/** Halves of characters become a replacement character. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function accepted(text: string, platform: "windows" | "linux"): StorePath | undefined {
  try {
    return parseStorePath(text, platform);
  } catch (error) {
    expect(error).toMatchObject({ name: "FabricError", code: "E_INVALIDARG" });
    return undefined;
  }
}

/** Holds for every path that is accepted, by the rules of both families of systems. */
function expectInside(path: StorePath): void {
  for (const [system, root] of [
    [posix, "/srv/store/content"],
    [win32, "D:\\store\\content"],
  ] as const) {
    const target = system.resolve(root, ...path.segments);
    const way = system.relative(root, target);
    expect(way.split(system.sep)).toEqual(path.segments);
  }
  for (const segment of path.segments) {
    expect(segment).not.toMatch(/[\\/:*?"<>|\p{Cc}]|[. ]$/u);
    expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(255);
    expect(Buffer.from(segment).toString()).toBe(segment);
  }
}

describe("random paths", () => {
  let cases = 0;

  it.each(["windows", "linux"] as const)(
    "never resolves a text to a path outside the store (%s)",
    (platform) => {
      fc.assert(
        fc.property(nastyPath, (text) => {
          cases += 1;
          const path = accepted(text, platform);
          if (path !== undefined) expectInside(path);
        }),
        { numRuns: pureCases, seed },
      );
    },
  );

  it("never resolves a URL to a path outside the store, in any encoding", () => {
    const template = { Put: { method: "PUT", path: "/ImageStore/{contentPath}" } };
    const routers = { windows: createRouter(template, "windows"), linux: createRouter(template, "linux") };
    fc.assert(
      fc.property(nastyPath, fc.constantFrom("windows", "linux"), fc.boolean(), (text, platform, encode) => {
        cases += 1;
        const path = encode && wellFormed(text) === text ? encodeURIComponent(text) : text;
        const match = routers[platform]("PUT", `/ImageStore/${path}`);
        if (match.kind !== "operation" || match.contentPath === undefined) return;
        const read = accepted(match.contentPath, platform);
        if (read !== undefined) expectInside(read);
      }),
      { numRuns: pureCases, seed },
    );
  });

  it("include at least 100,000 paths", () => {
    expect(cases).toBeGreaterThanOrEqual(100_000);
  });

  it("maps all spellings of a file, and only those, to one key", () => {
    fc.assert(
      fc.property(nastyPath, nastyPath, (left, right) => {
        const [a, b] = [accepted(left, "windows"), accepted(right, "windows")];
        if (a === undefined || b === undefined) return;
        const same = a.segments.join("/").toLowerCase() === b.segments.join("/").toLowerCase();
        expect(a.key === b.key).toBe(same);
      }),
      { numRuns: 5_000, seed },
    );
  });
});

/** A way to name a path in a request; `path` fits into a request line. */
const ways: readonly ((path: string) => { method: string; url: string; body?: string })[] = [
  (path) => ({ method: "PUT", url: `/ImageStore/${path}?${version}`, body: "x" }),
  (path) => ({ method: "GET", url: `/ImageStore/${path}?${version}` }),
  (path) => ({ method: "DELETE", url: `/ImageStore/${path}?${version}` }),
  (path) => ({ method: "GET", url: `/ImageStore/${path}/$/FolderSize?${version}` }),
  (path) => ({ method: "GET", url: `/ImageStore/${path}/$/GetUploadSession?${version}` }),
  (path) => ({ method: "GET", url: `/ImageStore?api-version=6.2&ContinuationToken=${path}` }),
];

describe("requests with unsafe paths", () => {
  it.each(["windows", "linux"] as const)(
    "read and write nothing outside the store, through any operation (%s)",
    async (platform) => {
      const fence = await mkdtemp(join(tmpdir(), "sf-image-store-fence-"));
      onTestFinished(() => rm(fence, { recursive: true, force: true }));
      await writeFile(join(fence, "secret"), "untouched");
      const location = join(fence, "a", "b");
      const emulator = await emulatorForTest({ location, platform });
      await symlink(fence, join(location, "content", "Link"));
      const agent = new Agent({ keepAlive: true, maxSockets: 8 });
      onTestFinished(() => agent.destroy());
      const copy = (RemoteSource: string, RemoteDestination: string) =>
        send(emulator, "POST", `/ImageStore/$/Copy?${version}`, {
          agent,
          body: JSON.stringify({ RemoteSource, RemoteDestination }),
        });
      const exchange = async (text: string, index: number) => {
        // Raw where a request line can carry it; Node's client refuses blanks and characters above 255.
        const path = encodeURI(wellFormed(text)).replaceAll("%25", "%");
        const way = ways[index % (ways.length + 2)];
        if (way !== undefined) {
          const { method, url, body } = way(path);
          return send(emulator, method, url, body === undefined ? { agent } : { agent, body });
        }
        return index % 2 === 0 ? copy(text, "copied") : copy("copied", text);
      };
      const texts = fc.sample(nastyPath, { numRuns: requests / 2, seed });
      await send(emulator, "PUT", `/ImageStore/copied?${version}`, { agent, body: "x" });
      let next = 0;
      const work = async () => {
        for (let index = next++; index < texts.length; index = next++) {
          const answer = await exchange(texts[index] ?? "", index);
          // 500: one path wants a folder where an earlier one put a file.
          expect([200, 204, 400, 404, 413, 500]).toContain(answer.status);
          expect(answer.text).not.toContain("secret");
        }
      };
      await Promise.all(Array.from({ length: 8 }, work));
      expect((await readdir(fence)).sort()).toEqual(["a", "secret"]);
      expect(await readdir(join(fence, "a"))).toEqual(["b"]);
      expect((await readdir(location)).sort()).toEqual([
        "content",
        "emulator.lock",
        "index.jsonl",
        "staging",
      ]);
    },
  );
});
