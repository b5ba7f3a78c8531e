/** An XML element. Names have no namespace prefix. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The text in it, without that of its children and without white space around it. */
  readonly text: string;
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
  text: string;
}

/**
 * Parses the elements, attributes and texts of a manifest. A document type is rejected, so that no entity can expand.
 * @throws XmlError
 */
export function parseXml(text: string): XmlElement {
  const top: OpenElement = { name: "", attributes: new Map(), children: [], text: "" };
  const open: OpenElement[] = [top];
  let position = 0;
  for (const match of text.replace(/^\ufeff/, "").matchAll(token)) {
    position = match.index + match[0].length;
    const [all, closed, opened, attributes = "", slash] = match;
    const parent = open.at(-1) ?? top;
    if (closed !== undefined) {
      if (open.length === 1 || parent.name !== closed)
        throw new XmlError(`The end tag </${closed}> has no start tag.`);
      open.pop();
      open.at(-1)?.children.push(closedElement(parent));
    } else if (opened !== undefined) {
      const element = { name: opened, attributes: parseAttributes(attributes), children: [], text: "" };
      if (slash === "/") parent.children.push(closedElement(element));
      else open.push(element);
    } else if (all.startsWith("<![CDATA[")) parent.text += all.slice("<![CDATA[".length, -"]]>".length);
    else if (!all.startsWith("<")) parent.text += withoutEntities(all);
  }
  if (position < text.replace(/^\ufeff/, "").length) {
    throw new XmlError(`The markup at character ${position} is not valid.`);
  }
  const [root, ...others] = top.children;
  if (open.length > 1) throw new XmlError(`<${open.at(-1)?.name}> has no end tag.`);
  if (root === undefined || others.length > 0) throw new XmlError("There must be exactly one root element.");
  return root;
}

function closedElement({ name, text, ...element }: OpenElement): XmlElement {
  return { ...element, name: name.replace(/^.*:/, ""), text: text.trim() };
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

/** The element as text, without white space between elements. */
export function xmlText({ name, attributes, children, text }: XmlElement): string {
  const start = [name, ...[...attributes].map(([key, value]) => `${key}="${escaped(value)}"`)].join(" ");
  const content = `${escaped(text)}${children.map(xmlText).join("")}`;
  return content === "" ? `<${start} />` : `<${start}>${content}</${name}>`;
}

function escaped(text: string): string {
  const replaced = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return replaced.replaceAll('"', "&quot;").replaceAll("\n", "&#xA;").replaceAll("\r", "&#xD;");
}
