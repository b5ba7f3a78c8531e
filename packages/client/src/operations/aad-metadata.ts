import type { Schemas } from "@sf-image-store/types";
import { wireObject, wireText } from "../wire/wire-values.js";

/**
 * How callers sign in with Microsoft Entra ID. What the cluster does not say, or leaves empty, is undefined: all of it
 * where Entra ID is not configured.
 */
export interface AadMetadata {
  /** `aad` for Entra ID. */
  readonly type: string | undefined;
  /** Id of the tenant. */
  readonly tenant: string | undefined;
  /** Id of the application that stands for the cluster: the audience of the tokens it takes. */
  readonly clusterApplication: string | undefined;
  /** Id of the application that people sign in with. */
  readonly clientApplication: string | undefined;
  /** URL of the authority that issues tokens. */
  readonly authority: string | undefined;
  /** URL of the sign-in service, without the tenant. */
  readonly login: string | undefined;
  /** Redirect URI of the client application. */
  readonly redirect: string | undefined;
  /** What to ask a token for: the cluster application's `/.default`. */
  readonly scope: string | undefined;
}

export function decodeAadMetadata(answer: Schemas["AadMetadataObject"]): AadMetadata {
  const metadata = wireObject("metadata", answer.metadata);
  const clusterApplication = textIfAny("cluster", metadata.cluster);
  return {
    type: textIfAny("type", answer.type),
    tenant: textIfAny("tenant", metadata.tenant),
    clusterApplication,
    clientApplication: textIfAny("client", metadata.client),
    authority: textIfAny("authority", metadata.authority),
    login: textIfAny("login", metadata.login),
    redirect: textIfAny("redirect", metadata.redirect),
    scope: clusterApplication === undefined ? undefined : `${clusterApplication}/.default`,
  };
}

/** A cluster sends settings that it does not have as empty texts. */
function textIfAny(property: string, value: unknown): string | undefined {
  return value === undefined || value === "" ? undefined : wireText(property, value);
}
