import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** Compares two files to the byte. Returns their SHA-256. */
export async function sameFile(one: string, other: string): Promise<string> {
  const [a, b] = await Promise.all([digestOf(one), digestOf(other)]);
  if (a !== b) throw new Error(`${other} differs from ${one}`);
  return a;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
