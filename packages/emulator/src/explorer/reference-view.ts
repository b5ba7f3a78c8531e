import { openapi as applications } from "@sf-image-store/types/applications/openapi";
import { openapi as imageStore } from "@sf-image-store/types/openapi";
import { type Html, html } from "./html.js";

type Members = Readonly<Record<string, unknown>>;

/**
 * The API as the bundled OpenAPI documents describe it, with one collapsible section per operation.
 * @param operations The operations of the gateway by ID. The others are left out.
 */
export function referenceView(operations: Readonly<Record<string, unknown>>): Html {
  const views = [imageStore, applications].flatMap((document) =>
    Object.entries(members(document["paths"])).flatMap(([path, item]) =>
      Object.entries(members(item))
        .filter(([, operation]) => text(members(operation)["operationId"]) in operations)
        .map(([method, operation]) =>
          operationView(document, method.toUpperCase(), path, members(operation)),
        ),
    ),
  );
  return html`${views}`;
}

function operationView(document: Members, method: string, path: string, operation: Members): Html {
  const resolved = (value: unknown) => resolve(document, value);
  const { operationId, summary, description } = operation;
  const parameters = list(operation["parameters"]).map((parameter) => parameterView(resolved(parameter)));
  const responses = Object.entries(members(operation["responses"])).map(
    ([status, response]) =>
      html`<tr><th scope="row">${status}</th><td>${prose(resolved(response)["description"])}</td></tr>`,
  );
  return html`<details class="operation"><summary><span class="method" data-method="${method}">${method}</span>
<code>${path}</code> <span class="quiet">${text(operationId)}</span></summary>
<div class="inside"><p>${prose(summary)} ${prose(description)}</p>
<table><thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Meaning</th></tr></thead>
<tbody>${parameters}${bodyView(resolved(operation["requestBody"]))}</tbody></table>
<table><thead><tr><th scope="col">Response</th><th scope="col">Meaning</th></tr></thead><tbody>${responses}</tbody></table></div></details>
`;
}

function parameterView({ name, in: place, required, description }: Members): Html {
  const optional = required === true ? html`` : html` <span class="quiet">optional</span>`;
  return html`<tr><th scope="row"><code>${text(name)}</code>${optional}</th><td>${text(place)}</td><td>${prose(description)}</td></tr>`;
}

function bodyView(body: Members): Html {
  const types = Object.keys(members(body["content"]));
  if (types.length === 0) return html``;
  return html`<tr><th scope="row">${types.join(", ")}</th><td>body</td><td>${prose(body["description"])}</td></tr>`;
}

/** Resolves a `$ref` inside the document. Returns any other value unchanged. */
function resolve(document: Members, value: unknown): Members {
  const { $ref } = members(value);
  if (typeof $ref !== "string") return members(value);
  const names = $ref.replace(/^#\//, "").split("/");
  return names.reduce<Members>((place, name) => members(place[name]), document);
}

function members(value: unknown): Members {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Marks the parts between backticks as code. */
function prose(value: unknown): Html {
  const parts = text(value).split("`");
  return html`${parts.map((part, index) => (index % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))}`;
}
