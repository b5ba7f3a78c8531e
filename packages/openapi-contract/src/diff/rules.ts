/** What a change asks of the next version, judged for a developer whose code calls the API. */
export type Verdict = "patch" | "minor" | "major";

/** What a kind of change means for a caller. `says` is one sentence for people; `{what}` is the thing that changed. */
export interface Rule {
  readonly request: Verdict;
  readonly response: Verdict;
  readonly says: string;
}

function always(verdict: Verdict, says: string): Rule {
  return { request: verdict, response: verdict, says };
}

/** Fewer values than before: a caller's request may be refused, while an answer only got more precise. */
function narrower(says: string): Rule {
  return { request: "major", response: "minor", says };
}

/** More values than before: a request may say more, while an answer may hold what the caller never expected. */
function wider(says: string): Rule {
  return { request: "minor", response: "major", says };
}

const operationRules = {
  "operation-added": always("minor", "new operation"),
  "operation-removed": always("major", "the operation was removed"),
  "operation-removed-before-sunset": always("major", "the operation was removed before its sunset date"),
  "operation-renamed": always("major", "the operation has another name"),
  // The client writes method and URL; a caller names the operation and its parameters. So the caller's code stays as it
  // is, and what the client sends is new.
  "method-changed": always("minor", "the client sends it with another method"),
  "path-changed": always("minor", "the client sends it to another path"),
  // The client writes the api-version too, but every cluster older than it refuses the call.
  "api-version-raised": always(
    "major",
    "the client asks for a higher api-version, so servers below it refuse code that did not change",
  ),
  "api-version-lowered": always("minor", "the client asks for a lower api-version"),
  "api-version-changed": always(
    "major",
    "the client asks for another api-version, and nothing says which servers support it",
  ),
  "wire-changed": always("minor", "{what} is serialized differently"),
  "servers-changed": always("minor", "{what} has other servers of its own"),
  "webhook-added": always("minor", "new webhook"),
  "webhook-removed": always("major", "the webhook was removed"),
  "callback-added": always("minor", "new callback"),
  "callback-removed": always("major", "the callback was removed"),
} as const;

const lifecycleRules = {
  deprecated: always("minor", "{what} is deprecated now"),
  "deprecation-withdrawn": always("patch", "{what} is no longer deprecated"),
  "sunset-announced": always("minor", "{what} ends at a date now"),
  "sunset-earlier": always("major", "{what} ends sooner than announced"),
  "sunset-later": always("patch", "{what} ends later than announced"),
  "sunset-withdrawn": always("patch", "{what} no longer ends at a date"),
  "sunset-changed": always("major", "{what}: x-sunset changed, and a date is not readable"),
  "stability-decreased": always("major", "{what} is less stable than promised"),
  "stability-increased": always("patch", "{what} is more stable now"),
  "stability-changed": always("major", "{what}: x-stability-level changed, and a level is unknown"),
} as const;

const securityRules = {
  "security-required": always("major", "{what}: callers must authenticate now"),
  "security-dropped": always("minor", "{what}: callers no longer have to authenticate"),
  "security-alternative-added": always("minor", "{what}: callers can authenticate in one more way"),
  "security-alternative-removed": always("major", "{what}: callers can no longer authenticate in this way"),
  "security-scope-added": always("major", "{what}: a token needs one more scope"),
  "security-scope-removed": always("minor", "{what}: a token no longer needs this scope"),
  "security-scheme-added": always("patch", "new {what}; judged where operations ask for it"),
  "security-scheme-removed": always("patch", "{what} was removed; judged where operations asked for it"),
  "security-scheme-changed": always("major", "{what}: {keyword} changed"),
  "security-flow-added": always("minor", "{what}: new flow {keyword}"),
  "security-flow-removed": always("major", "{what}: the flow {keyword} was removed"),
  "security-address-changed": always("major", "{what}: callers get their tokens from another {keyword}"),
  "security-scope-defined": always("minor", "{what}: new scope {keyword}"),
  "security-scope-undefined": always("major", "{what}: the scope {keyword} was removed"),
} as const;

