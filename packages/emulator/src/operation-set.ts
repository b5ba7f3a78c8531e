import { type OperationId, operations } from "@sf-image-store/types";
import type { Platform } from "./platform.js";
import type { RouteTemplate } from "./router.js";

/** Compiled for Windows gateways only; elsewhere their URLs match nothing (protocol §1, rows 6 to 10). */
const windowsOnly: ReadonlySet<OperationId> = new Set<OperationId>([
  "UploadFileChunk",
  "GetImageStoreUploadSessionById",
  "GetImageStoreUploadSessionByPath",
  "DeleteImageStoreUploadSession",
  "CommitImageStoreUploadSession",
]);

/** Added to gateways by version 6.5; older ones do not know their URLs (protocol §1). */
const since65: ReadonlySet<OperationId> = new Set<OperationId>([
  "GetImageStoreRootFolderSize",
  "GetImageStoreFolderSize",
  "GetImageStoreInfo",
]);

/** How a client learns where to sign in: served without an access check (HG/ClusterManagementHandler.cpp, Initialize). */
const anonymous: ReadonlySet<OperationId> = new Set<OperationId>(["GetAadMetadata"]);

/** Whether the operation is answered whoever asks. */
export function allowsAnonymous(operationId: OperationId): boolean {
  return anonymous.has(operationId);
}

/** The operations that a gateway of this kind and version registers. */
export function registeredOperations(
  platform: Platform,
  apiVersionMax: string,
): Partial<Record<OperationId, RouteTemplate>> {
  const registered: Partial<Record<OperationId, RouteTemplate>> = { ...operations };
  if (platform === "linux") for (const id of windowsOnly) delete registered[id];
  if (Number.parseFloat(apiVersionMax) < 6.5) for (const id of since65) delete registered[id];
  return registered;
}
