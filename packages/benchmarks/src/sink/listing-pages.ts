const perPage = 1000;

/** A folder with many files, whose pages were made beforehand: serving one costs as little as it can. */
export class ListingPages {
  readonly #pages = new Map<string, string>();

  /** The first page has no token; the token of every other is the last name before it. */
  constructor(folder: string, entries: number, write: (paths: readonly string[], next: string) => string) {
    const paths = Array.from({ length: entries }, (_, index) => `${folder}/File${index}.bin`);
    let token = "";
    for (let start = 0; start < entries; start += perPage) {
      const page = paths.slice(start, start + perPage);
      const next = start + perPage < entries ? encodeURIComponent(page.at(-1) ?? "") : "";
      this.#pages.set(decodeURIComponent(token), write(page, next));
      token = next;
    }
  }

  /** @param token As it is after decoding. */
  page(token: string): string | undefined {
    return this.#pages.get(token);
  }
}
