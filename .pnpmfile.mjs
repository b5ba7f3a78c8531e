/** Only this workspace has the sources of its packages; see decisions/08-source-export-condition.md. */
const sourceCondition = "@sf-image-store/source";

export const hooks = {
  /** Changes the package.json that is packed. */
  beforePacking(manifest) {
    const entries = Object.entries(manifest.exports ?? {}).map(([entry, target]) => {
      if (typeof target === "string") return [entry, target];
      const { [sourceCondition]: _, ...published } = target;
      return [entry, published];
    });
    return { ...manifest, ...(entries.length === 0 ? {} : { exports: Object.fromEntries(entries) }) };
  },
};
