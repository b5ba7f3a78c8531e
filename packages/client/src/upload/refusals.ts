import { isFabricError } from "../errors/errors.js";

/** The server has these bytes, or some of them. Asking it tells (protocol §2.2). */
export function isReceivedBefore(error: unknown): boolean {
  return isFabricError(error) && error.code === "FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE";
}

/** The id belongs to an upload to another path. */
export function isIdConflict(error: unknown): boolean {
  return isFabricError(error) && error.code === "FABRIC_E_UPLOAD_SESSION_ID_CONFLICT";
}

/** Another write to the path, or to a folder it is in, is going on; a commit of a large file takes its time. */
export function isOtherWrite(error: unknown): boolean {
  return isFabricError(error) && error.code === "OperationsPending";
}

/** Servers say this of many things: an unknown route, a session that is lost or incomplete, one of another size. */
export function isInvalidArgument(error: unknown): boolean {
  return isFabricError(error) && error.status === 400 && error.code === "E_INVALIDARG";
}

/** A session, or the chunks of one, that the server no longer has. */
export function isNotFound(error: unknown): boolean {
  return isFabricError(error) && error.status === 404;
}

/** Something between here and the server takes no body of this size. */
export function isTooLarge(error: unknown): boolean {
  return isFabricError(error) && error.status === 413;
}
