import {
  type OperationId as ImageStoreOperationId,
  operations as imageStoreOperations,
} from "@sf-image-store/types";
import {
  type OperationId as ApplicationOperationId,
  operations as applicationOperations,
} from "@sf-image-store/types/applications";

export type { ApplicationOperationId };

/** An operation of the gateway: of the image store, or one that deploys applications. */
export type OperationId = ImageStoreOperationId | ApplicationOperationId;

/** The operations of both specifications by ID. */
export const operations = { ...imageStoreOperations, ...applicationOperations };
