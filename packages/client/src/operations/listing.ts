import type { ContentPage, StoreEntry } from "./content.js";

/** Asks for a page; `isKnown` tells the tokens that would make the listing go round in a circle. */
export type GetPage = (
  token: { continuationToken?: string },
  isKnown: (token: string) => boolean,
) => Promise<ContentPage>;

/** The entries of all pages, asked for one after the other as they are needed. Every loop over it begins anew. */
export function listEntries(
  getPage: GetPage,
  abortSignal: AbortSignal | undefined,
): AsyncIterable<StoreEntry> {
  return { [Symbol.asyncIterator]: () => entriesOf(getPage, abortSignal) };
}

async function* entriesOf(
  getPage: GetPage,
  abortSignal: AbortSignal | undefined,
): AsyncGenerator<StoreEntry, void, undefined> {
  const known = new Set<string>();
  const isKnown = (token: string) => known.has(token);
  let token: { continuationToken?: string } = {};
  for (;;) {
    const { files, folders, continuationToken } = await getPage(token, isKnown);
    for (const entry of [...files, ...folders]) {
      // A request with an aborted signal is not sent and rejects with the error that says so.
      if (abortSignal?.aborted) await getPage(token, isKnown);
      yield entry;
    }
    if (continuationToken === undefined) return;
    known.add(continuationToken);
    token = { continuationToken };
  }
}
