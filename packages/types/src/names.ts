/**
 * Whether traffic to this host stays on this machine: `localhost`, `127.0.0.0/8` or `::1`. Names are not resolved.
 * @param host A host name or address without a port, such as `hostname` of a `URL`: lower case, IPv6 with or without brackets.
 */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host);
}

/**
 * Whether a store path is a folder that clusters reserve for provisioned packages (`Store` or `WindowsFabricStore`, in any
 * case). Clusters refuse to delete such a folder itself. They do not protect paths inside it, and neither does this check.
 */
export function isReservedFolder(storePath: string): boolean {
  return /^(store|windowsfabricstore)$/i.test(storePath);
}
