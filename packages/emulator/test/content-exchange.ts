import type { Emulator } from "../src/index.js";
import { type Received, type Sent, send, version } from "./exchange.js";

export function putFile(emulator: Emulator, path: string, body: string | Buffer = "x", sent: Sent = {}) {
  return send(emulator, "PUT", `/ImageStore/${path}?${version}`, { ...sent, body });
}

export async function putFiles(emulator: Emulator, ...paths: string[]): Promise<void> {
  for (const path of paths) await putFile(emulator, path);
}

export function listContent(emulator: Emulator, path = "", query = "api-version=6.2"): Promise<Received> {
  return send(emulator, "GET", `/ImageStore${path === "" ? "" : `/${path}`}?${query}`);
}

export function deleteContent(emulator: Emulator, path: string, query = version): Promise<Received> {
  return send(emulator, "DELETE", `/ImageStore/${path}?${query}`);
}

export function copyContent(emulator: Emulator, description: unknown): Promise<Received> {
  const body = typeof description === "string" ? description : JSON.stringify(description);
  return send(emulator, "POST", `/ImageStore/$/Copy?${version}`, { body });
}

export interface Listing {
  readonly files: string[];
  /** `path count` */
  readonly folders: string[];
  readonly token: string | undefined;
}

/** Names and counts of a listing. */
export function listed({ text }: Received): Listing {
  const { StoreFiles, StoreFolders, ContinuationToken } = JSON.parse(text);
  return {
    files: StoreFiles.map((file: { StoreRelativePath: string }) => file.StoreRelativePath),
    folders: StoreFolders.map(
      (folder: { StoreRelativePath: string; FileCount: string }) =>
        `${folder.StoreRelativePath} ${folder.FileCount}`,
    ),
    token: ContinuationToken,
  };
}

/** Every file of the store by its path, wherever it is. */
export async function allFiles(emulator: Emulator): Promise<string[]> {
  const found: string[] = [];
  const visit = async (path: string): Promise<void> => {
    const answer = await listContent(emulator, path);
    if (answer.status !== 200) return;
    const { files, folders } = listed(answer);
    found.push(...files);
    for (const folder of folders) await visit(encodeURIComponent(folder.replace(/ \d+$/, "")));
  };
  await visit("");
  return found.sort();
}
