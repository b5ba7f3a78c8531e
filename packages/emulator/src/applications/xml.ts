/** An XML element. Names have no namespace prefix. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
}

/** A text is not well-formed XML. */
class XmlError extends Error {
  override readonly name = "XmlError";
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** A comment, an instruction, a CDATA section, a tag, or text. */
const token =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[[\s\S]*?\]\]>|<\/([^\s<>/]+)\s*>|<([^\s<>/!?]+)((?:\s+[^\s<>=/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/gy;
const attribute = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

interface OpenElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
}

/**
 * Parses the elements and attributes of a manifest. Text between elements is ignored, because no manifest keeps facts there
 * that the emulator needs. A document type is rejected, so that no entity can expand.
 * @throws XmlError
 */
export function parseXml(text: string): XmlElement {
  const top: OpenElement = { name: "", attributes: new Map(), children: [] };
  const open: OpenElement[] = [top];
  let position = 0;
  for (const match of text.replace(/^\ufeff/, "").matchAll(token)) {
    position = match.index + match[0].length;
    const [, closed, opened, attributes = "", slash] = match;
    const parent = open.at(-1) ?? top;
    if (closed !== undefined) {
      if (open.length === 1 || parent.name !== closed)
        throw new XmlError(`The end tag </${closed}> has no start tag.`);
      open.pop();
    } else if (opened !== undefined) {
      const element = { name: opened, attributes: parseAttributes(attributes), children: [] };
      parent.children.push({ ...element, name: opened.replace(/^.*:/, "") });
      if (slash !== "/") open.push(element);
    }
  }
  if (position < text.replace(/^\ufeff/, "").length) {
    throw new XmlError(`The markup at character ${position} is not valid.`);
  }
  const [root, ...others] = top.children;
  if (open.length > 1) throw new XmlError(`<${open.at(-1)?.name}> has no end tag.`);
  if (root === undefined || others.length > 0) throw new XmlError("There must be exactly one root element.");
  return root;
}

function parseAttributes(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(attribute)].map(([, name = "", double, single]) => [
      name,
      withoutEntities(double ?? single ?? ""),
    ]),
  );
}

function withoutEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#[0-9]{1,7}|[a-z]+);/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return entities[name] ?? whole;
    const code =
      name[1] === "x" || name[1] === "X" ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The elements at a path below an element, such as `DefaultServices/Service`. */
export function elementsAt(root: XmlElement, path: string): readonly XmlElement[] {
  return path
    .split("/")
    .reduce<readonly XmlElement[]>(
      (found, name) => found.flatMap(({ children }) => children.filter((child) => child.name === name)),
      [root],
    );
}
