/** A URL template with its path parameters filled in. */
export function serializePath(
  template: string,
  values: Readonly<Record<string, unknown>>,
  encode: (value: unknown) => string,
): string {
  return template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => encode(values[name]));
}

/**
 * Servers send the token escaped for a URL and take it back byte for byte (protocol §1.3). (A URL's own rules still turn a
 * bare `'` into `%27`, which servers decode.)
 */
const sentAsItCame = "ContinuationToken";

export function serializeQuery(query: Readonly<Record<string, unknown>>): string {
  return Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${name === sentAsItCame ? value : encodeURIComponent(String(value))}`)
    .join("&");
}
