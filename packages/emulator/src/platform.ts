/** Which kind of gateway is emulated. Upload sessions exist on Windows only (protocol §1, rows 6 to 10). */
export type Platform = "windows" | "linux";

/** What stands between the names of a path in answers and keys (protocol §5.2). */
export function separatorOf(platform: Platform): "\\" | "/" {
  return platform === "windows" ? "\\" : "/";
}
