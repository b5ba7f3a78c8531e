import { startEmulator } from "@sf-image-store/emulator";
import { serveParent } from "./serve-parent.js";

await serveParent(async () => {
  const emulator = await startEmulator();
  return {
    ready: { port: Number(new URL(emulator.endpoint).port) },
    run: async () => ({}),
    close: () => emulator.close(),
  };
});
