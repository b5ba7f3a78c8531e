import type { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const limits: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};

const isNumber = (text: string) => /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$|^(NaN|-?Infinity)$/i.test(text);

/** A time span of ISO 8601. Its smallest part may have a fraction, as the servers of this API write it. */
const duration = /^-?P(?!$)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?$/;

/** The name under which a format of numbers is checked in a text: JSON Schema formats hold for one type only. */
export function inText(format: string): string {
  return Object.hasOwn(limits, format) || format === "double" || format === "float"
    ? `${format} in a text`
    : format;
}

/**
 * The formats of OpenAPI. This API writes 64-bit numbers as strings of digits (protocol §3), which JSON Schema libraries
 * let pass unread.
 */
export function addOpenApiFormats(ajv: Ajv2020): void {
  addFormats.default(ajv);
  ajv.addFormat("duration", duration);
  // The library's own takes urn:uuid: in front, servers take exactly 36 characters (protocol §3).
  ajv.addFormat("uuid", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
  for (const name of ["double", "float"]) ajv.addFormat(inText(name), isNumber);
  for (const [name, [least, most]] of Object.entries(limits)) {
    ajv.addFormat(
      inText(name),
      (text) => /^-?\d+$/.test(text) && BigInt(text) >= least && BigInt(text) <= most,
    );
  }
}

/** What a format asks for, for people. */
export const formatNames: Readonly<Record<string, string>> = {
  uuid: "a GUID in the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
  "date-time": "a date and time such as 2017-09-28T17:06:37.260Z",
  duration: "a time span such as PT1H30M",
  "int32 in a text": "the digits of a 32-bit integer",
  "int64 in a text": "the digits of a 64-bit integer",
  "double in a text": "a number in a text",
  "float in a text": "a number in a text",
};
