import { Socket } from "node:net";
import { createServer as createSecureServer } from "node:tls";
import { certify, sha1 } from "@sf-image-store/testing/certificates";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Connection } from "../../src/node/fetch/connections.js";
import { ResponseParser } from "../../src/node/fetch/response-parser.js";
import { createImageStoreClient } from "../../src/node/index.js";
import { causeOf, fetchForTest, httpsServer, rejection, tcpServer, until } from "./servers.js";

const empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const put = { method: "PUT", body: "x" };

/** Responds to the requests of all connections with the texts in order; each `data` event counts as a request. */
function scripted(...answers: ((socket: Socket) => void)[]) {
  const heads: string[] = [];
  return tcpServer((socket) => {
    socket.setNoDelay(true);
    socket.on("data", (data) => {
      heads.push(String(data).split("\r\n")[0] ?? "");
      (answers[heads.length - 1] ?? write(empty))(socket);
    });
  }).then((server) => ({ ...server, heads }));
}

const write = (text: string) => (socket: Socket) => void socket.write(text);

/** Resolves when the client has read the first bytes of a response. */
function beginOfResponse(): Promise<void> {
  const push = vi.spyOn(ResponseParser.prototype, "push");
  onTestFinished(() => void push.mockRestore());
  return until(() => push.mock.calls.length > 0);
}

const isOver = (socket: Socket | undefined) => until(() => socket?.destroyed === true);

