import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** What a broken proxy does with one request. In each case the client seems to get a response from a server. */
export type WireAction =
  /** Responds 200 with an empty body, and does not forward the request. */
  | "answer-undelivered"
  /** Forwards the request and sends its response twice at once. */
  | "answer-twice"
  /** Forwards the request and sends its response again when the connection is idle. */
  | "answer-again-when-idle"
  /** Does not forward the request and sends the previous response again. */
  | "answer-of-another";

export interface WireFault {
  /** What the method and the URL of the request look like. */
  readonly match: RegExp;
  /** The first matching request to suffer, counted from 1. */
  readonly nth?: number;
  readonly times?: number;
  readonly do: WireAction;
}

export interface WireProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** Method and URL of what was passed on. */
  readonly delivered: string[];
  /** Adds a fault. Returns what removes it. */
  addFault(fault: WireFault): () => void;
  /** How often the fault occurred. */
  readonly fired: () => number;
}

interface RawRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A TCP server between client and gateway that misbehaves as asked, on connections that are kept open. */
export async function startWireProxy(target: string): Promise<WireProxy> {
  const faults = new Map<WireFault, number>();
  const sockets = new Set<Socket>();
  const delivered: string[] = [];
  let fired = 0;
  let lastAnswer = rawAnswer(200, undefined, Buffer.alloc(0));

  const faultFor = (line: string): WireAction | undefined => {
    for (const [fault, count] of faults) {
      if (!fault.match.test(line)) continue;
      faults.set(fault, count + 1);
      const { nth = 1, times = 1 } = fault;
      if (count + 1 < nth || count + 1 >= nth + times) continue;
      fired += 1;
      return fault.do;
    }
    return undefined;
  };

  const answer = async (socket: Socket, request: RawRequest): Promise<void> => {
    const line = `${request.method} ${request.url}`;
    const action = faultFor(line);
    if (action === "answer-undelivered") return void socket.write(rawAnswer(200, undefined, Buffer.alloc(0)));
    if (action === "answer-of-another") return void socket.write(lastAnswer);
    delivered.push(line);
    const bytes = await forward(target, request);
    if (bytes === undefined) return void socket.destroy();
    lastAnswer = bytes;
    socket.write(action === "answer-twice" ? Buffer.concat([bytes, bytes]) : bytes);
    if (action === "answer-again-when-idle") setImmediate(() => setImmediate(() => socket.write(bytes)));
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let received = Buffer.alloc(0);
    let busy = Promise.resolve();
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      for (let next = takeRequest(received); next !== undefined; next = takeRequest(received)) {
        const { request, rest } = next;
        received = rest;
        busy = busy.then(() => answer(socket, request));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A TCP server has a port, where one that listens at a path does not.
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    delivered,
    addFault(fault) {
      faults.set(fault, 0);
      return () => faults.delete(fault);
    },
    fired: () => fired,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** The first whole request in what was received. */
function takeRequest(received: Buffer): { request: RawRequest; rest: Buffer<ArrayBuffer> } | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = received.subarray(0, end).toString("latin1").split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
  const length = Number(headers["content-length"] ?? 0);
  const start = end + 4;
  if (received.length < start + length) return undefined;
  const [method = "", url = ""] = first.split(" ");
  const body = Buffer.from(received.subarray(start, start + length));
  return { request: { method, url, headers, body }, rest: Buffer.from(received.subarray(start + length)) };
}

/** What the gateway answers, as bytes. Undefined when the connection to it breaks. */
async function forward(
  target: string,
  { method, url, headers, body }: RawRequest,
): Promise<Buffer | undefined> {
  const passed = { ...headers, host: new URL(target).host, connection: "close" };
  return new Promise((resolve) => {
    const passing = httpRequest(
      new URL(url, target),
      { method, headers: passed, agent: false },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", () => resolve(undefined));
        response.on("end", () =>
          resolve(
            rawAnswer(response.statusCode ?? 0, response.headers["content-type"], Buffer.concat(parts)),
          ),
        );
      },
    );
    passing.on("error", () => resolve(undefined));
    passing.end(body);
  });
}

function rawAnswer(status: number, contentType: string | undefined, body: Buffer): Buffer {
  const type = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  const length = status === 204 ? "" : `Content-Length: ${body.length}\r\n`;
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} X\r\n${type}${length}\r\n`), body]);
}
