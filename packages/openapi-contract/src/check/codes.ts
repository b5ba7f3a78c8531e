/** How serious a violation is: an error violates the contract, a warning may be intended. */
export type Severity = "error" | "warning";

export interface CodeEntry {
  readonly severity: Severity;
  /** What a violation with this code says, in one sentence. */
  readonly meaning: string;
}

interface OwnCode extends CodeEntry {
  /** The codes of Azure's oav that report the same. */
  readonly oav?: readonly string[];
}

const error = (meaning: string, ...oav: string[]): OwnCode => ({ severity: "error", meaning, oav });
const warning = (meaning: string, ...oav: string[]): OwnCode => ({ severity: "warning", meaning, oav });

/** Every code of a violation. Codes are stable: an existing one keeps its name and its meaning. */
export const violationCodes = {
  // The form of a value.
  TYPE_INVALID: error(
    "The value has another type than the schema.",
    "INVALID_TYPE",
    "INVALID_REQUEST_PARAMETER",
  ),
  FORMAT_INVALID: error("The value does not have the format of the schema.", "INVALID_FORMAT"),
  PATTERN_MISMATCH: error("The text does not match the pattern of the schema.", "PATTERN"),
  ENUM_VALUE_UNKNOWN: error("The value is not in the list of allowed values.", "ENUM_MISMATCH"),
  ENUM_CASE_MISMATCH: error("The value differs from a listed one only in case.", "ENUM_CASE_MISMATCH"),
  CONSTANT_MISMATCH: error("The value is not the one that the schema fixes."),
  TEXT_TOO_SHORT: error("The text is shorter than minLength.", "MIN_LENGTH"),
  TEXT_TOO_LONG: error("The text is longer than maxLength.", "MAX_LENGTH"),
  NUMBER_TOO_SMALL: error("The number is below its lower bound.", "MINIMUM", "MINIMUM_EXCLUSIVE"),
  NUMBER_TOO_LARGE: error("The number is above its upper bound.", "MAXIMUM", "MAXIMUM_EXCLUSIVE"),
  NUMBER_NOT_MULTIPLE: error("The number is not a multiple of multipleOf.", "MULTIPLE_OF"),
  TOO_FEW_ITEMS: error("The list has fewer items than minItems.", "ARRAY_LENGTH_SHORT"),
  TOO_MANY_ITEMS: error("The list has more items than maxItems.", "ARRAY_LENGTH_LONG"),
  UNKNOWN_ITEM: error(
    "The list has an item beyond those that the schema describes.",
    "ARRAY_ADDITIONAL_ITEMS",
  ),
  ITEM_MISSING: error("The list contains no item, or too few, of the kind it must contain."),
  ITEMS_NOT_UNIQUE: error("Two items of the list are equal.", "ARRAY_UNIQUE"),
  REQUIRED_PROPERTY_MISSING: error("A required property is missing.", "OBJECT_MISSING_REQUIRED_PROPERTY"),
  DEPENDENT_PROPERTY_MISSING: error(
    "A property is missing that another one requires.",
    "OBJECT_DEPENDENCY_KEY",
  ),
  UNKNOWN_PROPERTY: error("The schema declares no property of this name.", "OBJECT_ADDITIONAL_PROPERTIES"),
  PROPERTY_NAME_INVALID: error("The name of a property does not match propertyNames."),
  TOO_FEW_PROPERTIES: error(
    "The object has fewer properties than minProperties.",
    "OBJECT_PROPERTIES_MINIMUM",
  ),
  TOO_MANY_PROPERTIES: error(
    "The object has more properties than maxProperties.",
    "OBJECT_PROPERTIES_MAXIMUM",
  ),
  DISCRIMINATOR_VALUE_UNKNOWN: error(
    "The value of the discriminator is not the name of a subtype.",
    "DISCRIMINATOR_VALUE_NOT_FOUND",
  ),
  NO_ALTERNATIVE_MATCHES: error(
    "The value matches no alternative of anyOf or oneOf.",
    "ANY_OF_MISSING",
    "ONE_OF_MISSING",
  ),
  SEVERAL_ALTERNATIVES_MATCH: error("The value matches several alternatives of oneOf.", "ONE_OF_MULTIPLE"),
  VALUE_NOT_ALLOWED: error("The schema forbids this value."),
  SCHEMA_VIOLATED: error("The value violates a keyword that has no code of its own.", "NOT_PASSED"),
  // Which way a value goes.
  WRITE_ONLY_PROPERTY_IN_RESPONSE: error(
    "A response contains a writeOnly property.",
    "WRITEONLY_PROPERTY_NOT_ALLOWED_IN_RESPONSE",
  ),
  SECRET_PROPERTY_IN_RESPONSE: error("A response contains a property marked x-ms-secret.", "SECRET_PROPERTY"),
  READ_ONLY_PROPERTY_IN_REQUEST: warning(
    "A request contains a readOnly property, which servers ignore.",
    "READONLY_PROPERTY_NOT_ALLOWED_IN_REQUEST",
  ),
  // Requests.
  OPERATION_UNKNOWN: error(
    "The contract has no operation of this name, or none for this method and URL.",
    "OPERATION_NOT_FOUND_IN_CACHE",
    "OPERATION_NOT_FOUND_IN_CACHE_WITH_VERB",
    "OPERATION_NOT_FOUND_IN_CACHE_WITH_API",
    "OPERATION_NOT_FOUND_IN_CACHE_WITH_PROVIDER",
  ),
  OPERATION_AMBIGUOUS: warning(
    "Method and URL fit several operations equally well; the first one is checked.",
    "MULTIPLE_OPERATIONS_FOUND",
  ),
  PARAMETER_MISSING: error(
    "A required parameter is missing.",
    "MISSING_REQUIRED_PARAMETER",
    "REQUIRED_PARAMETER_EXAMPLE_NOT_FOUND",
  ),
  PARAMETER_UNKNOWN: error("The operation declares no parameter of this name."),
  PATH_PARAMETER_SLASH: error(
    "A path parameter begins with a slash after another one: the URL would contain `//`.",
    "DOUBLE_FORWARD_SLASHES_IN_URL",
  ),
  REQUEST_BODY_UNEXPECTED: error("The request has a body, and the operation declares none."),
  CONTENT_TYPE_INVALID: error("The content type is not the declared one.", "INVALID_CONTENT_TYPE"),
  // Responses.
  STATUS_NOT_DOCUMENTED: error(
    "The operation does not document this status.",
    "INVALID_RESPONSE_CODE",
    "RESPONSE_STATUS_CODE_NOT_IN_SPEC",
  ),
  RESPONSE_BODY_MISSING: error(
    "The operation documents a response body, but the response has none.",
    "INVALID_RESPONSE_BODY",
    "RESPONSE_BODY_NOT_IN_EXAMPLE",
  ),
  RESPONSE_BODY_UNEXPECTED: error(
    "The response has a body, but the operation documents none.",
    "RESPONSE_SCHEMA_NOT_IN_SPEC",
  ),
  HEADER_MISSING: error("A required header is missing.", "INVALID_RESPONSE_HEADER"),
  HEADER_UNKNOWN: error("The response declares no header of this name."),
  // The example file itself.
  EXAMPLE_INVALID: error("The file does not have the form of an example."),
  EXAMPLE_OPERATION_MISSING: error("The example has no operationId, and no operation lists its file."),
  EXAMPLE_PART_UNKNOWN: error("The example has an unknown member."),
  EXAMPLE_MISSING: warning(
    "No example shows the operation. Reported with --coverage and --min-coverage.",
    "XMS_EXAMPLE_NOTFOUND_ERROR",
  ),
  STATUS_NOT_SHOWN: warning(
    "No example shows a documented status. Reported with --coverage and --min-coverage.",
    "RESPONSE_STATUS_CODE_NOT_IN_EXAMPLE",
  ),
  // Several requests, one after the other.
  ROUND_TRIP_MISMATCH: error(
    "What was read differs from what was written before.",
    "ROUNDTRIP_INCONSISTENT_PROPERTY",
    "ROUNDTRIP_MISSING_PROPERTY",
    "ROUNDTRIP_ADDITIONAL_PROPERTY",
  ),
  USE_AFTER_DELETE: error("Something that was deleted can still be read."),
  AUTHENTICATION_IGNORED: error("A request without credentials succeeded although credentials are required."),
  // The document itself. Mistakes that the official schemas find end every command with exit code 2 instead.
  SEVERAL_BODY_PARAMETERS: error("An operation has two body parameters.", "MULTIPLE_BODY_PARAMETERS"),
  BODY_BESIDE_FORM: error(
    "An operation has a body parameter and fields of a form.",
    "INVALID_PARAMETER_COMBINATION",
  ),
  PATH_PARAMETER_EMPTY: error("A path has a parameter without a name.", "EMPTY_PATH_PARAMETER_DECLARATION"),
  PATH_PARAMETER_NOT_IN_PATH: error(
    "A parameter is declared as part of a path that does not contain it.",
    "MISSING_PATH_PARAMETER_DEFINITION",
  ),
  EQUIVALENT_PATH: error("Two paths differ only in the names of their parameters.", "EQUIVALENT_PATH"),
  REQUIRED_PROPERTY_NOT_DECLARED: warning(
    "A model requires a property that it does not declare.",
    "OBJECT_MISSING_REQUIRED_PROPERTY_DEFINITION",
  ),
  DISCRIMINATOR_TYPE_INVALID: error("The discriminator is not a text.", "INVALID_DISCRIMINATOR_TYPE"),
  DISCRIMINATOR_NOT_REQUIRED: warning("The discriminator is not required.", "DISCRIMINATOR_NOT_REQUIRED"),
  DISCRIMINATOR_NOT_DECLARED: warning(
    "A model has a discriminator value, and extends no model with a discriminator.",
    "DISCRIMINATOR_PROPERTY_NOT_FOUND",
  ),
  DISCRIMINATOR_VALUE_NOT_LISTED: error(
    "The discriminator value of a model is none of those that the discriminator lists.",
    "INVALID_XMS_DISCRIMINATOR_VALUE",
  ),
  // Running the check.
  IGNORE_ENTRY_UNUSED: warning("An entry of the ignore file matches no violation anymore."),
} as const satisfies Record<string, OwnCode>;

