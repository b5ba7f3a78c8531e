import type { Schemas } from "@sf-image-store/types";
import { escapeMarkup } from "../wire/markup.js";

/** How callers sign in with Microsoft Entra ID. The cluster reports it without authentication. */
export interface EntraOptions {
  /** The tenant ID. */
  readonly tenant: string;
  /** The ID of the application that represents the cluster: the audience of the tokens. */
  readonly cluster: string;
  /** The ID of the application that clients sign in with. */
  readonly client: string;
  /** URL of the sign-in service. Default: `https://login.microsoftonline.com`. */
  readonly login?: string;
  /** URL of the authority that issues tokens. Default: the tenant, below `login`. */
  readonly authority?: string;
  /** Redirect URI of the client application. Default: `urn:ietf:wg:oauth:2.0:oob`. */
  readonly redirect?: string;
}

const memberNames = ["tenant", "cluster", "client", "login", "authority", "redirect"];

/**
 * Validates the options and adds the defaults of a cluster.
 * @throws TypeError that names the member.
 */
export function completeEntra(value: unknown): Required<EntraOptions> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError("entra must be an object with tenant, cluster and client.");
  }
  const members = new Map<string, unknown>(Object.entries(value));
  const unknown = [...members.keys()].find((name) => !memberNames.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`entra.${unknown} is unknown. Allowed members: ${memberNames.join(", ")}.`);
  }
  const text = (name: keyof EntraOptions, otherwise?: string): string => {
    const member = members.get(name) ?? otherwise;
    if (typeof member === "string" && member !== "") return member;
    throw new TypeError(`entra.${name} must be a string, not ${JSON.stringify(member) ?? "nothing"}.`);
  };
  const tenant = text("tenant");
  const login = text("login", "https://login.microsoftonline.com");
  return {
    tenant,
    cluster: text("cluster"),
    client: text("client"),
    login,
    authority: text("authority", `${login.replace(/\/+$/, "")}/${tenant}`),
    redirect: text("redirect", "urn:ietf:wg:oauth:2.0:oob"),
  };
}

/** The response of the cluster. Without Entra ID it is a success too, with empty members. */
export function aadMetadata(entra: EntraOptions | undefined): Schemas["AadMetadataObject"] {
  if (entra === undefined) return { type: "", metadata: {} };
  const { authority, client, cluster, login, redirect, tenant } = completeEntra(entra);
  // The cluster sorts them by name.
  return { type: "aad", metadata: { authority, client, cluster, login, redirect, tenant } };
}

/** The connection string of the image store service, which stores packages on the nodes of the cluster. */
export const imageStoreService = "fabric:ImageStore";

/** Whether the cluster runs that service. Any other connection string names a location that clients write to directly. */
export function hasImageStoreService(imageStoreConnectionString: string): boolean {
  return imageStoreConnectionString.toLowerCase() === imageStoreService.toLowerCase();
}

/** A manifest with only the setting for the location of packages. */
export function clusterManifest(imageStoreConnectionString: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<ClusterManifest Name="Emulator" Version="1.0" xmlns="http://schemas.microsoft.com/2011/01/fabric">
  <FabricSettings>
    <Section Name="Management">
      <Parameter Name="ImageStoreConnectionString" Value="${escapeMarkup(imageStoreConnectionString)}" />
    </Section>
  </FabricSettings>
</ClusterManifest>
`;
}

/** Whether an XML 1.0 attribute can contain the text without changing it. */
export function isManifestText(text: string): boolean {
  return /^[^\p{Cc}\p{Cs}\ufffe\uffff]+$/u.test(text);
}
