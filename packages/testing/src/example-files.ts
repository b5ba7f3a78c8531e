import { certify } from "./certificates.js";
import { zipArchive } from "./zip.js";

const petstore = `openapi: 3.1.0
info: { title: Pet store, version: "1" }
paths:
  /pets/{id}:
    get:
      operationId: getPet
      parameters: [{ name: id, in: path, required: true, schema: { type: integer } }]
      responses:
        "200":
          description: The pet.
          content: { application/json: { schema: { type: object, properties: { id: { type: integer } } } } }
`;

const example = {
  operationId: "getPet",
  parameters: { id: 1 },
  responses: { "200": { headers: {}, body: { id: 1 } } },
};

const exchange = {
  startedDateTime: "2026-01-01T00:00:00.000Z",
  time: 1,
  request: {
    method: "GET",
    url: "http://localhost:8080/pets/1",
    httpVersion: "HTTP/1.1",
    headers: [],
    queryString: [],
  },
  response: {
    status: 200,
    statusText: "OK",
    httpVersion: "HTTP/1.1",
    headers: [{ name: "Content-Type", value: "application/json" }],
    content: { size: 8, mimeType: "application/json", text: '{"id":1}' },
  },
};

/** The files that the examples in the documentation mention, by path. */
export function exampleFiles(): Readonly<Record<string, string | Uint8Array>> {
  const { cert, key } = certify("client");
  const application = {
    "ApplicationManifest.xml":
      '<ApplicationManifest ApplicationTypeName="MyApp" ApplicationTypeVersion="1.0.0" />',
    "Code.zip": "code",
    "CodePkg/app.bin": new Uint8Array(600_000),
    "DataPkg/data.zip": "data",
  };
  const below = (folder: string) =>
    Object.fromEntries(Object.entries(application).map(([path, content]) => [`${folder}/${path}`, content]));
  const archive = zipArchive(Object.entries(application).map(([name, content]) => ({ name, content })));
  return {
    "MyApp.sfpkg": archive,
    "Shop.sfpkg": archive,
    "Cloud.xml": '<Application Name="fabric:/MyApp" xmlns="http://schemas.microsoft.com/2011/01/fabric" />',
    ...below("MyApp"),
    ...below("build/pkg"),
    "data.zip": "data",
    "client.pem": cert + key,
    "admin.pem": cert + key,
    "petstore.yaml": petstore,
    "examples/getPet.json": JSON.stringify(example),
    "recorded.har": JSON.stringify({
      log: { version: "1.2", creator: { name: "a", version: "1" }, entries: [exchange] },
    }),
    "known.yaml": "ignore: [{ code: TYPE_INVALID, reason: Known. }]\n",
    "src/.keep": "",
  };
}
