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
export type ReportOperationId =
  | "ReportClusterHealth"
  | "ReportNodeHealth"
  | "ReportApplicationHealth"
  | "ReportServiceHealth";

const post = (path: string) => ({ method: "POST", path, parameters: {} }) as const;

const reportOperations: Readonly<Record<ReportOperationId, ReturnType<typeof post>>> = {
  ReportClusterHealth: post("/$/ReportClusterHealth"),
  ReportNodeHealth: post("/Nodes/{nodeName}/$/ReportHealth"),
  ReportApplicationHealth: post("/Applications/{applicationId}/$/ReportHealth"),
  ReportServiceHealth: post("/Services/{serviceId}/$/ReportHealth"),
};

/** An operation of the gateway: of the image store, one that deploys applications, or one that reports health. */
export type OperationId = ImageStoreOperationId | ApplicationOperationId | ReportOperationId;

/** All operations by ID. */
export const operations = { ...imageStoreOperations, ...applicationOperations, ...reportOperations };
