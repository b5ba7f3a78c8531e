// `pnpm demo:browser`: serves a page that uploads files to an emulator, until Ctrl+C.
import { once } from "node:events";
import { startEmulator } from "@sf-image-store/emulator";
import { servePage } from "./page-server.js";

const interrupted = once(process, "SIGINT");
await using page = await servePage();
const origin = `http://localhost:${page.port}`;
await using emulator = await startEmulator({ corsOrigins: [origin] });
const url = `${origin}/?endpoint=${encodeURIComponent(emulator.endpoint)}`;
console.log(`Page      ${url}`);
console.log(`Explorer  ${emulator.endpoint}/Explorer`);
console.log("Press Ctrl+C to stop and remove the uploaded files.");
await interrupted;