export type ViolationCode = keyof typeof violationCodes;

const documentIsRefused =
  "A mistake in the document, not in an example. Every command names the place and ends with exit code 2. Without the setting `strict`, a mistake whose meaning is clear is only a warning.";
const azureOnly = "A rule of Azure Resource Manager; other APIs do not follow it.";

/** The codes of oav without a counterpart here, and why. */
export const oavCodesLeftOut: Readonly<Record<string, string>> = {
  INTERNAL_ERROR: "A failure of the checker is not a violation. The command stops with a stack trace.",
  UNRESOLVABLE_REFERENCE: documentIsRefused,
  JSON_PARSING_ERROR: documentIsRefused,
  OBJECT_MISSING_REQUIRED_PROPERTY_SCHEMA: documentIsRefused,
  DUPLICATE_OPERATIONID: documentIsRefused,
  DUPLICATE_PARAMETER: documentIsRefused,
  MISSING_PATH_PARAMETER_DECLARATION: documentIsRefused,
  MISSING_RESOURCE_ID: azureOnly,
  LRO_RESPONSE_CODE: azureOnly,
  LRO_RESPONSE_HEADER: azureOnly,
  PII_MISMATCH:
    "Detecting personal data requires lists for each country. The proxy only removes credentials.",
};

/** The table of codes as Markdown: what VIOLATIONS.md contains. */
export function codesAsMarkdown(): string {
  const own: readonly [string, OwnCode][] = Object.entries(violationCodes);
  const code = (text: string) => `\`${text}\``;
  return [
    "# Codes of violations",
    "",
    "Generated by `openapi-contract check --codes`. Codes are stable: use them in ignore files and in scripts.",
    "",
    "| code | severity | meaning | codes of oav |",
    "|---|---|---|---|",
    ...own.map(
      ([name, { severity, meaning, oav = [] }]) =>
        `| ${code(name)} | ${severity} | ${meaning} | ${oav.map(code).join(", ")} |`,
    ),
    "",
    "## Codes of oav that are left out",
    "",
    "[oav](https://github.com/Azure/oav) checks the documents of Azure. These codes of oav have no counterpart here.",
    "",
    "| code of oav | reason |",
    "|---|---|",
    ...Object.entries(oavCodesLeftOut).map(([name, reason]) => `| ${code(name)} | ${reason} |`),
    "",
  ].join("\n");
}
