import type { OperationId, OperationTypes, operations } from "@sf-image-store/types/applications";
import type { ExampleOf } from "../example.js";

/** An example of an operation on applications, with its types. */
export type Example<Id extends OperationId> = ExampleOf<OperationTypes, typeof operations, Id>;
