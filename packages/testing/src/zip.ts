import { crc32, deflateRawSync } from "node:zlib";

/** An entry of a zip archive with any values in its headers. */
export interface ZipEntry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** Deflate the content. @default true */
  readonly deflate?: boolean;
  readonly crc?: number;
  readonly size?: number;
  readonly flags?: number;
  readonly method?: number;
  /** The mode on Unix. */
  readonly mode?: number;
  /** Point to the content of the first entry. */
  readonly isShared?: boolean;
}

/** Makes a zip archive byte by byte, because libraries refuse to write invalid ones. */
export function zipArchive(entries: readonly ZipEntry[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? "");
    const deflate = entry.deflate ?? true;
    const bytes = deflate ? deflateRawSync(content) : content;
    const name = Buffer.from(entry.name);
    // From the flags to the length of extra fields: the same in both headers.
    const common = Buffer.alloc(24);
    common.writeUInt16LE((entry.flags ?? 0) | 0x800, 0);
    common.writeUInt16LE(entry.method ?? (deflate ? 8 : 0), 2);
    common.writeUInt32LE(entry.crc ?? crc32(content), 8);
    common.writeUInt32LE(bytes.length, 12);
    common.writeUInt32LE(entry.size ?? content.length, 16);
    common.writeUInt16LE(name.length, 20);
    const end = Buffer.alloc(14);
    end.writeUInt32LE(((entry.mode ?? 0) << 16) >>> 0, 6);
    end.writeUInt32LE(entry.isShared ? 0 : offset, 10);
    const madeBy = entry.mode === undefined ? [20, 0] : [20, 3];
    central.push(Buffer.from("PK\x01\x02"), Buffer.from([...madeBy, 20, 0]), common, end, name);
    const piece = Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.from([20, 0]), common, name, bytes]);
    local.push(piece);
    offset += piece.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, directory, Buffer.from("PK\x05\x06"), end]);
}
