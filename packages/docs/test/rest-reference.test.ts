import { join, resolve } from "node:path";
import { arrayAt, isObject, loadContract, loadObject, operationsOf, stringAt } from "openapi-contract";
import { describe, expect, it } from "vitest";
import { restReference } from "../src/rest/reference.js";

const specs = resolve(import.meta.dirname, "../../../specs");

async function referenceOf(name: string) {
  const overlayFile = join(specs, `${name}.overlay.yaml`);
  const overlay = loadObject(overlayFile).value;
  const document = await loadContract({ spec: join(specs, `${name}.swagger.yaml`), overlay: overlayFile });
  const pages = restReference(document, overlay);
  const page = (file: string) => pages.get(`${file}.md`) ?? "";
  return { overlay, document, page, everything: [...pages.values()].join("\n") };
}

const { page } = await referenceOf("image-store");

describe.each(["image-store", "applications"])("the REST reference of %s", async (name) => {
  const { overlay, document, page, everything } = await referenceOf(name);

  it("has a page for every operation, and a link to it", () => {
    const names = operationsOf(document).map(({ operation }) => stringAt(operation, "operationId"));
    expect(names.length).toBeGreaterThan(12);
    for (const name of names) {
      expect(page(name ?? "")).toContain(`# ${name}`);
      expect(page("overview")).toContain(`[${name}](${name}.md)`);
    }
  });

  it("includes every correction of the overlay", () => {
    const actions = arrayAt(overlay, "actions").filter(isObject);
    expect(actions.length).toBeGreaterThan(20);
    const missing = actions
      .map((action) => stringAt(action, "description") ?? "")
      .filter((text) => !everything.includes(`- ${text}. Evidence`));
    expect(missing).toEqual([]);
  });
});

describe("the REST reference", () => {
  it("leads from a body to its model, and from a model to those in it", () => {
    expect(page("GetImageStoreUploadSessionById")).toContain(
      "[UploadSession](models.md#uploadsession) as `application/json`",
    );
    expect(page("models")).toContain("array of [UploadSessionInfo](models.md#uploadsessioninfo)");
  });

  it("shows bounds, defaults and required parameters", () => {
    expect(page("UploadFileChunk")).toContain(
      "| `timeout`, query | integer (int64); 1 to 4294967295; default `60` |",
    );
    expect(page("UploadFileChunk")).toContain("| `session-id`, query, required | string (uuid) |");
    expect(page("UploadFileChunk")).toContain("Required: bytes as `application/octet-stream`.");
  });

  it("shows examples as they go over the wire", () => {
    expect(page("UploadFileChunk")).toContain(
      "PUT /ImageStore/CalculatorApp/CalculatorPkg/Code.zip/$/UploadChunk?api-version=6.0&session-id=bb2c94a7-5948-4df6-ab01-0697f3304231 HTTP/1.1\nContent-Range: bytes 0-4/12\n\nfirst\n",
    );
  });

  it("describes a union by its members, and a member with what all of them have", async () => {
    const { page } = await referenceOf("applications");
    const sections = new Map(
      page("models")
        .split("\n## ")
        .map((text) => [text.split("\n")[0], text]),
    );
    expect(sections.get("ProvisionApplicationTypeDescriptionBase")).toContain(
      "[ExternalStoreProvisionApplicationTypeDescription](models.md#externalstoreprovisionapplicationtypedescription), or [ProvisionApplicationTypeDescription]",
    );
    const external = sections.get("ExternalStoreProvisionApplicationTypeDescription") ?? "";
    for (const row of [
      "| `Kind` | `ExternalStore` |",
      "| `Async` | boolean |",
      "| `ApplicationTypeName` | string |",
    ])
      expect(external).toContain(row);
  });
});
