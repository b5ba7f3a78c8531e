import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { type Figures, type Inputs, importEmulator, type Service } from "../resources.js";

type Services = { readonly [Name in keyof Inputs]: (input: Inputs[Name]) => Promise<Service> };

/** Loaded on demand, because unused modules would add to the measured memory. */
const services: Services = {
  "bare-upload": async (input) => (await import("./bare.js")).bareUpload(input),
  "bare-package-upload": async (input) => (await import("./bare.js")).barePackageUpload(input),
  "bare-hash-upload": async (input) => (await import("./bare.js")).bareHashUpload(input),
  "client-upload": async (input) => (await import("./client.js")).clientUpload(input),
  "package-upload": async (input) => (await import("./client.js")).packageUpload(input),
  requests: async (input) => (await import("./client.js")).requests(input),
  sink: async (input) => (await import("./sink.js")).startSink(input),
  emulator: startEmulator,
};

const [, , name = "", input = "null"] = process.argv;
if (!isService(name)) throw new Error(`There is no service "${name}".`);
await serveParent(name, input);

/** Serves the parent until it disconnects or dies, so that no child outlives a benchmark. */
async function serveParent<Name extends keyof Inputs>(name: Name, input: string): Promise<void> {
  const parentHasLeft = once(process, "disconnect");
  // Ctrl+C reaches every process of the terminal. Ignore it: the parent ends its children in order.
  process.on("SIGINT", () => {});
  const service = await services[name](JSON.parse(input));
  process.on("message", async () => tell(await service.run()));
  tell(service.ready);
  await parentHasLeft;
  await service.close();
  process.exit();
}

function tell(figures: Figures): void {
  if (process.connected) process.send?.(figures);
}

function isService(name: string): name is keyof Inputs {
  return Object.hasOwn(services, name);
}

async function startEmulator({ build, delayMs = 0 }: Inputs["emulator"]): Promise<Service> {
  const emulator = await (await importEmulator(build)).startEmulator({
    faults: delayMs === 0 ? [] : [{ do: "delay", ms: delayMs, times: Number.MAX_SAFE_INTEGER }],
  });
  return {
    ready: { port: Number(new URL(emulator.endpoint).port) },
    /** Deletes everything in the store, so that a benchmark with many rounds does not fill the disk. */
    async run() {
      const store = `${emulator.endpoint}/ImageStore`;
      const root: { StoreFolders: { StoreRelativePath: string }[] } = JSON.parse(
        await send("GET", `${store}?api-version=6.0`),
      );
      for (const { StoreRelativePath } of root.StoreFolders)
        await send("DELETE", `${store}/${encodeURIComponent(StoreRelativePath)}?api-version=6.0`);
      return {};
    },
    close: () => emulator.close(),
  };
}

/** Not with `fetch`: loading it would make the garbage collections of the measured process longer. Returns the response. */
async function send(method: "GET" | "DELETE", url: string): Promise<string> {
  const [response]: IncomingMessage[] = await once(http.request(url, { method }).end(), "response");
  if (response?.statusCode !== 200) throw new Error(`${method} ${url} got ${response?.statusCode}.`);
  return text(response);
}
