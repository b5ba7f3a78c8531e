import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "rolldown";

/*
 * Reading many small modules is most of what a start takes. Therefore, what loads at once is one file, also if it comes from
 * other packages. Only the emulator, which has its own version, stays a dependency.
 */
const parts = {
  // To describe an error. Must not load the client. The helpers for `using` are for Node.js 20.
  "client-errors":
    /client.src.(errors.errors|wire.(validation|store-path)|upload.upload-error|node.fetch.options|node.deploy.deploy-error)\.ts$|packages.types.src|@oxc-project/,
  // For every command.
  start:
    /cli.src.(process|run|program|command-line.*|commands.index|errors.errors|output.(output|escape|hints|status-line|summary|units)|connection.(cli|open-store|profiles|settings|text-file)|store.(tree|delete-content))\.ts$|node_modules.(\.pnpm.)?(commander|@commander-js|picocolors|p-limit|yocto-queue)/,
  // For every upload.
  uploading:
    /cli.src.(upload.(?!dry-run).*|output.progress(-state)?|packing.plan|errors.(explain|kinds|facts|network-kinds|application-kinds))\.ts$/,
  // To connect, to send requests, and to upload files and packages.
  client:
    /client.src.(?!applications|folder|node.deploy.(?!deploy\.ts)|package.(lint|manifest)|http.failover|async.rate-limit|operations.disk).*\.ts$|cli.src.connection.(open-client|sign-in|store-location)|node_modules.(\.pnpm.)?(openapi-fetch|proxy-from-env)/,
  // For commands that manage applications.
  applications: /client.src.applications/,
  deploying: /client.src.node.deploy.(?!deploy(-error)?\.ts)/,
  xml: /@rgrove.parse-xml/,
};

/** Modules that the client loads on demand, so that web pages load less. Here, they are in the same file. */
const onDemand =
  /(?<!typeof )import\("(\.[^"]*\/(?:error-advice|upload-package|upload-and-verify|[a-z]+-operations)\.js)"\)/g;
const loadAtOnce = {
  name: "load-at-once",
  transform: {
    filter: { id: /client.src.*\.ts$/, code: /import\("/ },
    handler(code) {
      const paths = [];
      const changed = code.replaceAll(onDemand, (_, path) => `Promise.resolve(loaded${paths.push(path)})`);
      const imports = paths.map((path, index) => `import * as loaded${index + 1} from "${path}";`);
      return { code: [...imports, changed].join("\n"), map: null };
    },
  },
};

/** The licenses of bundled packages require a copy. */
const licenses = {
  name: "licenses",
  generateBundle(_options, bundle) {
    const ids = Object.values(bundle).flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
    const folders = new Set(
      ids.flatMap((id) => /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(id) ?? []),
    );
    const texts = [...folders].sort().map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));

      if (file === undefined) throw new Error(`${name} has no license.`);
      const text = readFileSync(join(folder, file), "utf8").trim();
      return `${name} ${version} (${license})\n\n${text}\n`;
    });
    this.emitFile({ type: "asset", fileName: "third-party-licenses.txt", source: texts.join("\n\n") });
  },
};

export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  transform: { target: "node20" },
  resolve: { conditionNames: ["@sf-image-store/source", "node"] },
  external: /^node:|^@sf-image-store\/emulator/,
  plugins: [loadAtOnce, licenses],
  output: {
    dir: "dist",
    format: "esm",
    chunkFileNames: "[name].js",
    cleanDir: true,
    // They are in `src`, which is published, too.
    comments: false,
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: Object.entries(parts).map(([name, test]) => ({ name, test })),
    },
  },
});
