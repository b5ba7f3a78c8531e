import { type Difference, isVerificationError } from "@sf-image-store/client/node";
import { applicationKinds, deploymentKinds } from "./application-kinds.js";
import type { FailureKind } from "./facts.js";
import { networkKinds } from "./network-kinds.js";

const certificateFlags = "--pem, --cert with --key, or --pfx";

/** The server responded with an error. */
const serverKinds: readonly FailureKind[] = [
  {
    kind: "not-signed-in",
    code: "authentication",
    description: "The cluster requires a token or client certificate.",
    applies: ({ fabric }) => fabric?.status === 401,
    remedy: () =>
      `Provide a valid Microsoft Entra ID token (--aad, --token-file or SF_TOKEN) or a client certificate (${certificateFlags}).`,
  },
  {
    kind: "forbidden",
    code: "authentication",
    description: "The cluster denied access to this identity.",
    applies: ({ fabric }) => fabric?.status === 403,
    remedy: () =>
      `Use a client certificate with admin access (${certificateFlags}), or sign in with --aad. If you passed --cluster-id, check that it is the ID of this cluster.`,
  },
  {
    kind: "no-image-store-service",
    code: "failed",
    description: "The cluster has no image store service.",
    applies: ({ fabric }) => fabric?.code === "FABRIC_E_SERVICE_DOES_NOT_EXIST",
    remedy: () =>
      "The image store of this cluster is a folder. Pass --image-store with the value of ImageStoreConnectionString in the cluster manifest, such as file:PATH.",
  },
  {
    kind: "not-found",
    code: "notFound",
    description: "The path does not exist.",
    applies: ({ fabric }) => fabric?.status === 404,
    remedy: () => "To list the content, run: sf-image-store ls",
  },
  {
    kind: "no-sessions",
    code: "failed",
    description: "The gateway does not support upload sessions.",
    applies: ({ fabric }) => fabric?.code === "E_INVALIDARG" && /Session|Chunk/.test(fabric.operationId),
    remedy: () =>
      "Gateways on Linux do not support upload sessions. Uploads work, but each file is sent in one request.",
  },
  {
    kind: "server-disk",
    code: "failed",
    description: "The cluster could not access its disk.",
    applies: ({ fabric }) =>
      fabric?.code === "FABRIC_E_IMAGESTORE_IOERROR" || fabric?.code === "FABRIC_E_ACQUIRE_FILE_LOCK_FAILED",
    remedy: () =>
      "The cluster cannot write to its disk, which may be full. To check, run: sf-image-store info. To free space, run: sf-image-store prune",
  },
  {
    kind: "too-large",
    code: "failed",
    description: "The gateway or a proxy rejected the size of a request.",
    applies: ({ fabric }) => fabric?.status === 413,
    remedy: () => "The gateway or a proxy rejects requests of this size. Use a smaller --chunk-size.",
  },
  {
    kind: "reserved",
    code: "failed",
    description: "The path is reserved for the cluster.",
    applies: ({ fabric }) => fabric?.code === "FABRIC_E_IMAGEBUILDER_RESERVED_DIRECTORY_ERROR",
    remedy: () => "Store and WindowsFabricStore are reserved for the cluster. Use another path.",
  },
  {
    kind: "refused",
    code: "failed",
    description: "The cluster returned another error.",
    applies: ({ fabric }) => fabric !== undefined,
    remedy: ({ fabric }) =>
      fabric !== undefined && fabric.status >= 500
        ? "Run the same command again. Uploads resume."
        : undefined,
  },
];

