import { describe, expect, it } from "vitest";
import { parseConnectionString } from "../../src/connection/store-location.js";

const onWindows = true;
const elsewhere = false;

describe("connection strings of image stores", () => {
  it.each(["fabric:ImageStore", "FABRIC:imagestore", " fabric:ImageStore "])("%j is the service", (text) => {
    expect(parseConnectionString(text, elsewhere)).toEqual({ kind: "service" });
  });

  it.each([
    ["file:C:\\SfDevCluster\\Data\\ImageStoreShare", "C:\\SfDevCluster\\Data\\ImageStoreShare"],
    ["file:c:/SfDevCluster/100%", "c:/SfDevCluster/100%"],
    ["file:\\\\server\\share\\store", "\\\\server\\share\\store"],
    ["file:///C:/Dev%20Cluster/Store", "C:\\Dev Cluster\\Store"],
    ["file://server/share/store", "\\\\server\\share\\store"],
    ["File:C:\\x", "C:\\x"],
  ])("%s is a folder on Windows", (text, folder) => {
    expect(parseConnectionString(text, onWindows)).toEqual({ kind: "folder", folder });
  });

  it.each([
    ["file:/var/sf/store", "/var/sf/store"],
    ["file:///var/sf%20cluster/store", "/var/sf cluster/store"],
    ["file:/var/100%", "/var/100%"],
  ])("%s is a folder elsewhere", (text, folder) => {
    expect(parseConnectionString(text, elsewhere)).toEqual({ kind: "folder", folder });
  });

  it.each(["file:C:\\Store", "file:///C:/Store", "file:\\\\server\\share"])(
    "%s cannot be used on another system",
    (text) => {
      expect(() => parseConnectionString(text, elsewhere)).toThrow(
        /on a Windows machine.*--image-store file:/,
      );
    },
  );

  it.each(["file:", "file:store", "file:.\\store", "file:C:store"])("%s is not an absolute path", (text) => {
    expect(() => parseConnectionString(text, onWindows)).toThrow(/is not an absolute path/);
    expect(() => parseConnectionString(text, elsewhere)).toThrow(/is not an absolute path/);
  });

  it("are reported only by type if unsupported, because the rest may be a key", () => {
    const text = "xstore:DefaultEndpointsProtocol=https;AccountKey=geheim";
    expect(() => parseConnectionString(text)).toThrow(/type "xstore:"\. Only fabric: and file:/);
    expect(() => parseConnectionString(text)).not.toThrow(/geheim/);
    expect(() => parseConnectionString("AccountKey=geheim")).not.toThrow(/geheim/);
  });
});
