import { createNodeFetch } from "@sf-image-store/client/node";

const [, , url = "", thumbprint = ""] = process.argv;
const fetch = createNodeFetch({ proxy: false, serverThumbprints: [thumbprint] });
const response = await fetch(url, { method: "PUT", body: new Uint8Array(100_000) });
await response.arrayBuffer();
console.log(response.status);
