// Makes the command of one piece: `dist/main.js` and what it loads on demand, with the packages it uses. Starting it reads a
// few files instead of hundreds, and finds the validators of the official schemas compiled.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(import.meta.dirname);
const validatorPackage = dirname(fileURLToPath(import.meta.resolve("@seriousme/openapi-schema-validator")));
const requireThere = createRequire(join(validatorPackage, "index.js"));

/** The validator of one version's official schema, as source text. Mirrors what the package does at run time. */
function compiled(version) {
  const schema = JSON.parse(readFileSync(join(validatorPackage, "schemas", version, "schema.json"), "utf8"));
  const Ajv = requireThere(schema.$schema.includes("draft-04") ? "ajv-draft-04" : "ajv/dist/2020.js").default;
  const ajv = new Ajv({ strict: false, code: { source: true, esm: true } });
  requireThere("ajv-formats").default(ajv);
  ajv.addFormat("media-range", true);
  return requireThere("ajv/dist/standalone").default(ajv, ajv.compile(schema));
}

/** Stands for the package: the same answers, without compiling a schema first. */
const officialSchemas = {
  name: "official-schemas",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@seriousme\/openapi-schema-validator$/ }, () => ({
      path: "validator",
      namespace: "official",
    }));
    onResolve({ filter: /^official:/ }, ({ path }) => ({ path: path.slice(9), namespace: "official" }));
    onLoad({ filter: /.*/, namespace: "official" }, ({ path }) => ({
      contents: path === "validator" ? dispatcher() : compiled(path),
      resolveDir: validatorPackage,
    }));
  },
};

function dispatcher() {
  const versions = readdirSync(join(validatorPackage, "schemas")).filter((name) => /^v\d/.test(name));
  const loaders = versions.map(
    (name) => `${JSON.stringify(name.slice(1))}: () => import("official:${name}")`,
  );
  return `const validators = { ${loaders.join(", ")} };
export class Validator {
  async validate(document) {
    const version = document.swagger ?? String(document.openapi).split(".", 2).join(".");
    if (!Object.hasOwn(validators, version)) return { valid: false, errors: "unknown version" };
    const { default: validate } = await validators[version]();
    return validate(document) ? { valid: true } : { valid: false, errors: validate.errors };
  }
}`;
}

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["dist/main.js"],
  outdir: "dist",
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  chunkNames: "command/chunks/[name]-[hash]",
  format: "esm",
  platform: "node",
  target: "node20.19",
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  logLevel: "warning",
  plugins: [officialSchemas],
  // Packages in CommonJS ask for the modules of Node.js by require.
  banner: { js: 'import{createRequire as __make}from"node:module";const require=__make(import.meta.url);' },
});

/** The licenses of what is in the bundle ask to go with it. */
const packages = new Set(
  Object.keys(metafile.inputs).flatMap(
    (path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? [],
  ),
);
const licenses = [...packages].sort().flatMap((path) => {
  const folder = join(root, path);
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const manifest = join(folder, "package.json");
  if (!existsSync(manifest)) return [];
  const { name, version, license } = JSON.parse(readFileSync(manifest, "utf8"));
  const text = file === undefined ? `License: ${license}` : readFileSync(join(folder, file), "utf8").trim();
  return [`${name} ${version}\n\n${text}\n`];
});
writeFileSync(join(root, "dist/third-party-licenses.txt"), licenses.join(`\n${"-".repeat(80)}\n\n`));
