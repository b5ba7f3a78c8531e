import { makeCertificate } from "../certificate.js";
import { figure } from "../figures.js";
import type { SinkOptions } from "../sink/start-sink.js";
import { type Child, startChild } from "./start-child.js";

/** Something to upload to, in a process of its own. */
export interface Server extends Child {
  readonly endpoint: string;
  /** To be trusted, over https. */
  readonly ca?: string;
}

export async function startSinkChild(
  signal: AbortSignal,
  options: Omit<SinkOptions, "tls"> = {},
): Promise<Server> {
  return serverAt("http", await startChild("sink", options, signal));
}

export async function startSecureSinkChild(signal: AbortSignal): Promise<Server> {
  const tls = makeCertificate();
  const child = await startChild("sink", { tls } satisfies SinkOptions, signal);
  return { ...serverAt("https", child), ca: tls.cert };
}

export async function startEmulatorChild(signal: AbortSignal): Promise<Server> {
  return serverAt("http", await startChild("emulator", null, signal));
}

function serverAt(scheme: string, child: Child): Server {
  return { ...child, endpoint: `${scheme}://127.0.0.1:${figure(child.ready, "port")}` };
}
