import { isMembers, type Members, type RulePlugin, shown, type Violation, violation } from "openapi-contract";

const error = (meaning: string) => ({ severity: "error", meaning }) as const;

/** Rules of the operations on applications that their schemas cannot express. */
export const applicationRules: RulePlugin = {
  codes: {
    APPLICATION_MISMATCH: error(
      "The body and the path, or the request and the answer, name different applications.",
    ),
    TYPE_MISMATCH: error("The answer holds a type or a version that was not asked for."),
    PAGE_TOO_LONG: error("A page has more items than the request allows."),
    UPGRADE_DOMAIN_UNKNOWN: error("A progress names an upgrade domain that it does not list."),
  },
  operations: {
    GetApplicationTypeInfoList: pageFits,
    GetApplicationTypeInfoListByName: (parameters, responses) => [
      ...pageFits(parameters, responses),
      ...typesAskedFor(parameters, responses),
    ],
    GetApplicationInfoList: pageFits,
    GetApplicationInfo: (parameters, responses) =>
      sameApplication(parameters, bodyOf(responses, "200"), "#/responses/200/body"),
    GetApplicationHealth: (parameters, responses) =>
      sameApplication(parameters, bodyOf(responses, "200"), "#/responses/200/body"),
    GetApplicationUpgrade: (parameters, responses) => [
      ...sameApplication(parameters, bodyOf(responses, "200"), "#/responses/200/body"),
      ...domainsAreListed(bodyOf(responses, "200")),
    ],
    // The cluster goes by the name in the body, so another one in the path is a mistake that works.
    StartApplicationUpgrade: (parameters, responses) =>
      responses["200"] === undefined ? [] : sameInRequest(parameters, "ApplicationUpgradeDescription"),
    UpdateApplicationUpgrade: (parameters, responses) =>
      responses["200"] === undefined ? [] : sameInRequest(parameters, "ApplicationUpgradeUpdateDescription"),
  },
};

function bodyOf(responses: Members, status: string): Members {
  const response = responses[status];
  return isMembers(response) && isMembers(response["body"]) ? response["body"] : {};
}

function itemsOf(responses: Members): readonly Members[] {
  const items = bodyOf(responses, "200")["Items"];
  return Array.isArray(items) ? items.map((item) => (isMembers(item) ? item : {})) : [];
}

/** `MaxResults` is a limit, and 0 is none. */
function pageFits({ MaxResults }: Members, responses: Members): Violation[] {
  const most = Number(MaxResults ?? 0);
  const count = itemsOf(responses).length;
  if (!(most > 0) || count <= most) return [];
  const expected = `at most ${most} items`;
  return [
    violation({ code: "PAGE_TOO_LONG", pointer: "#/responses/200/body/Items", expected, actual: count }),
  ];
}

function typesAskedFor(parameters: Members, responses: Members): Violation[] {
  const wanted = { Name: parameters["applicationTypeName"], Version: parameters["ApplicationTypeVersion"] };
  return itemsOf(responses).flatMap((item, index) =>
    Object.entries(wanted).flatMap(([name, value]) => {
      const actual = item[name];
      if (typeof value !== "string" || typeof actual !== "string" || actual === value) return [];
      const pointer = `#/responses/200/body/Items/${index}/${name}`;
      const expected = `what was asked for, ${shown(value)}`;
      return [violation({ code: "TYPE_MISMATCH", pointer, expected, actual })];
    }),
  );
}

/** The ID of an application is its name without the scheme, with `~` between its parts. */
function sameApplication({ applicationId }: Members, { Name }: Members, place: string): Violation[] {
  if (typeof applicationId !== "string" || typeof Name !== "string") return [];
  const name = `fabric:/${applicationId.replaceAll("~", "/")}`;
  if (Name === name) return [];
  const expected = `the application in the path, ${shown(name)}`;
  return [violation({ code: "APPLICATION_MISMATCH", pointer: `${place}/Name`, expected, actual: Name })];
}

function sameInRequest(parameters: Members, body: string): Violation[] {
  const description = parameters[body];
  return isMembers(description) ? sameApplication(parameters, description, `#/parameters/${body}`) : [];
}

function domainsAreListed(progress: Members): Violation[] {
  const { UpgradeDomains, NextUpgradeDomain, CurrentUpgradeDomainProgress } = progress;
  if (!Array.isArray(UpgradeDomains)) return [];
  const listed = UpgradeDomains.map((domain) => (isMembers(domain) ? domain["Name"] : undefined));
  const current = isMembers(CurrentUpgradeDomainProgress) ? CurrentUpgradeDomainProgress["DomainName"] : "";
  const named: readonly [string, unknown][] = [
    ["NextUpgradeDomain", NextUpgradeDomain],
    ["CurrentUpgradeDomainProgress/DomainName", current],
  ];
  return named.flatMap(([place, name]) => {
    // No domain has no name.
    if (typeof name !== "string" || name === "" || listed.includes(name)) return [];
    const pointer = `#/responses/200/body/${place}`;
    const expected = `one of the upgrade domains, ${listed.map(shown).join(", ")}`;
    return [violation({ code: "UPGRADE_DOMAIN_UNKNOWN", pointer, expected, actual: name })];
  });
}
