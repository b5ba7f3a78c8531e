import { isInvalidInputError } from "@sf-image-store/client/node";
import { UsageError } from "../failure/usage-error.js";

/** What people give here for an option of the client. */
const given: Readonly<Record<string, string>> = {
  endpoint: "--endpoint",
  clientCertificate: "The client certificate",
  "clientCertificate.pem": "--pem",
  "clientCertificate.cert": "--cert",
  "clientCertificate.key": "--key",
  "clientCertificate.pfx": "--pfx",
  ca: "--ca",
  serverThumbprints: "--server-thumbprint",
  serverCommonNames: "--server-common-name",
  clusterId: "--cluster-id",
};

/** What the client says of its own options, in words of this command line. */
export function inWordsOfSettings(error: unknown): unknown {
  if (!isInvalidInputError(error)) return error;
  const { parameter, message } = error;
  const name = given[parameter];
  if (name === undefined || !message.startsWith(parameter)) return error;
  const told = `${name}${message.slice(parameter.length)}`.replace(/\?\. (?=Nothing)/, "? ");
  return new UsageError(told, { cause: error });
}
