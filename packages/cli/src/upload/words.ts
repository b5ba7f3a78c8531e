import { isInvalidInputError } from "@sf-image-store/client/node";
import { UsageError } from "../failure/usage-error.js";

/** What the client says of its own options, in words of this command line; one line for each path it refuses. */
export function inWordsOfFlags(error: unknown): unknown {
  if (!isInvalidInputError(error)) return error;
  const { message } = error;
  const told = message
    .replace(/^destination (?=.* already contains)/s, "")
    .replace(
      "Pass replace: true to overwrite it.",
      "Pass --replace to overwrite it, or choose another path with --to.",
    )
    .replace(/^(content|directory) has/, "The package has")
    .replace(/^source must be a file that can be read, and (.*) is not: /s, "$1 cannot be read: ")
    .replace(/^source must be/, "It must be")
    .replaceAll("set the client's gatewayPlatform", "say which with --gateway-platform")
    // Names stand in quotation marks, and have none of their own without a backslash before it.
    .replace(': "', ':\n  "')
    .replaceAll('; "', '\n  "')
    .replace(/\.? Nothing was sent\.$/, ".\nNothing was sent.");
  return new UsageError(told, { cause: error });
}
