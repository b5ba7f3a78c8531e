import type { FailureKind } from "./failure-kind.js";

const certificateFlags = "--pem, --cert and --key, or --pfx";

/** The server answered, and refused. */
export const serverKinds: readonly FailureKind[] = [
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
