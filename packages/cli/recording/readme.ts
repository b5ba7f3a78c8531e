const begin = "<!-- recording: made by `pnpm record`, not by hand -->";
const end = "<!-- end of recording -->";

/** The README with another recording in it. */
export function withRecording(readme: string, recording: string): string {
  const [before, after] = around(readme);
  return `${before}${begin}\n\`\`\`text\n${recording}\n\`\`\`\n${end}${after}`;
}

/** What stands between the marks, without the fence. */
export function recordingIn(readme: string): string {
  const [before, after] = around(readme);
  const block = readme.slice(before.length + begin.length, readme.length - after.length - end.length);
  return block.replace(/^\n```text\n/, "").replace(/\n```\n$/, "");
}

function around(readme: string): readonly [before: string, after: string] {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error("The README has no marks for the recording.");
  return [readme.slice(0, from), readme.slice(to + end.length)];
}
