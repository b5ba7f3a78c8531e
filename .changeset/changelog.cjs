// Writes the entries of the changelogs: the texts of the changesets, without commit hashes, which tell readers nothing.

/** A list item. Its further lines are indented so that they stay part of it. */
async function getReleaseLine({ summary }) {
  const [first = "", ...rest] = summary.split("\n").map((line) => line.trimEnd());
  return [`- ${first}`, ...rest.map((line) => (line === "" ? "" : `  ${line}`))].join("\n");
}

/** One item for all dependencies; none in a first release, which has no older dependencies. */
async function getDependencyReleaseLine(_changesets, dependencies) {
  const updated = dependencies.filter(({ oldVersion }) => !oldVersion.endsWith("-dev"));
  const names = updated.map(({ name, newVersion }) => `\`${name}\` ${newVersion}`);
  return names.length === 0 ? "" : `- Uses ${names.join(", ")}.`;
}

module.exports = { getReleaseLine, getDependencyReleaseLine };
