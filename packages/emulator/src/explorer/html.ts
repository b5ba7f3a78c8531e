import { escapeMarkup } from "../wire/markup.js";

/** HTML that is safe to put into a page. Only `html` creates it. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

type Insertion = string | number | Html | readonly Html[];

/** Builds a piece of a page. Escapes inserted values, except for other pieces. */
export function html(template: TemplateStringsArray, ...insertions: readonly Insertion[]): Html {
  const pieces = template.map((text, index) => text + toMarkup(insertions[index] ?? ""));
  return new Html(pieces.join(""));
}

function toMarkup(value: Insertion): string {
  if (value instanceof Html) return value.toString();
  if (typeof value === "string" || typeof value === "number") return escapeMarkup(String(value));
  return value.map((piece) => piece.toString()).join("");
}
