import { resolve } from "node:path";
import { bundleForBrowser } from "@sf-image-store/testing";

/** What a page may load for a client that has not uploaded anything yet, and what all of the client may weigh. Gzipped. */
const budget = { entryBytes: 15_000, allBytes: 35_000 };

const { entryBytes, laterBytes } = await bundleForBrowser(resolve(import.meta.dirname, "../.."));
const allBytes = entryBytes + laterBytes;
console.log(`at once        ${entryBytes} of ${budget.entryBytes} bytes, gzipped, openapi-fetch included`);
console.log(`with uploads   ${allBytes} of ${budget.allBytes} bytes`);
process.exitCode = entryBytes <= budget.entryBytes && allBytes <= budget.allBytes ? 0 : 1;