const parameterRules = {
  "parameter-added-optional": always("minor", "new optional {what}"),
  "parameter-added-required": always("major", "new required {what}"),
  "parameter-removed": always("major", "{what} was removed"),
  "parameter-renamed": always("major", "{what} has another name"),
  "parameter-became-required": always("major", "{what} is required now"),
  "parameter-became-optional": always("minor", "{what} is optional now"),
  // OperationTypes groups parameters by place, so a caller's types change with it.
  "parameter-moved": always("major", "{what} moved"),
} as const;

const requestBodyRules = {
  "body-added-optional": always("minor", "an optional {what} was added"),
  "body-added-required": always("major", "a required {what} was added"),
  "body-removed": always("major", "the {what} was removed"),
  "body-became-required": always("major", "the {what} is required now"),
  "body-became-optional": always("minor", "the {what} is optional now"),
  "body-renamed": always("major", "the {what} has another name in the operation table"),
  "request-type-added": always("minor", "the {what} accepts another content type"),
  "request-type-removed": always("major", "the {what} no longer accepts this content type"),
} as const;

const responseRules = {
  "success-status-added": always("major", "{what} is new: the result can be something else now"),
  "error-status-added": always("minor", "{what} is documented on its own now"),
  "status-removed": always("major", "{what} was removed"),
  "response-body-added": always("minor", "{what} has a body now"),
  "response-body-removed": always("major", "{what} has no body anymore"),
  "response-type-added": always("major", "{what} can come as another content type"),
  "response-type-removed": always("major", "{what} no longer comes as this content type"),
  "header-added": always("minor", "new {what}"),
  "header-removed": always("major", "{what} was removed"),
  "link-changed": always("patch", "{what}: the {keyword} changed"),
} as const;

const modelRules = {
  "model-added": always("minor", "new model"),
  "model-removed": always("major", "the model was removed"),
  // Its name may still be imported, but no value of it is sent or received.
  "unused-model-removed": always("minor", "the model was removed; no operation used it"),
  "model-renamed": always("major", "the model has another name"),
  "reference-changed": always("patch", "{what} is described by another model of the same shape"),
  "property-added-optional": always("minor", "new optional property {what}"),
  "property-added-required": narrower("new required property {what}"),
  "property-removed": always("major", "the property {what} was removed"),
  "property-became-required": narrower("{what} is no longer optional"),
  "property-became-optional": wider("{what} is optional now"),
  "additional-properties-narrowed": narrower("{what} allows fewer properties of other names"),
  "additional-properties-widened": wider("{what} allows more properties of other names"),
  "index-signature-added": always("minor", "{what} can be read and written by any property name now"),
  "index-signature-removed": always("major", "{what} can no longer be read and written by any property name"),
  "pattern-property-added": narrower("{what}: properties whose names match {keyword} are described now"),
  "pattern-property-removed": wider("{what}: properties whose names match {keyword} are no longer described"),
  "property-dependency-added": narrower("{what}: {keyword} requires other properties now"),
  "property-dependency-removed": wider("{what}: {keyword} no longer requires other properties"),
  "items-restricted": narrower("{what}: the type of the items is stated now"),
  "items-freed": wider("{what}: the type of the items is no longer stated"),
  "tuple-entry-added": always("major", "{what}: entry {keyword} has a type of its own now"),
  "tuple-entry-removed": always("major", "{what}: entry {keyword} no longer has a type of its own"),
  "union-added": wider("{what} is a union now"),
  "union-removed": narrower("{what} is no longer a union"),
  "union-member-added": wider("{what} has one more alternative"),
  "union-member-removed": always("major", "{what} lost an alternative"),
  "discriminator-added": narrower("{what} has a discriminator now"),
  "discriminator-removed": wider("{what} has no discriminator anymore"),
  "discriminator-changed": always("major", "{what} has another discriminator"),
  "discriminator-value-added": wider("{what} has one more discriminator value"),
  "discriminator-value-removed": always("major", "{what} lost a discriminator value"),
} as const;

