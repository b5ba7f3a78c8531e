export { checkExample } from "./check-example.js";
export { type Contract, compileContract } from "./contract.js";
export type { Example } from "./example.js";
export { checkExchange, type Exchange, recordingFetch } from "./exchange.js";
export type { Violation } from "./violation.js";
