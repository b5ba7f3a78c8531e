/** Contracts from Swagger 2.0 and OpenAPI 3 documents: load, generate, check, compare, update. */

export { type Contract, compileContract, type OperationContract } from "./check/contract.js";
export { checkExample } from "./check/examples.js";
export { checkExchange, type Exchange, recordingFetch } from "./check/exchange.js";
export {
  isMembers,
  type MeaningRule,
  type MeaningRules,
  type Members,
  shown,
  type Violation,
} from "./check/values.js";
export { checkCommand } from "./command/check.js";
export { diffCommand, exitCodeOf, type Output } from "./command/diff.js";
export { generateCommand } from "./command/generate.js";
export { updateCommand } from "./command/update.js";
export { keepContract } from "./diff/base.js";
export { diffRulesPage } from "./diff/catalogue.js";
export { rules as diffRules } from "./diff/rules.js";
export {
  operationParameters,
  operationsOf,
  resolveReference,
  typeName,
  valueSchema,
} from "./document/document.js";
export {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  type OnWarning,
  objectAt,
  type Path,
  type Problem,
  pointer,
  referencePath,
  SpecError,
  stringAt,
  valueAt,
} from "./document/json.js";
export { loadObject } from "./document/load.js";
export { type Project, readProject } from "./document/project.js";
export { type ContractFiles, loadContract } from "./overlay/load-contract.js";
