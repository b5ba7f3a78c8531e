import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { pack, publishedPackages, typeScriptBlocks } from "@sf-image-store/testing/packages";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
const project = mkdtempSync(join(tmpdir(), "openapi-contract-stranger-"));
afterAll(() => rmSync(project, { recursive: true }));

const petStore = `openapi: 3.0.3
info: { title: Pet Store, version: "2024-06-01" }
paths:
  /pets:
    get:
      operationId: listPets
      parameters:
        - { name: api-version, in: query, required: true, schema: { type: string } }
        - { name: limit, in: query, schema: { type: integer } }
      responses:
        "200":
          description: ok
          content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Pet" } } } }
        default: { description: error, content: { application/json: { schema: { $ref: "#/components/schemas/Error" } } } }
    post:
      operationId: createPet
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Pet" } } } }
      responses:
        "201": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Pet" } } } }
  /pets/{id}/photo:
    put:
      operationId: putPhoto
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      requestBody: { required: true, content: { image/png: { schema: { type: string, format: binary } } } }
      responses: { "204": { description: ok }, "404": { description: no such pet } }
    get:
      operationId: getPhoto
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      responses: { "200": { description: ok, content: { image/png: { schema: { type: string, format: binary } } } } }
    post:
      operationId: postPhoto
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      requestBody:
        content:
          multipart/form-data:
            schema: { type: object, required: [file], properties: { file: { type: string, format: binary }, title: { type: string } } }
      responses: { "204": { description: ok } }
  /login:
    post:
      operationId: login
      requestBody:
        required: true
        content: { application/x-www-form-urlencoded: { schema: { type: object, properties: { user: { type: string } } } } }
      responses: { "204": { description: ok } }
components:
  schemas:
    Pet:
      type: object
      required: [id, name]
      properties:
        id: { type: integer, readOnly: true }
        name: { type: string }
        size: { type: string, enum: [small, big], x-ms-enum: { name: PetSize, modelAsString: true } }
    Error: { type: object, required: [message], properties: { message: { type: string } } }
`;

const program = `import { ApiError, createClient, type Schemas, unwrap } from "pet-store-client";

const client = createClient({ baseUrl: process.argv[2] ?? "" });
const pets = await unwrap(client.GET("/pets", { params: { query: { limit: 1 } } }));
const first: Schemas["Pet"] | undefined = pets[0];
const size: string | undefined = first?.size?.toUpperCase();
const made = await unwrap(client.POST("/pets", { body: { name: "Rex", size: "small" } }));
const path = { id: made.id };
const { response } = await client.PUT("/pets/{id}/photo", { params: { path }, body: new Uint8Array([1, 2]), headers: { a: "b" } });
const photo: Blob = await unwrap(client.GET("/pets/{id}/photo", { params: { path } }));
await unwrap(client.POST("/pets/{id}/photo", { params: { path }, body: { file: new Blob(["x"]), title: "t" } }));
await unwrap(client.POST("/login", { body: { user: "a b" } }));
try {
  await unwrap(client.PUT("/pets/{id}/photo", { params: { path: { id: 404 } }, body: new Uint8Array() }));
} catch (error) {
  if (error instanceof ApiError) console.log(error.status, size, made.id, response.status, photo.size);
}
// @ts-expect-error the server chooses the id
const wrong: Schemas["PetInput"] = { id: 1, name: "n" };
// @ts-expect-error no such parameter
export const call = () => client.GET("/pets", { params: { query: { limt: 1 } } });
`;

const run = (cwd: string, ...args: string[]) =>
  execFileSync(process.execPath, args, { cwd, encoding: "utf8", stdio: "pipe" });
const compiler = join(root, "node_modules/typescript/bin/tsc");

/**
 * What a new user does in an empty folder, without a network: the packed package is unpacked, and openapi-fetch is linked where
 * installing would put it. \`pnpm check\` builds what is packed; alone, run \`pnpm build\` first.
 */
describe("a new user", () => {
  beforeAll(() => {
    const published = publishedPackages(root).find(({ name }) => name === "openapi-contract");
    if (published === undefined) throw new Error("openapi-contract is not published");
    execFileSync("tar", ["-xzf", pack(published, project)], { cwd: project });
    mkdirSync(join(project, "node_modules"));
    cpSync(join(project, "package"), join(project, "node_modules/openapi-contract"), { recursive: true });
    writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(join(project, "petstore.yaml"), petStore);
  }, 120_000);

  it("generates a client, builds it, and calls a server with it", async () => {
    const command = "node_modules/openapi-contract/dist/main.js";
    const output = run(project, command, "generate", "petstore.yaml", "--out", "client");
    expect(output).toContain("written: src/client.ts");
    mkdirSync(join(project, "client/node_modules"));
    const fetchClient = realpathSync(join(root, "packages/openapi-contract/node_modules/openapi-fetch"));
    symlinkSync(fetchClient, join(project, "client/node_modules/openapi-fetch"), "junction");
    run(join(project, "client"), compiler, "-p", ".");
    symlinkSync(join(project, "client"), join(project, "node_modules/pet-store-client"), "junction");

    writeFileSync(join(project, "program.ts"), program);
    writeFileSync(join(project, "readme.ts"), typeScriptBlocks(join(project, "client/README.md"))[0] ?? "");
    const types = join(root, "node_modules/@types");
    const options = {
      target: "es2022",
      module: "nodenext",
      strict: true,
      types: ["node"],
      typeRoots: [types],
    };
    writeFileSync(
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, include: ["*.ts"] }),
    );
    run(project, compiler, "-p", ".");

    const seen: string[] = [];
    const server = createServer((request, response) => {
      void answer(request).then(({ line, status, body, bytes }) => {
        seen.push(line);
        response.writeHead(status, {
          "Content-Type": bytes === undefined ? "application/json" : "image/png",
        });
        response.end(bytes ?? (body === undefined ? undefined : JSON.stringify(body)));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    try {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ["program.js", `http://127.0.0.1:${port}/v1`],
        { cwd: project },
      );
      expect(stdout).toBe("404 SMALL 7 204 3\n");
    } finally {
      server.close();
    }
    expect(seen).toEqual([
      "GET /v1/pets?api-version=2024-06-01&limit=1 ",
      'POST /v1/pets application/json {"name":"Rex","size":"small"}',
      "PUT /v1/pets/7/photo image/png \u0001\u0002",
      "GET /v1/pets/7/photo ",
      expect.stringMatching(/^POST \/v1\/pets\/7\/photo multipart\/form-data; boundary=.*name="title"/s),
      "POST /v1/login application/x-www-form-urlencoded user=a+b",
      "PUT /v1/pets/404/photo image/png ",
    ]);
  }, 120_000);
});

interface Reply {
  readonly line: string;
  readonly status: number;
  readonly body?: unknown;
  readonly bytes?: Uint8Array;
}

async function answer(request: IncomingMessage): Promise<Reply> {
  const { method, url = "", headers } = request;
  const line = `${method} ${url} ${headers["content-type"] ?? ""}${method === "GET" ? "" : ` ${await text(request)}`}`;
  const pet = { id: 7, name: "Rex", size: "small" };
  if (url.includes("404")) return { line, status: 404 };
  if (method === "GET" && url.endsWith("/photo")) return { line, status: 200, bytes: new Uint8Array(3) };
  if (method === "GET") return { line, status: 200, body: [pet] };
  return url === "/v1/pets" ? { line, status: 201, body: pet } : { line, status: 204 };
}
