import { type Emulator, type EmulatorOptions, startEmulator } from "@sf-image-store/emulator";
import { onTestFinished } from "vitest";

/** An emulator that is gone when the test is over. */
export async function emulatorForTest(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(options);
  onTestFinished(() => emulator.close());
  return emulator;
}
