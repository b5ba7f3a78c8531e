import { openapi } from "@sf-image-store/types/openapi";
import { type Html, html } from "./html.js";

type Members = Readonly<Record<string, unknown>>;

/** The API as the bundled OpenAPI document describes it, with one collapsible section per operation. */
export function referenceView(): Html {
  const operations = Object.entries(members(openapi["paths"])).flatMap(([path, item]) =>
    Object.entries(members(item)).map(([method, operation]) =>
      operationView(method, path, members(operation)),
    ),
  );
  return html`${operations}`;
}

function operationView(method: string, path: string, operation: Members): Html {
  const { operationId, summary, description } = operation;
  const parameters = list(operation["parameters"]).map((parameter) => parameterView(resolved(parameter)));
  const responses = Object.entries(members(operation["responses"])).map(
    ([status, response]) =>
      html`<tr><td>${status}</td><td>${text(resolved(response)["description"])}</td></tr>`,
  );
  return html`<details class="operation"><summary><code>${method.toUpperCase()} ${path}</code> ${text(operationId)}</summary>
<p>${text(summary)} ${text(description)}</p>
<table><thead><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr></thead><tbody>${parameters}${bodyView(operation)}</tbody></table>
<table><thead><tr><th>Response</th><th>Meaning</th></tr></thead><tbody>${responses}</tbody></table></details>`;
}

function parameterView({ name, in: place, required, description }: Members): Html {
  const isRequired = required === true ? "" : " (optional)";
  return html`<tr><td><code>${text(name)}</code>${isRequired}</td><td>${text(place)}</td><td>${text(description)}</td></tr>`;
}

function bodyView(operation: Members): Html {
  const body = resolved(operation["requestBody"]);
  const types = Object.keys(members(body["content"]));
  if (types.length === 0) return html``;
  return html`<tr><td>${types.join(", ")}</td><td>body</td><td>${text(body["description"])}</td></tr>`;
}

/** Resolves a `$ref` inside the document. Returns any other value unchanged. */
function resolved(value: unknown): Members {
  const { $ref } = members(value);
  if (typeof $ref !== "string") return members(value);
  const names = $ref.replace(/^#\//, "").split("/");
  return names.reduce<Members>((place, name) => members(place[name]), openapi);
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
