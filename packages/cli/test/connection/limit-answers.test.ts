import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createImageStoreClient, createNodeFetch } from "@sf-image-store/client/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { limitAnswers } from "../../src/connection/limit-answers.js";
import { explain } from "../../src/failure/explain.js";

async function silentServer(): Promise<string> {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  onTestFinished(() => void server.closeAllConnections());
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

describe("a gateway that never answers", () => {
  it("is given up after the server's own limit and some more, as a time-out", async () => {
    const client = createImageStoreClient({
      endpoint: await silentServer(),
      fetch: limitAnswers(createNodeFetch(), 20),
    });
    const error = await client.getClusterManifest({ timeoutSeconds: 1 }).catch((reason: unknown) => reason);
    expect(explain(error).document).toMatchObject({
      code: "timeOut",
      message: expect.stringContaining("nothing came back in 1 seconds"),
    });
  });

  it("ends at once when the caller stops", async () => {
    const client = createImageStoreClient({
      endpoint: await silentServer(),
      fetch: limitAnswers(createNodeFetch()),
    });
    const abortSignal = AbortSignal.abort();
    await expect(client.getClusterManifest({ abortSignal })).rejects.toMatchObject({ name: "AbortError" });
  });
});
