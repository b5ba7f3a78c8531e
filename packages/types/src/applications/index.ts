import type { components } from "./generated/schema.js";

export { type Operation, type OperationId, operations, type Parameter } from "./generated/operations.js";
export type { components, operations as OperationTypes, paths } from "./generated/schema.js";

/** The models of the API by name, exactly as they are on the wire: `Schemas["ApplicationInfo"]`. */
export type Schemas = components["schemas"];
