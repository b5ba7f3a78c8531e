export type { Clock } from "./clock.js";
export { startEmulator } from "./emulator.js";
export type { Emulator, EmulatorOptions } from "./emulator-options.js";
export type { Fault, FaultAction, FaultMatch, FiredFault } from "./faults/fault.js";
export { FaultError, parseFaults } from "./faults/validate.js";
export type { Platform } from "./platform.js";
export type { RequestLogEntry } from "./request-log.js";
export type { BearerOptions, TlsOptions } from "./security/options.js";
export { LocationInUseError } from "./store/location.js";
