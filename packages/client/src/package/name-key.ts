/** What two names have in common when a gateway takes them for one. */
export type NameKey = (name: string) => string;

/** Linux takes names as they are (protocol §5.2). */
export const exactKey: NameKey = (name) => name;

/**
 * Windows ignores case, as files on its disks do: character by character, for `toLowerCase` of a whole name depends on
 * places (`ΑΣ`), and only where the length stays.
 */
export const foldedKey: NameKey = (name) => name.replaceAll(/[^a-z0-9/]/g, foldCharacter);

function foldCharacter(character: string): string {
  const upper = character.toUpperCase();
  const lower = (upper.length === 1 ? upper : character).toLowerCase();
  return lower.length === 1 ? lower : character;
}
