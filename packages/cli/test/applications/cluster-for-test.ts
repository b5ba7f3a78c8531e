import { join } from "node:path";
import { type ApplicationsClient, createApplicationsClient } from "@sf-image-store/client/applications";
import { createImageStoreClient } from "@sf-image-store/client/node";
import type { EmulatorOptions } from "@sf-image-store/emulator";
import { scratchFolder, writeTree } from "@sf-image-store/testing";
import { type StoreForTest, storeForTest } from "../store-for-test.js";

/** Writes a package of the type `ShopType` with one service. Returns its folder. */
export function shopPackage(version: string, folder = scratchFolder()): string {
  return writeTree(join(folder, "Shop"), {
    "ApplicationManifest.xml": `<ApplicationManifest ApplicationTypeName="ShopType" ApplicationTypeVersion="${version}" xmlns="http://schemas.microsoft.com/2011/01/fabric">
  <Parameters><Parameter Name="Count" DefaultValue="1"/><Parameter Name="Region" DefaultValue="west"/></Parameters>
  <ServiceManifestImport><ServiceManifestRef ServiceManifestName="WebPkg" ServiceManifestVersion="${version}"/></ServiceManifestImport>
  <DefaultServices><Service Name="Web"><StatelessService ServiceTypeName="WebType" InstanceCount="1"/></Service></DefaultServices>
</ApplicationManifest>`,
    "WebPkg/ServiceManifest.xml": `<ServiceManifest Name="WebPkg" Version="${version}" xmlns="http://schemas.microsoft.com/2011/01/fabric">
  <ServiceTypes><StatelessServiceType ServiceTypeName="WebType"/></ServiceTypes>
  <CodePackage Name="Code" Version="${version}"/>
</ServiceManifest>`,
    "WebPkg/Code/web.exe": `MZ ${version}`,
  });
}

export interface ClusterForTest extends StoreForTest {
  readonly applications: ApplicationsClient;
  /** Uploads a package to `Shop_<version>`. */
  upload(version: string): Promise<void>;
  /** Uploads a package and registers its type. */
  provision(version: string): Promise<void>;
  /** Creates `fabric:/Shop`, whose type is provisioned. */
  create(version: string, parameters?: Readonly<Record<string, string>>): Promise<void>;
}

/** Health checks that pass or fail within a minute. */
export const briefChecks = ["--health-check-stable", "30s", "--health-check-retry", "30s"];

/** A cluster that ends with the running test. A minute passes in it whenever an upgrade is looked at. */
export async function clusterForTest(options: EmulatorOptions = {}): Promise<ClusterForTest> {
  let store: StoreForTest | undefined;
  const started = await storeForTest({
    ...options,
    onRequest: (entry) => {
      if (entry.operationId === "GetApplicationUpgrade") store?.emulator.advance(60_000);
      options.onRequest?.(entry);
    },
  });
  store = started;
  const { endpoint } = started.emulator;
  const applications = createApplicationsClient({ endpoint });
  const upload = async (version: string) => {
    const images = createImageStoreClient({ endpoint });
    await images.uploadPackage(shopPackage(version), { destination: `Shop_${version}` });
  };
  return {
    ...started,
    applications,
    upload,
    async provision(version) {
      await upload(version);
      await applications.provisionApplicationType({ storePath: `Shop_${version}`, async: false });
    },
    create: (typeVersion, parameters = {}) =>
      applications.createApplication({
        applicationName: "fabric:/Shop",
        typeName: "ShopType",
        typeVersion,
        parameters,
      }),
  };
}
