/** Quoted texts, comments, redirections, what GitHub Actions fills in, what stands between commands, and words. */
const token = /'([^']*)'|"([^"]*)"|#.*|>\s*\S+|\$\{\{.*?\}\}|<\(|&&|[|;()\n]|[^\s'"|;()]+(?:\([^)]*\))?/g;

/** The words of each command of a script, as a shell splits them. Variables stay as they are. */
export function splitCommands(script: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  for (const [text, single, double] of script.replaceAll("\\\n", " ").matchAll(token)) {
    if (/^[#>]/.test(text)) continue;
    if (/^(<\(|&&|[|;()\n])$/.test(text)) commands.push([]);
    else commands.at(-1)?.push(single ?? double ?? text);
  }
  return commands.filter((words) => words.length > 0);
}