const localKinds: readonly FailureKind[] = [
  {
    kind: "usage",
    code: "usage",
    description: "The command line or a setting is invalid.",
    // In an upload error, this is the reason why a file could not be read.
    applies: ({ names, upload }) => upload === undefined && names.has("UsageError"),
  },
  {
    kind: "invalid-input",
    code: "usage",
    description: "An input is invalid, such as the name of a file.",
    applies: ({ names, upload }) => upload === undefined && names.has("InvalidInputError"),
    remedy: ({ message }) => inputRemedy(message),
  },
  {
    kind: "not-found",
    code: "notFound",
    description: "The path does not exist.",
    applies: ({ names }) => names.has("NotFoundError"),
  },
  {
    kind: "unsupported",
    code: "failed",
    description: "The cluster does not support the command.",
    applies: ({ names }) => names.has("UnsupportedError"),
  },
  {
    kind: "verification",
    code: "verification",
    description: "The content of the image store does not match.",
    applies: ({ names }) => names.has("VerificationError"),
    remedy: ({ chain }) => verificationRemedy(chain.find(isVerificationError)?.differences ?? []),
  },
  {
    kind: "sign-in",
    code: "authentication",
    description: "No token is available.",
    applies: ({ names }) => names.has("SignInError") || names.has("CredentialError"),
  },
  {
    kind: "disk-full",
    code: "failed",
    description: "The local disk is full.",
    applies: ({ systemCodes }) => hasAny(systemCodes, "ENOSPC", "EDQUOT"),
    remedy: () => "The disk is full. Free some space, then run the same command again.",
  },
  {
    kind: "no-permission",
    code: "failed",
    description: "The user may not read or write a local file.",
    applies: ({ systemCodes }) => hasAny(systemCodes, "EACCES", "EPERM", "EROFS"),
    remedy: () => "Permission denied. Check the permissions of the folder.",
  },
  {
    kind: "too-many-open-files",
    code: "failed",
    description: "The process reached the limit of open files.",
    applies: ({ systemCodes }) => hasAny(systemCodes, "EMFILE", "ENFILE"),
    remedy: () =>
      "Too many open files. Raise the limit (ulimit -n) or lower --concurrency, then run the same command again.",
  },
  {
    kind: "damaged-archive",
    code: "failed",
    description: "A file in an archive is damaged.",
    applies: ({ names }) => names.has("ArchiveError"),
    remedy: () => "Create the archive again, then run the same command again.",
  },
  {
    kind: "source-changed",
    code: "failed",
    description: "A file changed or disappeared during the upload.",
    applies: ({ names }) => names.has("SourceError"),
    remedy: ({ systemCodes }) =>
      hasAny(systemCodes, "ENOENT")
        ? "The file no longer exists. Restore it or remove it from the upload, then run the same command again."
        : "Wait until the file no longer changes, then run the same command again.",
  },
];

/** All other failures. */
const otherKinds: readonly FailureKind[] = [
  {
    kind: "protocol",
    code: "failed",
    description: "The response was not that of an image store.",
    applies: ({ names }) => names.has("ProtocolError"),
    remedy: () => "Check that the endpoint is a Service Fabric HTTP gateway, usually on port 19080.",
  },
  {
    kind: "file-not-found",
    code: "failed",
    description: "A local file does not exist.",
    applies: ({ systemCodes }) => systemCodes.includes("ENOENT"),
    remedy: () => "Check the path.",
  },
  { kind: "other", code: "failed", description: "Any other error.", applies: () => true },
];

/** In order of precedence: the first kind that applies wins. */
export const failureKinds: readonly FailureKind[] = [
  ...localKinds,
  ...deploymentKinds,
  ...networkKinds,
  ...applicationKinds,
  ...serverKinds,
  ...otherKinds,
];

/** The flag for a client option that the message mentions. */
function inputRemedy(message: string): string | undefined {
  if (message.includes("gatewayPlatform"))
    return "Pass --gateway-platform windows or --gateway-platform linux.";
  if (message.includes("replace: true")) return "Pass --replace.";
  if (message.includes("that cannot be uploaded"))
    return "Rename these files or remove them from the package.";
  return undefined;
}

function verificationRemedy(differences: readonly Difference[]): string {
  const again =
    "Run the upload again to send what is missing. Pass --replace to first delete a complete package and unexpected files.";
  const packed = differences.some(
    ({ kind, storePath }) => kind === "unexpected" && lacksFolder(differences, storePath),
  );
  return packed ? `If you uploaded with --compress, pass --compress to verify, too.\n${again}` : again;
}

/** Whether the differences show an archive in place of a folder. */
function lacksFolder(differences: readonly Difference[], archive: string): boolean {
  const folder = /^(.*)\.zip$/i.exec(archive)?.[1];
  return folder !== undefined && differences.some(({ storePath }) => storePath.startsWith(`${folder}/`));
}

function hasAny(codes: readonly string[], ...wanted: readonly string[]): boolean {
  return codes.some((code) => wanted.includes(code));
}
