export { type Emulator, type EmulatorOptions, startEmulator } from "./emulator.js";
export type { RequestLogEntry } from "./request-log.js";
export type { Clock } from "./sessions/session-table.js";