const valueRules = {
  "type-changed": always("major", "{what} has another type"),
  "type-narrowed": always("major", "{what} has fewer types"),
  "type-widened": wider("{what} has more types"),
  "type-stated": narrower("the type of {what} is stated now"),
  "type-unstated": wider("the type of {what} is no longer stated"),
  "null-allowed": wider("{what} may be null now"),
  "null-refused": narrower("{what} is never null now"),
  "format-changed": always("major", "{what} has another format"),
  "format-added": narrower("{what} has a format now"),
  "format-removed": wider("{what} has no format anymore"),
  "format-narrowed": narrower("{what} has a format with fewer values"),
  "format-widened": wider("{what} has a format with more values"),
  "encoding-changed": always("major", "{what}: {keyword} changed"),
  "bound-narrowed": narrower("{what}: {keyword} allows less"),
  "bound-widened": wider("{what}: {keyword} allows more"),
  "restriction-added": narrower("{what}: {keyword} is restricted now"),
  "restriction-removed": wider("{what}: {keyword} is no longer restricted"),
  "restriction-changed": always("major", "{what}: {keyword} changed"),
  "enum-value-added": wider("{what} has one more value"),
  // Also in a response: code that compares with the value no longer compiles.
  "enum-value-removed": always("major", "{what} lost a value"),
  "enum-added": always("major", "{what} has a closed list of values now"),
  "enum-removed": wider("{what} has no list of values anymore"),
  "enum-opened": wider("{what} can be a value outside its list now"),
  "enum-closed": always("major", "{what} can no longer be a value outside its list"),
  "known-value-added": always("minor", "{what} has one more known value"),
  "known-value-removed": always("minor", "{what} lost a known value"),
  "default-added": { request: "minor", response: "patch", says: "{what} has a default now" },
  // Nothing stops compiling, but a request that leaves the value out means something else.
  "default-changed": { request: "major", response: "patch", says: "{what} has another default" },
  "default-removed": { request: "major", response: "patch", says: "{what} has no default anymore" },
  // A read-only property leaves requests and stays in answers, where callers can no longer assign to it.
  "read-only-added": always("major", "{what} is read-only now"),
  "read-only-removed": always("minor", "{what} is no longer read-only"),
  "write-only-added": { request: "patch", response: "major", says: "{what} is write-only now" },
  "write-only-removed": { request: "patch", response: "minor", says: "{what} is no longer write-only" },
} as const;

const otherRules = {
  "words-changed": always("patch", "{what}: {keyword} changed"),
  "example-changed": always("patch", "{what}: the examples changed"),
  "extension-changed": always("patch", "{what}: {keyword} changed, without effect on code"),
  "extension-with-effect-changed": always("major", "{what}: {keyword} changed, and code depends on it"),
  // What an operation uses is judged there; the name of a shared part appears in no type of an operation.
  "shared-part-changed": always("patch", "{what} changed; no operation uses it"),
  unknown: always("major", "{what}: {keyword} changed, and no rule knows it"),
} as const;

/** Every rule by its ID, in groups. IDs are stable: an existing one keeps its meaning. */
export const ruleGroups = {
  Operations: operationRules,
  "Deprecation, sunset and stability": lifecycleRules,
  Security: securityRules,
  Parameters: parameterRules,
  "Request bodies": requestBodyRules,
  Responses: responseRules,
  Models: modelRules,
  Values: valueRules,
  "Everything else": otherRules,
} as const;

export const rules = {
  ...operationRules,
  ...lifecycleRules,
  ...securityRules,
  ...parameterRules,
  ...requestBodyRules,
  ...responseRules,
  ...modelRules,
  ...valueRules,
  ...otherRules,
};

export type RuleName = keyof typeof rules;
