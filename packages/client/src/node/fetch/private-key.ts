import { createPrivateKey, type KeyObject } from "node:crypto";
import { InvalidInputError } from "../../errors/errors.js";

/** Opens a private key in PEM. Throws InvalidInputError, never with the key or the passphrase in it. */
export function openPrivateKey(parameter: string, pem: string, passphrase: string | undefined): KeyObject {
  const isEncrypted = pem.includes("BEGIN ENCRYPTED ") || pem.includes("Proc-Type: 4,ENCRYPTED");
  if (isEncrypted && passphrase === undefined) {
    throw new InvalidInputError(parameter, "has an encrypted private key: it needs its passphrase");
  }
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    const reason = isEncrypted
      ? "has a private key that cannot be decrypted: is the passphrase right?"
      : "has a private key that cannot be read";
    throw new InvalidInputError(parameter, reason, { cause });
  }
}
