import {
  type OperationId as ImageStoreOperationId,
  operations as imageStoreOperations,
} from "@sf-image-store/types";
import {
  type OperationId as ApplicationOperationId,
  operations as applicationOperations,
} from "@sf-image-store/types/applications";

export type { ApplicationOperationId };

/** Operations of the gateway that report health. Tests use them, clients do not, so the specifications do not contain them. */
const reportOperations = {
  ReportClusterHealth: { method: "POST", path: "/$/ReportClusterHealth", parameters: {} },
  ReportNodeHealth: { method: "POST", path: "/Nodes/{nodeName}/$/ReportHealth", parameters: {} },
  ReportApplicationHealth: {
    method: "POST",
    path: "/Applications/{applicationId}/$/ReportHealth",
    parameters: {},
  },
  ReportServiceHealth: { method: "POST", path: "/Services/{serviceId}/$/ReportHealth", parameters: {} },
} as const;

export type ReportOperationId = keyof typeof reportOperations;

/** An operation of the gateway: of the image store, one that deploys applications, or one that reports health. */
export type OperationId = ImageStoreOperationId | ApplicationOperationId | ReportOperationId;

/** All operations by ID. */
export const operations = { ...imageStoreOperations, ...applicationOperations, ...reportOperations };
