import { describe, expect, it } from "vitest";
import { createRouter } from "../src/server/router.js";

const route = createRouter({
  ListRoot: { method: "GET", path: "/ImageStore" },
  // Stands before the literal templates on purpose: order in the table must not matter.
  ListPath: { method: "GET", path: "/ImageStore/{contentPath}" },
  GetByPath: { method: "GET", path: "/ImageStore/{contentPath}/$/GetUploadSession" },
  GetById: { method: "GET", path: "/ImageStore/$/GetUploadSession" },
  Chunk: { method: "PUT", path: "/ImageStore/{contentPath}/$/UploadChunk" },
  Info: { method: "GET", path: "/ImageStore/Info" },
  Metadata: { method: "GET", path: "/$/GetAadMetadata" },
});

/** `Operation path`, or the kind of refusal. */
function routed(method: string, url: string): string {
  const match = route(method, url);
  if (match.kind !== "operation") return match.kind;
  return match.contentPath === undefined ? match.operationId : `${match.operationId} ${match.contentPath}`;
}

describe("§1.2 route matching", () => {
  it.each([
    ["GET", "/ImageStore", "ListRoot"],
    ["GET", "/ImageStore/", "ListRoot"],
    ["GET", "/ImageStore?x=1/2", "ListRoot"],
    ["GET", "/ImageStore#/x", "ListRoot"],
    ["GET", "/ImageStore/a", "ListPath a"],
    ["GET", "/ImageStore/a/b/c", "ListPath a/b/c"],
    ["GET", "/ImageStore//a///b/", "ListPath a/b"],
    ["GET", "//ImageStore/a", "ListPath a"],
    ["GET", "/ImageStore/$/GetUploadSession", "GetById"],
    ["GET", "/ImageStore/a/b/$/GetUploadSession/", "GetByPath a/b"],
    ["PUT", "/ImageStore/a/b/$/UploadChunk", "Chunk a/b"],
    ["GET", "http://localhost:19080/ImageStore/a?x", "ListPath a"],
  ])("%s %s goes to %s", (method, url, expected) => {
    expect(routed(method, url)).toBe(expected);
  });

  it("prefers literal segments to {contentPath}", () => {
    expect(routed("GET", "/ImageStore/Info")).toBe("Info");
  });

  it.each([
    ["another verb", "POST", "/ImageStore/a/$/UploadChunk"],
    ["no path where one is needed", "PUT", "/ImageStore/$/UploadChunk"],
    ["an unknown function", "GET", "/ImageStore/a/$/Nonsense"],
    ["a lone $", "GET", "/ImageStore/a/$"],
    ["$ inside the path", "GET", "/ImageStore/a/$/b/$/GetUploadSession"],
    ["more after the function", "GET", "/ImageStore/$/GetUploadSession/x"],
    ["the root in another case", "GET", "/imagestore/a"],
    ["a function in another case", "PUT", "/ImageStore/a/$/uploadchunk"],
    ["a bad percent sequence", "GET", "/ImageStore/a%zz"],
    ["bytes that are no UTF-8", "GET", "/ImageStore/a%ff"],
  ])("rejects %s", (_, method, url) => {
    expect(routed(method, url)).toBe("no-template");
  });

  it.each(["/", "", "/Nonsense", "/ImageStoreX/a", "*"])("does not match %o", (url) => {
    expect(routed("GET", url)).toBe("unknown-root");
  });
});

describe("the rest of a cluster's gateway", () => {
  it.each(["/Nodes", "/applicationtypes/x", "/$/GetClusterHealth", "/$/GetAadMetadata/x", "/$"])(
    "is recognized but not supported: %s",
    (url) => {
      expect(routed("GET", url)).toBe("other-service");
    },
  );

  it("is served if an operation is defined for it", () => {
    expect(routed("GET", "/$/GetAadMetadata?x")).toBe("Metadata");
    expect(routed("GET", "/%24/GetAadMetadata/")).toBe("Metadata");
    expect(routed("POST", "/$/GetAadMetadata")).toBe("other-service");
  });
});

describe("§5.3 URL decoding", () => {
  it.each([
    ["%20 is a blank", "/ImageStore/a%20b", "ListPath a b"],
    ["+ stays", "/ImageStore/a+b", "ListPath a+b"],
    ["UTF-8 is decoded", "/ImageStore/%C3%A4%E2%82%AC", "ListPath ä€"],
    ["%2F separates", "/ImageStore/a%2Fb", "ListPath a/b"],
    ["%5C stays a backslash", "/ImageStore/a%5Cb", "ListPath a\\b"],
    ["everything is decoded twice", "/ImageStore/%2541", "ListPath A"],
    ["an encoded # cuts the path", "/ImageStore/a%23b", "ListPath a"],
    ["an encoded $ is reserved", "/ImageStore/a/%24/GetUploadSession", "GetByPath a"],
    ["a % that survives the first decoding fails the second", "/ImageStore/100%25", "no-template"],
  ])("%s", (_, url, expected) => {
    expect(routed("GET", url)).toBe(expected);
  });
});

describe("§1.2 query rules", () => {
  function query(text: string): Record<string, string> {
    const match = route("GET", `/ImageStore?${text}`);
    return match.kind === "operation" ? Object.fromEntries(match.query) : {};
  }

  it("lets the first occurrence win", () => {
    expect(query("a=1&a=2")).toEqual({ a: "1" });
  });

  it("ignores a pair with an empty value or a second =", () => {
    expect(query("a=&b=1=2&c&=d&e=5")).toEqual({ e: "5" });
  });

  it("does not decode, and compares names case-sensitively", () => {
    expect(query("A=%2d&a=b+c")).toEqual({ A: "%2d", a: "b+c" });
  });
});
