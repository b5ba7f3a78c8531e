import type { ContentPage, StoreEntry } from "./content.js";

/** The entries of all pages, asked for one after the other as they are needed. */
export async function* listEntries(
  getPage: (token: { continuationToken?: string }) => Promise<ContentPage>,
): AsyncGenerator<StoreEntry, void, undefined> {
  let token: { continuationToken?: string } = {};
  for (;;) {
    const { files, folders, continuationToken } = await getPage(token);
    yield* files;
    yield* folders;
    if (continuationToken === undefined) return;
    token = { continuationToken };
  }
}
