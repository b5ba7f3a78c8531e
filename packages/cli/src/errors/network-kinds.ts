import { isLoopback } from "@sf-image-store/types";
import type { Facts, FailureKind } from "./facts.js";

/** No response arrived. */
export const networkKinds: readonly FailureKind[] = [
  {
    kind: "server-certificate-expired",
    code: "authentication",
    description: "The certificate of the server is expired or not valid yet.",
    message: certificateMessage,
    applies: ({ certificate }) =>
      certificate !== undefined && /expired|not valid before/.test(certificate.reason),
    remedy: () => "Replace the cluster certificate, or check the clock of this machine.",
  },
  {
    kind: "server-certificate-not-pinned",
    code: "authentication",
    description: "The certificate of the server is not one of those specified.",
    message: certificateMessage,
    applies: ({ certificate }) => certificate?.reason.includes("pinned") === true,
    remedy: () =>
      "If the cluster certificate was replaced, update --server-thumbprint or --server-common-name. If not, do not connect: the server may be an impostor.",
  },
  {
    kind: "server-certificate-not-trusted",
    code: "authentication",
    description: "The certificate of the server is not trusted.",
    message: certificateMessage,
    applies: ({ certificate }) => certificate !== undefined,
    remedy: () =>
      "If this is your cluster, pass its common name with --server-common-name, its certificate authority with --ca, or its certificate with --server-thumbprint.",
  },
  {
    kind: "client-certificate-refused",
    code: "authentication",
    description: "The server rejected the TLS handshake.",
    message: ({ network }) =>
      `${originOf(network)} rejected the TLS handshake: the client certificate is missing or not accepted.`,
    applies: ({ systemCodes }) =>
      systemCodes.some((code) => /ALERT_(CERTIFICATE|BAD_CERT|UNKNOWN_CA|HANDSHAKE|ACCESS)/.test(code)),
    remedy: () => "Pass a client certificate that the cluster accepts: --pem, --cert with --key, or --pfx.",
  },
  {
    kind: "wrong-scheme",
    code: "failed",
    description: "The server uses HTTP instead of HTTPS, or another protocol.",
    message: ({ network, systemCodes }) =>
      `The server at ${originOf(network)} does not use ${isPlain(network) ? "HTTP" : "TLS"} (${systemCodes.at(-1)}).`,
    applies: (facts) => speaksOtherScheme(facts),
    remedy: ({ network }) => `Pass --endpoint ${otherScheme(network)}`,
  },
  {
    kind: "connection-refused",
    code: "failed",
    description: "The endpoint refused the connection.",
    applies: ({ systemCodes }) => systemCodes.includes("ECONNREFUSED"),
    remedy: ({ network }) =>
      isOnThisMachine(network)
        ? `To start an emulated image store on this machine, run: sf-image-store emulator${portFlag(network)}\nFor a cluster on another machine, pass --endpoint or run: sf-image-store connect`
        : "Check the host and port of --endpoint. The port is usually 19080.",
  },
  {
    kind: "unknown-host",
    code: "failed",
    description: "The host name of the endpoint cannot be resolved.",
    applies: ({ systemCodes }) => systemCodes.some((code) => code === "ENOTFOUND" || code === "EAI_AGAIN"),
    remedy: () => "Check the host in --endpoint, and that this machine is on the right network or VPN.",
  },
  {
    kind: "timed-out",
    code: "timeOut",
    description: "A time limit was exceeded.",
    applies: ({ names, upload, fabric }) =>
      names.has("TimeoutError") || upload?.reason === "timed-out" || fabric?.code === "FABRIC_E_TIMEOUT",
    remedy: ({ upload, fabric }) =>
      upload !== undefined || fabric !== undefined
        ? "Run the same command again. Uploads resume."
        : "Check that the firewall allows connections from this machine to the cluster's port.",
  },
  {
    // TLS servers do this to plain HTTP, some servers to unknown client certificates, and bad networks to any
    // connection.
    kind: "connection-cut",
    code: "failed",
    description: "The connection was reset.",
    applies: ({ network, upload, systemCodes }) =>
      upload === undefined && network !== undefined && systemCodes.includes("ECONNRESET"),
    remedy: ({ network }) =>
      isPlain(network)
        ? `Run the same command again. If the cluster is secure, pass --endpoint ${otherScheme(network)}`
        : "Run the same command again. If it keeps failing, pass a client certificate that the cluster accepts: --pem, --cert with --key, or --pfx.",
  },
  {
    kind: "network",
    code: "failed",
    description: "The connection failed for another reason.",
    applies: ({ network }) => network !== undefined,
    remedy: () => "Run the same command again. Uploads resume.",
  },
];

/** TLS to a plain HTTP server, or a first response that is not HTTP. A later response is damaged in transit instead. */
function speaksOtherScheme({ network, systemCodes }: Facts): boolean {
  if (network === undefined) return false;
  const isOpen = isPlain(network);
  return systemCodes.some((code) =>
    isOpen
      ? code.startsWith("HPE_") && network.message.includes("does not speak HTTP")
      : /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE|^EPROTO$/.test(code),
  );
}

/** The network error truncates this message, and the thumbprint is at its end. */
function certificateMessage({ certificate }: Facts): string | undefined {
  return certificate?.message;
}

function isPlain(network: Facts["network"]): boolean {
  return network?.request.includes(" http://") === true;
}

function originOf(network: Facts["network"]): string {
  return /https?:\/\/[^/?]+/.exec(network?.request ?? "")?.[0] ?? "the endpoint";
}

function isOnThisMachine(network: Facts["network"]): boolean {
  const origin = originOf(network);
  return URL.canParse(origin) && isLoopback(new URL(origin).hostname);
}

/** The emulator's option for the port of the endpoint, unless it is the default. */
function portFlag(network: Facts["network"]): string {
  const { port } = new URL(originOf(network));
  return port === "19080" || port === "" ? "" : ` --port ${port}`;
}

function otherScheme(network: Facts["network"]): string {
  if (network === undefined) return "URL";
  const origin = originOf(network);
  return isPlain(network) ? origin.replace("http:", "https:") : origin.replace("https:", "http:");
}
