import { Agent, request } from "node:http";
import type { Socket } from "node:net";
import type { ProxyServer } from "./proxy.js";
import { keepAliveProbeMs } from "./socket-options.js";
import { TransportError } from "./transport-error.js";

export interface TunnelOptions {
  /** Where the tunnel shall lead, as `host:port`. */
  readonly target: string;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * A connection through a proxy. (The proxy agents of npm pass a proxy's refusal off as the server's answer, and leave no
 * room between the handshake and the first byte of the request.)
 */
export function openTunnel(
  proxy: ProxyServer,
  { target, connectTimeoutMs, signal }: TunnelOptions,
): Promise<Socket> {
  const { host, port, name, authorization } = proxy;
  return new Promise((resolve, reject) => {
    const connecting = request({
      host,
      port,
      method: "CONNECT",
      path: target,
      headers: {
        host: target,
        ...(authorization === undefined ? {} : { "proxy-authorization": authorization }),
      },
      agent: new Agent(),
      timeout: connectTimeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
    connecting.on("timeout", () => {
      const message = `the proxy ${name} made no tunnel to ${target}: nothing moved for ${connectTimeoutMs} ms`;
      connecting.destroy(new TransportError("ETIMEDOUT", message));
    });
    connecting.on("error", (error) => {
      // The code is the system's; its message names an address that the caller may never have heard of.
      if (!(error instanceof TransportError)) error.message = `the proxy ${name} failed: ${error.message}`;
      reject(error);
    });
    const refuse = (status: string) => {
      const message = `the proxy ${name} made no tunnel to ${target}, but answered ${status}`;
      connecting.destroy();
      reject(new TransportError("ERR_PROXY_REFUSED", message));
    };
    connecting.on("response", ({ statusCode, statusMessage }) => refuse(`${statusCode} ${statusMessage}`));
    connecting.on("connect", ({ statusCode = 0, statusMessage }, socket: Socket, head: Buffer) => {
      if (statusCode < 200 || statusCode >= 300) return refuse(`${statusCode} ${statusMessage}`);
      // A server waits for the client to begin; bytes ahead of that are none of its.
      if (head.length > 0) return refuse("with bytes of its own");
      socket.setTimeout(0);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveProbeMs);
      resolve(socket);
    });
    connecting.end();
  });
}
