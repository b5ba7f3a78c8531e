export type { HealthReport } from "./applications/state.js";
export type { EntraOptions } from "./cluster/description.js";
export {
  type Fault,
  type FaultAction,
  FaultError,
  type FaultMatch,
  type FiredFault,
  parseFaults,
} from "./faults/fault.js";
export type { Emulator, EmulatorOptions, RequestLogEntry } from "./options.js";
export type { BearerOptions, TlsOptions } from "./security/options.js";
export { startEmulator } from "./server/emulator.js";
export { LocationInUseError } from "./store/location.js";
export type { Platform } from "./store/store-path.js";
export type { Clock } from "./wire/time.js";
