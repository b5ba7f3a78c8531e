import { describe, expect, it } from "vitest";
import { parseContentRange } from "../src/sessions/ranges.js";
import { FabricError } from "../src/wire/fabric-error.js";

const maxUint64 = "18446744073709551615";

describe("§2.1 Content-Range is accepted", () => {
  it.each([
    ["the plain form", "bytes 0-99/1000", [0n, 99n, 1000n]],
    ["no unit", "0-99/1000", [0n, 99n, 1000n]],
    ["the unit's letters in any number", "bytesbyte 0-99/1000", [0n, 99n, 1000n]],
    ["no blank after the unit", "bytes0-99/1000", [0n, 99n, 1000n]],
    ["a left side of *", "bytes */1000", [0n, 0n, 1000n]],
    ["a left side of one number", "bytes 5/1000", [0n, 0n, 1000n]],
    ["a left side of three numbers", "bytes 0-1-2/1000", [0n, 0n, 1000n]],
    ["a left side of one negative number", "bytes -5/1000", [0n, 0n, 1000n]],
    ["empty pieces between separators", "bytes 1--5//10", [1n, 5n, 10n]],
    ["an end equal to the size", "bytes 0-10/10", [0n, 10n, 10n]],
    ["blanks around numbers", "bytes  0 - 99 / 1000 ", [0n, 99n, 1000n]],
    ["a leading plus", "bytes +1-+9/+10", [1n, 9n, 10n]],
    ["hexadecimal", "bytes 0x0-0xf/0X10", [0n, 15n, 16n]],
    ["leading zeros, as decimal", "bytes 010-011/0100", [10n, 11n, 100n]],
    ["the largest number", `bytes 0-1/${maxUint64}`, [0n, 1n, 2n ** 64n - 1n]],
    ["a size of zero", "bytes 0-0/0", [0n, 0n, 0n]],
  ])("with %s", (_, header, [start, end, size]) => {
    expect(parseContentRange(header)).toEqual({ start, end, size });
  });

  it.each([undefined, ""])("when missing or empty, as 0-0 of 0 bytes (%o)", (header) => {
    expect(parseContentRange(header)).toEqual({ start: 0n, end: 0n, size: 0n });
  });
});

describe("§2.1 Content-Range is rejected with the range code", () => {
  it.each([
    ["= after the unit", "bytes=0-99/1000"],
    ["the unit in another case", "Bytes 0-99/1000"],
    ["another unit", "items 0-99/1000"],
    ["no size", "bytes 0-99"],
    ["an empty size", "bytes 0-99/"],
    ["two sizes", "bytes 0-99/100/100"],
    ["nothing but the unit", "bytes"],
    ["a size of *", "bytes 0-99/*"],
    ["a size that is no number", "bytes 0-99/ten"],
    ["a negative size", "bytes 0-99/-1"],
    ["a start that is no number", "bytes a-99/1000"],
    ["an end that is no number", "bytes 0-b/1000"],
    ["a blank end", "bytes 0- /10"],
    ["a plus before hexadecimal", "bytes 0-+0x9/10"],
    ["start after end", "bytes 9-8/10"],
    ["an end after the size", "bytes 0-11/10"],
    ["a number above 2^64-1", "bytes 0-1/18446744073709551616"],
    ["several ranges", "bytes 0-1/10, bytes 2-3/10"],
  ])("for %s", (_, header) => {
    expect(() => parseContentRange(header)).toThrow(
      new FabricError("FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE"),
    );
  });
});
