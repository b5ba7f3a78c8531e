const hidden = "[hidden]";

/** What was sent and nobody may read: servers and proxies like to repeat what they got in their error pages. */
export class Secrets {
  readonly #known = new Set<string>();

  add(secret: string): void {
    this.#known.add(secret);
    // Tokens come and go; answers to the last but seven have long come.
    const [oldest] = this.#known;
    if (this.#known.size > 8 && oldest !== undefined) this.#known.delete(oldest);
  }

  /** What an `Authorization` header says, if there is one. */
  addFrom(headers: Readonly<Record<string, string>>): void {
    const value = new Headers(headers).get("Authorization")?.split(" ").at(-1) ?? "";
    if (value !== "") this.add(value);
  }

  /** The text without secrets, also without one that was cut off. */
  hide(text: string): string {
    let result = text;
    for (const secret of this.#known) {
      const begin = secret.slice(0, 16).replaceAll(/[^A-Za-z0-9]/g, "\\$&");
      result = result.replaceAll(new RegExp(`${begin}[A-Za-z0-9._~+/=-]*`, "g"), hidden);
    }
    return result;
  }

  /** Whether a secret, one that cannot stand there by chance, is in the text. */
  isIn(text: string): boolean {
    return [...this.#known].some((secret) => secret.length >= 16 && text.includes(secret));
  }

  /** Takes secrets out of an error and its causes. Parsers attach what they could not read. */
  scrub(error: unknown): void {
    if (!(error instanceof Error) || this.#known.size === 0) return;
    for (const [name, { value, writable }] of Object.entries(Object.getOwnPropertyDescriptors(error))) {
      if (writable !== true) continue;
      if (typeof value === "string" && this.hide(value) !== value) Reflect.set(error, name, this.hide(value));
      if (value instanceof Uint8Array) Reflect.deleteProperty(error, name);
      if (name === "errors" && Array.isArray(value)) for (const one of value) this.scrub(one);
    }
    if (error.cause !== error) this.scrub(error.cause);
  }
}
