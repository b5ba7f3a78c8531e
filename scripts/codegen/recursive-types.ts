import ts from "typescript";

const { factory } = ts;

/**
 * Gives every schema that reaches itself without passing through an object (`Json = string | Json[]`) a type alias of its
 * own, `RecursiveJson`, which `components["schemas"]["Json"]` then refers to. Written inside the interface, the compiler
 * takes such a type for a property that is referenced in its own annotation; only an alias may wait for its elements.
 */
export function nameRecursiveTypes(nodes: readonly ts.Node[]): ts.Node[] {
  const members = schemaMembers(nodes);
  const uses = new Map([...members].map(([name, { type }]) => [name, immediateUses(type)]));
  const recursive = [...members.keys()].filter((name) => reaches(name, name, uses));
  if (recursive.length === 0) return [...nodes];
  const aliases = aliasNames(recursive);
  const bodies = recursive.flatMap((name) => {
    const type = members.get(name)?.type;
    return type === undefined ? [] : [aliasOf(aliases.get(name) ?? name, withAliases(type, aliases))];
  });
  const isRenamed = new Map(recursive.map((name) => [members.get(name), aliases.get(name) ?? name]));
  const renamed = nodes.map((node) =>
    rewritten(node, (inner) => {
      const alias = ts.isPropertySignature(inner) ? isRenamed.get(inner) : undefined;
      if (alias === undefined || !ts.isPropertySignature(inner)) return undefined;
      const { modifiers, name, questionToken } = inner;
      return factory.updatePropertySignature(inner, modifiers, name, questionToken, referenceTo(alias));
    }),
  );
  return [...renamed, ...bodies];
}

/** The members of `components["schemas"]`, by name. */
function schemaMembers(nodes: readonly ts.Node[]): Map<string, ts.PropertySignature> {
  const members = nodes
    .filter((node) => ts.isInterfaceDeclaration(node))
    .filter((node) => node.name.text === "components")
    .flatMap((node) => signatures(node.members))
    .filter((member) => nameOf(member) === "schemas")
    .flatMap(({ type }) =>
      type !== undefined && ts.isTypeLiteralNode(type) ? signatures(type.members) : [],
    );
  return new Map(members.map((member) => [nameOf(member) ?? "", member]));
}

function signatures(members: readonly ts.TypeElement[]): ts.PropertySignature[] {
  return members.filter((member) => ts.isPropertySignature(member));
}

function nameOf({ name }: ts.PropertySignature): string | undefined {
  return ts.isIdentifier(name) || ts.isStringLiteral(name) || ts.isNumericLiteral(name)
    ? name.text
    : undefined;
}

/** The schemas that `type` names outside of objects: what is inside those is looked at when it is needed. */
function immediateUses(type: ts.Node | undefined, found = new Set<string>()): Set<string> {
  if (type === undefined || ts.isTypeLiteralNode(type)) return found;
  const schema = referredSchema(type);
  if (schema === undefined) ts.forEachChild(type, (inner) => void immediateUses(inner, found));
  else found.add(schema);
  return found;
}

/** X, if `node` is `components["schemas"]["X"]`. */
function referredSchema(node: ts.Node): string | undefined {
  if (!ts.isIndexedAccessTypeNode(node) || !ts.isIndexedAccessTypeNode(node.objectType)) return undefined;
  const { objectType: root, indexType: group } = node.objectType;
  const isSchema =
    textOf(group) === "schemas" &&
    ts.isTypeReferenceNode(root) &&
    ts.isIdentifier(root.typeName) &&
    root.typeName.text === "components";
  return isSchema ? textOf(node.indexType) : undefined;
}

function textOf(node: ts.TypeNode): string | undefined {
  return ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal) ? node.literal.text : undefined;
}

function reaches(from: string, to: string, uses: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const reached = new Set(uses.get(from));
  // A set is walked in the order of insertion, additions included.
  for (const name of reached) for (const next of uses.get(name) ?? []) reached.add(next);
  return reached.has(to);
}

/** Names of schemas need not be names in TypeScript, and two may become one. */
function aliasNames(names: readonly string[]): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const name of names) {
    const wanted = `Recursive${name.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
    const taken = new Set(aliases.values());
    let free = wanted;
    for (let number = 2; taken.has(free); number++) free = `${wanted}${number}`;
    aliases.set(name, free);
  }
  return aliases;
}

function aliasOf(name: string, type: ts.TypeNode): ts.Node {
  const exported = [factory.createModifier(ts.SyntaxKind.ExportKeyword)];
  return factory.createTypeAliasDeclaration(exported, name, undefined, type);
}

function referenceTo(alias: string): ts.TypeNode {
  return factory.createTypeReferenceNode(alias);
}

/** `type`, naming aliases directly: through the interface they would be a circle again. */
function withAliases(type: ts.TypeNode, aliases: ReadonlyMap<string, string>): ts.TypeNode {
  const aliasFor = (node: ts.Node) => {
    const alias = aliases.get(referredSchema(node) ?? "");
    return alias === undefined ? undefined : referenceTo(alias);
  };
  return aliasFor(type) ?? rewritten(type, aliasFor);
}

/** `node` with everything in it replaced for which `replace` has something else. */
function rewritten<T extends ts.Node>(node: T, replace: (node: ts.Node) => ts.Node | undefined): T {
  const result = ts.transform(node, [
    (context) => (root) => {
      const visit = (inner: ts.Node): ts.Node => replace(inner) ?? ts.visitEachChild(inner, visit, context);
      return ts.visitEachChild(root, visit, context);
    },
  ]);
  const [transformed] = result.transformed;
  return transformed ?? node;
}