describe("a connection is closed and the next request uses another one if", () => {
  it.each([
    ["the answer comes once more", empty],
    ["a part of an answer comes", "HTTP/1.1 2"],
    ["a line break comes", "\r\n"],
    ["what is no HTTP comes", "\u0001\u0002"],
    ["an informational answer comes", "HTTP/1.1 100 Continue\r\n\r\n"],
  ])("%s while it is idle", async (_, text) => {
    const { url, connections, heads } = await scripted();
    const fetch = fetchForTest();
    expect((await fetch(`${url}/a`, put)).status).toBe(200);
    connections[0]?.write(text);
    await isOver(connections[0]);
    expect((await fetch(`${url}/b`, put)).status).toBe(200);
    expect(connections).toHaveLength(2);
    expect(heads).toEqual(["PUT /a HTTP/1.1", "PUT /b HTTP/1.1"]);
  });

  it.each([
    ["the answer comes once more", empty],
    ["a part of an answer comes", "HTTP/1.1 2"],
    ["a line break comes", "\r\n"],
  ])("%s just before the next request is sent", async (_, text) => {
    // The bytes are in the kernel before the client starts the next request.
    const { url, connections, heads } = await scripted();
    const fetch = fetchForTest();
    await fetch(`${url}/a`, put);
    await new Promise<void>((written) => connections[0]?.write(text, () => written()));
    expect((await fetch(`${url}/b`, put)).status).toBe(200);
    expect(connections).toHaveLength(2);
    expect(heads).toEqual(["PUT /a HTTP/1.1", "PUT /b HTTP/1.1"]);
  });

  it("the same happens over TLS", async () => {
    const server = certify("cluster");
    const sockets: Socket[] = [];
    const secure = createSecureServer(server, (socket) => {
      sockets.push(socket);
      socket.on("error", () => {}).on("data", () => socket.write(empty));
    }).listen(0, "127.0.0.1");
    await new Promise((listening) => secure.once("listening", listening));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      secure.close();
    });
    const address = secure.address();
    const url = `https://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const fetch = fetchForTest({ serverThumbprints: [sha1(server)] });
    await fetch(url, put);
    await fetch(url, put);
    expect(sockets).toHaveLength(1);
    sockets[0]?.write(empty);
    await isOver(sockets[0]);
    expect((await fetch(url, put)).status).toBe(200);
    expect(sockets).toHaveLength(2);
  });

  it.each<[string, string]>([
    ["two answers come together", `${empty}${empty}`],
    ["an answer and what is no HTTP come together", `${empty}\u0001\u0002`],
    [
      "an answer has a length and chunks",
      `${empty.replace("\r\n\r\n", "")}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ["an answer has two lengths", empty.replace("\r\n\r\n", "\r\nContent-Length: 1\r\n\r\n")],
    ["the chunks of an answer are none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
    [
      "the server switches to a protocol",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
  ])("%s: the request fails, too", async (_, text) => {
    const { url, connections } = await scripted(write(text));
    const fetch = fetchForTest();
    await causeOf(fetch(url, put));
    await isOver(connections[0]);
    expect((await fetch(url, put)).status).toBe(200);
    expect(connections).toHaveLength(2);
  });

  it("the response arrives before the request is sent completely", async () => {
    const { url, connections } = await tcpServer((socket) => {
      socket.once("data", () => socket.write(empty));
    });
    const fetch = fetchForTest();
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(1)),
      pull: () => new Promise(() => {}),
    });
    const headers = { "content-length": "2" };
    expect((await fetch(url, { method: "PUT", headers, body: stream, duplex: "half" })).status).toBe(200);
    await isOver(connections[0]);
  });

  it("a response starts before the request is sent completely", async () => {
    let rest: ReadableStreamDefaultController<Uint8Array> | undefined;
    let received = "";
    const { url, connections } = await tcpServer((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"));
      socket.on("data", (data) => {
        received += String(data);
        if (received.endsWith("xy")) socket.write("ok");
      });
    });
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        rest = controller;
        controller.enqueue(Buffer.from("x"));
      },
    });
    const answered = beginOfResponse();
    const headers = { "content-length": "2" };
    const answer = fetchForTest()(url, { method: "PUT", headers, body, duplex: "half" });
    await answered;
    rest?.enqueue(Buffer.from("y"));
    rest?.close();
    expect(await (await answer).text()).toBe("ok");
    await isOver(connections[0]);
  });

  it("a response arrives on a new connection right after the handshake: the request fails, too", async () => {
    // In TLS 1.2 the server's Finished is the last message, so the response is there before the request can be sent.
    const server = certify("cluster");
    const {
      url,
      connections,
      server: early,
    } = await httpsServer({ ...server, maxVersion: "TLSv1.2" }, () => {});
    early.prependListener("secureConnection", (socket: Socket) => void socket.write(empty));
    const fetch = fetchForTest({ serverThumbprints: [sha1(server)] });
    expect(await causeOf(fetch(url, put))).toMatchObject({
      message: "the server sent a response before the request",
    });
    await isOver(connections[0]);
  });

  it("a response arrives on a new connection before the request: the request fails, too", async () => {
    const { url, connections } = await tcpServer((socket) => {
      if (connections.length === 0) socket.write(empty);
      socket.on("data", () => socket.write(empty));
    });
    const fetch = fetchForTest();
    // The response may arrive before the request or at the same time.
    await fetch(url, put).catch(() => {});
    await isOver(connections[0]);
    expect((await fetch(url, put)).status).toBe(200);
    expect(connections).toHaveLength(2);
  });

  it("the request was aborted before its response", async () => {
    const { url, connections, heads } = await scripted(() => {});
    const fetch = fetchForTest();
    const controller = new AbortController();
    const aborted = rejection(fetch(url, { ...put, signal: controller.signal }));
    await until(() => heads.length === 1);
    controller.abort();
    await aborted;
    await isOver(connections[0]);
    expect((await fetch(url, put)).status).toBe(200);
    expect(connections).toHaveLength(2);
  });

  it.each<[string, string]>([
    ["has content where none is expected", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"],
    ["has a status that is not expected", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"],
    ["points elsewhere", "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"],
  ])("a response %s", async (_, text) => {
    const { url, connections } = await scripted(write(text));
    const client = createImageStoreClient({ endpoint: url, fetch: fetchForTest() });
    const file = { storePath: "a", content: new Uint8Array(1) };
    expect(await rejection(client.putFile(file))).toMatchObject({ name: "ProtocolError" });
    await isOver(connections[0]);
    await client.putFile(file);
    expect(connections).toHaveLength(2);
  });

  it.each(["{}", "no JSON", ""])("a response does not match the request: %j", async (text) => {
    const { url, connections } = await scripted(
      write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`),
    );
    const client = createImageStoreClient({ endpoint: url, fetch: fetchForTest() });
    expect(await rejection(client.getFolderSize())).toMatchObject({ name: "ProtocolError" });
    await isOver(connections[0]);
  });
});

describe("a connection is kept when", () => {
  it("informational responses precede the final one, or a response is an error", async () => {
    const early = "HTTP/1.1 103 Early Hints\r\n\r\n";
    const { url, connections } = await scripted(
      write(`HTTP/1.1 102 Processing\r\n\r\n${early}${empty}`),
      write(empty.replace("200 OK", "503 No")),
    );
    const fetch = fetchForTest();
    expect((await fetch(url, put)).status).toBe(200);
    expect((await fetch(url, put)).status).toBe(503);
    expect((await fetch(url, put)).status).toBe(200);
    expect(connections).toHaveLength(1);
  });
});

describe("a client whose proxy sends responses twice", () => {
  it("never uses one as the response to another request", async () => {
    const names: string[] = [];
    const { url } = await tcpServer((socket) => {
      socket.on("data", (data) => {
        const name = /^PUT \/ImageStore\/(\w+)/.exec(String(data))?.[1] ?? "";
        if (name === "") return;
        names.push(name);
        const answer = name === "b" ? empty.replace("200 OK", "503 No") : empty;
        socket.write(answer);
        if (name !== "b") socket.write(answer);
      });
    });
    const client = createImageStoreClient({ endpoint: url, fetch: fetchForTest() });
    const send = (storePath: string) => client.putFile({ storePath, content: new Uint8Array(0) });
    // A copy within a response makes a request fail; none may succeed with another's response.
    await send("a").catch(() => {});
    expect(await rejection(send("b"))).toMatchObject({
      name: expect.stringMatching(/^(Fabric|Network)Error$/),
    });
    for (const name of ["c", "d", "e"]) await send(name).catch(() => send(name).catch(() => {}));
    expect(names).toEqual(expect.arrayContaining(["a", "b", "c", "d", "e"]));
  });
});

it("bytes after the end of a request close the connection", () => {
  const socket = new Socket();
  const connection = new Connection(socket, false);
  const onData = vi.fn();
  const ignore = () => {};
  connection.use({
    ...{ onData, onConnect: ignore, onEnd: ignore },
    ...{ onTimeout: ignore, onError: ignore, onClose: ignore },
  });
  socket.emit("data", Buffer.from("x"));
  expect(onData).toHaveBeenCalledTimes(1);
  expect(socket.destroyed).toBe(false);
  connection.release();
  socket.emit("data", Buffer.from("x"));
  expect(onData).toHaveBeenCalledTimes(1);
  expect(socket.destroyed).toBe(true);
});
