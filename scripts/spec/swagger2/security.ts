import { extensions, isObject, type Json, objectAt, pick } from "../json.js";

const flowNames: Readonly<Record<string, string>> = {
  implicit: "implicit",
  password: "password",
  application: "clientCredentials",
  accessCode: "authorizationCode",
};

export function convertSecurityScheme(scheme: Json): Json {
  if (!isObject(scheme)) return scheme;
  const common = { ...pick(scheme, ["description"]), ...extensions(scheme) };
  if (scheme["type"] === "basic") return { type: "http", scheme: "basic", ...common };
  if (scheme["type"] !== "oauth2") return { ...pick(scheme, ["type", "name", "in"]), ...common };
  const flow = {
    ...pick(scheme, ["authorizationUrl", "tokenUrl"]),
    scopes: objectAt(scheme, "scopes"),
  };
  return { type: "oauth2", flows: { [flowNames[String(scheme["flow"])] ?? "implicit"]: flow }, ...common };
}
