import { type Difference, isVerificationError } from "@sf-image-store/client/node";
import type { FailureKind } from "./facts.js";
import { networkKinds } from "./network-kinds.js";

const certificateFlags = "--pem, --cert and --key, or --pfx";

/** The server answered, and refused. */
const serverKinds: readonly FailureKind[] = [
  {
    kind: "not-signed-in",
    code: "authentication",
    applies: ({ fabric }) => fabric?.status === 401,
    remedy: () =>
      `Give a token of Microsoft Entra ID (--aad, --token-file, SF_TOKEN) that has not expired, or a client certificate (${certificateFlags}).`,
  },
  {
    kind: "forbidden",
    code: "authentication",
    applies: ({ fabric }) => fabric?.status === 403,
    remedy: () =>
      `Give a client certificate that the cluster knows as admin (${certificateFlags}), or sign in by --aad. A --cluster-id of another cluster is refused like this, too.`,
  },
  {
    kind: "no-image-store-service",
    code: "failed",
    applies: ({ fabric }) => fabric?.code === "FABRIC_E_SERVICE_DOES_NOT_EXIST",
    remedy: () =>
      "The image store of this cluster is no service, but a folder: name it by --image-store file:PATH, as ImageStoreConnectionString stands in the cluster's manifest.",
  },
  {
    kind: "not-found",
    code: "notFound",
    applies: ({ fabric }) => fabric?.status === 404,
    remedy: () => "To see what is there: sf-image-store ls",
  },
  {
    kind: "no-sessions",
    code: "failed",
    applies: ({ fabric }) => fabric?.code === "E_INVALIDARG" && /Session|Chunk/.test(fabric.operationId),
    remedy: () =>
      "Gateways on Linux have no upload sessions, and refuse every request for them like this. Uploads work there, file by file.",
  },
  {
    kind: "server-disk",
    code: "failed",
    applies: ({ fabric }) =>
      fabric?.code === "FABRIC_E_IMAGESTORE_IOERROR" || fabric?.code === "FABRIC_E_ACQUIRE_FILE_LOCK_FAILED",
    remedy: () =>
      "The cluster cannot write to its disk, which may be full: sf-image-store info shows it, sf-image-store prune makes room.",
  },
  {
    kind: "too-large",
    code: "failed",
    applies: ({ fabric }) => fabric?.status === 413,
    remedy: () => "Something on the way takes no request of this size: try a smaller --chunk-size.",
  },
  {
    kind: "reserved",
    code: "failed",
    applies: ({ fabric }) => fabric?.code === "FABRIC_E_IMAGEBUILDER_RESERVED_DIRECTORY_ERROR",
    remedy: () => "The cluster keeps its own files in Store and WindowsFabricStore: take another path.",
  },
  {
    kind: "refused",
    code: "failed",
    applies: ({ fabric }) => fabric !== undefined,
    remedy: ({ fabric }) =>
      fabric !== undefined && fabric.status >= 500
        ? "Run the same command again: uploads go on where they were."
        : undefined,
  },
];

const localKinds: readonly FailureKind[] = [
  {
    kind: "usage",
    code: "usage",
    // In the error of an upload they say why a file of it could not be read.
    applies: ({ names, upload }) => upload === undefined && names.has("UsageError"),
  },
  {
    kind: "invalid-input",
    code: "usage",
    applies: ({ names, upload }) => upload === undefined && names.has("InvalidInputError"),
    remedy: ({ message }) => inputRemedy(message),
  },
  {
    kind: "not-found",
    code: "notFound",
    applies: ({ names }) => names.has("NotFoundError"),
  },
  {
    kind: "unsupported",
    code: "failed",
    applies: ({ names }) => names.has("UnsupportedError"),
  },
  {
    kind: "verification",
    code: "verification",
    applies: ({ names }) => names.has("VerificationError"),
    remedy: ({ chain }) => verificationRemedy(chain.find(isVerificationError)?.differences ?? []),
  },
  {
    kind: "sign-in",
    code: "authentication",
    applies: ({ names }) => names.has("SignInError") || names.has("CredentialError"),
  },
  {
    kind: "disk-full",
    code: "failed",
    applies: ({ systemCodes }) => hasAny(systemCodes, "ENOSPC", "EDQUOT"),
    remedy: () => "The disk is full: make room on it, then run the same command again.",
  },
  {
    kind: "no-permission",
    code: "failed",
    applies: ({ systemCodes }) => hasAny(systemCodes, "EACCES", "EPERM", "EROFS"),
    remedy: () => "This user may not do that there: check the permissions of the folder.",
  },
  {
    kind: "too-many-open-files",
    code: "failed",
    applies: ({ systemCodes }) => hasAny(systemCodes, "EMFILE", "ENFILE"),
    remedy: () =>
      "This process may not open more files: raise the limit (ulimit -n) or lower --concurrency, then run the same command again.",
  },
  {
    kind: "source-changed",
    code: "failed",
    applies: ({ names }) => names.has("SourceError"),
    remedy: ({ systemCodes }) =>
      hasAny(systemCodes, "ENOENT")
        ? "The file is gone: put it back, or leave it out, then run the same command again."
        : "Wait until nothing writes to the file any more, then run the same command again.",
  },
];

/** What everything else is. */
const otherKinds: readonly FailureKind[] = [
  {
    kind: "protocol",
    code: "failed",
    applies: ({ names }) => names.has("ProtocolError"),
    remedy: () => "Is the endpoint that of a Service Fabric HTTP gateway (mostly port 19080)?",
  },
  {
    kind: "file-not-found",
    code: "failed",
    applies: ({ systemCodes }) => systemCodes.includes("ENOENT"),
    remedy: () => "Check the path.",
  },
  { kind: "other", code: "failed", applies: () => true },
];

/** In the order of asking: the first that applies is the one. */
export const failureKinds: readonly FailureKind[] = [
  ...localKinds,
  ...networkKinds,
  ...serverKinds,
  ...otherKinds,
];

/** What the client asks its caller for, by the name that it has here. */
function inputRemedy(message: string): string | undefined {
  if (message.includes("gatewayPlatform")) return "Here: --gateway-platform windows, or linux.";
  if (message.includes("replace: true")) return "Here: --replace.";
  if (message.includes("that cannot be uploaded")) return "Rename these, or leave them out of the package.";
  return undefined;
}

function verificationRemedy(differences: readonly Difference[]): string {
  const again =
    "Run the upload again: it sends what is missing. What is marked as complete, or does not belong there, it deletes first with --replace.";
  const packed = differences.some(
    ({ kind, storePath }) => kind === "unexpected" && lacksFolder(differences, storePath),
  );
  return packed
    ? `If it was uploaded with --compress, compare the result of sf-image-store pack.\n${again}`
    : again;
}

/** Whether an archive is there in the place of a folder. */
function lacksFolder(differences: readonly Difference[], archive: string): boolean {
  const folder = /^(.*)\.zip$/i.exec(archive)?.[1];
  return folder !== undefined && differences.some(({ storePath }) => storePath.startsWith(`${folder}/`));
}

function hasAny(codes: readonly string[], ...wanted: readonly string[]): boolean {
  return codes.some((code) => wanted.includes(code));
}
