import { InvalidArgumentError } from "commander";
import { sizeText } from "../output/units.js";
import { parseSize } from "./values.js";

/** A size within bounds, both allowed. */
export function sizeBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const bytes = parseSize(text);
    if (bytes >= least && bytes <= most) return bytes;
    throw new InvalidArgumentError(`It must be from ${sizeText(least)} to ${sizeText(most)}.`);
  };
}

/** A whole number within bounds, both allowed. */
export function countBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (count >= least && count <= most) return count;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}
