/** Contracts from Swagger 2.0 and OpenAPI 3 documents: load, generate, check, compare, update. */

export { type CodeEntry, type Severity, type ViolationCode, violationCodes } from "./check/codes.js";
export { type Contract, compileContract, mergeContracts, type OperationContract } from "./check/contract.js";
export { checkExample } from "./check/examples.js";
export { checkExchange, type Exchange, recordingFetch } from "./check/exchange.js";
export { type ContractProxy, type ProxyOptions, startProxy } from "./check/proxy.js";
export { Redactor } from "./check/redact.js";
export { type CheckReport, countOf, textReport } from "./check/reports.js";
export {
  bodyLength,
  isMembers,
  type MeaningRule,
  type Members,
  type RulePlugin,
  shown,
  UnreadBody,
  type Violation,
  violation,
} from "./check/values.js";
export { TrafficWatch } from "./check/watch.js";
export { checkCommand } from "./command/check.js";
export { diffCommand, exitCodeOf, type Output } from "./command/diff.js";
export { generateCommand } from "./command/generate.js";
export { proxyCommand } from "./command/proxy.js";
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
export { type Project, type Projects, readProjects } from "./document/project.js";
export { type ContractFiles, loadContract } from "./overlay/load-contract.js";
