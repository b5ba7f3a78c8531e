import { isInvalidInputError } from "@sf-image-store/client/node";
import { UsageError } from "../failure/usage-error.js";
import { listOf, type ResolvedSettings } from "./resolve.js";
import { flagOf, ruleOf, type SettingName } from "./settings.js";

/** Which setting becomes an option of the client. */
const given: Readonly<Record<string, SettingName | "The client certificate">> = {
  endpoint: "endpoint",
  clientCertificate: "The client certificate",
  "clientCertificate.pem": "pem",
  "clientCertificate.cert": "cert",
  "clientCertificate.key": "key",
  "clientCertificate.pfx": "pfx",
  ca: "ca",
  serverThumbprints: "serverThumbprint",
  serverCommonNames: "serverCommonName",
  clusterId: "clusterId",
};

/** What the client says of its own options, in words of this command line, with the files that were meant. */
export function inWordsOfSettings(error: unknown, settings: ResolvedSettings): unknown {
  if (!isInvalidInputError(error)) return error;
  const { parameter, message } = error;
  const name = given[parameter];
  if (name === undefined || !message.startsWith(parameter)) return error;
  const what = name === "The client certificate" ? name : settingText(name, settings);
  const told = `${what}${message.slice(parameter.length)}`.replace(/\?\. (?=Nothing)/, "? ");
  const isProtected = /needs its passphrase/.test(message);
  const how = isProtected ? " Pass --passphrase-file, or set SF_PASSPHRASE." : "";
  return new UsageError(`${told}${how}`, { cause: error });
}

function settingText(name: SettingName, settings: ResolvedSettings): string {
  const files = ruleOf(name).isFile === true ? listOf(settings, name) : [];
  return files.length === 0 ? flagOf(name) : `${flagOf(name)} (${files.join(", ")})`;
}
