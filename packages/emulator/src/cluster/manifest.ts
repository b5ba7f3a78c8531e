import { escapeMarkup } from "../markup.js";

/** Names the image store service, which keeps packages on the nodes of the cluster. */
export const imageStoreService = "fabric:ImageStore";

/** Whether the cluster runs that service. Any other text tells of a place that clients write to by themselves. */
export function hasImageStoreService(imageStoreConnectionString: string): boolean {
  return imageStoreConnectionString.toLowerCase() === imageStoreService.toLowerCase();
}

/** The setting that tells where the packages of a cluster are. All else that a real manifest has is left out. */
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

/** Whether XML 1.0 can hold the text in an attribute, and gives it back unchanged. */
export function isManifestText(text: string): boolean {
  return /^[^\p{Cc}\p{Cs}\ufffe\uffff]+$/u.test(text);
}
