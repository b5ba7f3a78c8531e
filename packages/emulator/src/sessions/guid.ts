const zeroGuid = "00000000-0000-0000-0000-000000000000";
const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * The GUID in lower case, or undefined. Only the dashed form of 36 characters counts (protocol §3). The GUID of all
 * zeros is undefined too: the cluster cannot tell it from an absent parameter.
 */
export function parseGuid(text: string | undefined): string | undefined {
  if (text === undefined || !pattern.test(text)) return undefined;
  const guid = text.toLowerCase();
  return guid === zeroGuid ? undefined : guid;
}

/**
 * Orders lower-case GUIDs as the cluster's map does (protocol §2.7): by the bytes of the structure in memory, whose
 * first three fields are little-endian.
 */
export function compareGuids(left: string, right: string): number {
  const a = memoryLayout(left);
  const b = memoryLayout(right);
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function memoryLayout(guid: string): string {
  const fields = guid.split("-");
  return fields.map((field, index) => (index < 3 ? reverseBytes(field) : field)).join("");
}

function reverseBytes(hex: string): string {
  return (hex.match(/../g) ?? []).reverse().join("");
}
