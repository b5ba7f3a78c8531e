/** A line of a list: a term, at least two spaces, and a description. */
const item = /^( *\S.*? {2,})(\S.*)$/;
/** Descriptions get at least so many columns beside their terms. */
const descriptionWidth = 40;
const indentBelow = 6;

/** A paragraph, or an entry of a list. */
interface Block {
  /** The indentation, or the term of the entry and the spaces after it. */
  readonly first: string;
  readonly margin: number;
  text: string;
}

/**
 * Wraps a help text. Its paragraphs and lists may have line breaks, which are replaced.
 * @param columns The width of the terminal. Default: 80. At least 40.
 */
export function helpText(text: string, columns = process.stdout.columns ?? 80): string {
  const width = Math.max(columns, 40);
  const blocks: Block[] = [];
  let isOpen = false;
  for (const line of text.split("\n")) {
    const last: Block | undefined = isOpen ? blocks.at(-1) : undefined;
    const indent = line.search(/\S/);
    const [, term, description = ""] = item.exec(line) ?? [];
    const start = " ".repeat(Math.max(indent, 0));
    if (last !== undefined && term === undefined && indent === last.margin) last.text += ` ${line.trim()}`;
    else if (term !== undefined) blocks.push({ first: term, margin: term.length, text: description });
    else blocks.push({ first: start, margin: start.length, text: line.trim() });
    // A synopsis is not a paragraph: what follows it describes it.
    isOpen = indent !== -1 && !line.startsWith("openapi-contract ");
  }
  return blocks.flatMap((block) => wrapBlock(block, width)).join("\n");
}

function wrapBlock({ first, margin, text }: Block, width: number): readonly string[] {
  const isBelow = first.trim() !== "" && width - margin < descriptionWidth;
  const indent = isBelow ? indentBelow : margin;
  const lines = wrap(text, width - indent).map((line) => " ".repeat(indent) + line);
  if (isBelow) return [first.trimEnd(), ...lines];
  return [(first + (lines[0] ?? "").slice(indent)).trimEnd(), ...lines.slice(1)];
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
