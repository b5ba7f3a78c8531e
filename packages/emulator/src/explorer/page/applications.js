// The application types, and the applications with their health and upgrades.

import { announce, byId, create, setAttribute, setChildren, setText } from "./dom.js";

/** @import { ApplicationState, ClusterChanges, UpgradeProgress } from "../live-events.js" */

/** @type {Readonly<Record<string, string>>} */
const upgradeTexts = {
  RollingForwardInProgress: "Upgrading",
  RollingForwardPending: "Upgrade waits",
  RollingForwardCompleted: "Upgraded",
  RollingBackInProgress: "Rolling back",
  RollingBackCompleted: "Rolled back",
};
/** @type {Readonly<Record<string, string>>} */
const domainTexts = { Completed: "done", InProgress: "in progress", Pending: "pending" };
/** @type {Readonly<Record<string, string>>} */
const failureTexts = {
  HealthCheck: "the health checks failed",
  Interrupted: "a request interrupted the upgrade",
  UpgradeDomainTimeout: "an upgrade domain took too long",
  OverallUpgradeTimeout: "the upgrade took too long",
};
/** @type {Readonly<Record<string, string>>} */
const healthTexts = { Ok: "Healthy", Warning: "Warning", Error: "Unhealthy" };

export class Applications {
  #list = byId("applications", HTMLElement);
  #types = byId("types", HTMLElement);
  /** @type {Map<string, ApplicationCard>} */
  #cards = new Map();
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();

  /** After a new connection, what changed meanwhile is not announced. */
  reset() {
    for (const card of this.#cards.values()) card.forget();
  }

  /** @param {ClusterChanges} state */
  show({ types, applications }) {
    const cards = this.#cards;
    this.#cards = new Map(applications.map(({ name }) => [name, cards.get(name) ?? new ApplicationCard()]));
    for (const application of applications) this.#cards.get(application.name)?.show(application);
    setChildren(
      this.#list,
      [...this.#cards.values()].map(({ element }) => element),
    );
    byId("no-applications", HTMLElement).hidden = applications.length > 0;

    const rows = this.#rows;
    this.#rows = new Map();
    for (const { name, version, status, details } of types) {
      const key = JSON.stringify([name, version]);
      const row = rows.get(key) ?? create("tr", {}, create("th", { scope: "row" }), ...cells(3));
      this.#rows.set(key, row);
      setAttribute(row, "data-status", status);
      for (const [index, text] of [name, version, status, details].entries()) {
        const cell = row.cells[index];
        if (cell !== undefined) setText(cell, text);
      }
    }
    setChildren(this.#types, [...this.#rows.values()]);
    byId("types-panel", HTMLElement).hidden = types.length === 0;
    byId("no-types", HTMLElement).hidden = types.length > 0;
  }
}

/** @param {number} count */
function cells(count) {
  return Array.from({ length: count }, () => create("td"));
}

class ApplicationCard {
  #name = create("h3");
  #health = create("span", { class: "health" });
  #type = create("p", { class: "quiet" });
  #services = create("ul", { class: "services", "aria-label": "Services" });
  #reasons = create("ul", { class: "reasons", "aria-label": "Reasons" });
  #upgradeText = create("p", { class: "upgrade-text" });
  #domains = create("ol", { class: "domains", "aria-label": "Upgrade domains" });
  #upgradeReasons = create("ul", { class: "reasons", "aria-label": "Reasons of the failure" });
  #upgrade = create("div", { class: "upgrade" }, this.#upgradeText, this.#domains, this.#upgradeReasons);
  /** What screen readers know. Undefined before the first state. */
  #known = /** @type {string | undefined} */ (undefined);

  element = create(
    "li",
    { class: "card application" },
    create("div", { class: "application-head" }, this.#name, this.#health),
    this.#type,
    this.#services,
    this.#reasons,
    this.#upgrade,
  );

  forget() {
    this.#known = undefined;
  }

  /** @param {ApplicationState} application */
  show({ name, typeName, version, health, services, reasons, upgrade }) {
    setText(this.#name, name);
    setText(this.#type, `${typeName} ${version}`);
    showHealth(this.#health, health);
    showList(
      this.#services,
      services.map((service) => {
        const shown = create("span", { class: "health" });
        showHealth(shown, service.health);
        return create("li", {}, create("span", { class: "service-name" }, service.name), shown);
      }),
    );
    showList(this.#reasons, reasons.map(toItem));
    this.#upgrade.hidden = upgrade === undefined;
    const text = upgrade === undefined ? "" : upgradeText(upgrade);
    if (upgrade !== undefined) this.#showUpgrade(upgrade, text);
    this.#announce(`${name}: ${healthTexts[health] ?? health}. ${text}`);
  }

  /**
   * @param {UpgradeProgress} upgrade
   * @param {string} text
   */
  #showUpgrade({ state, domains, reasons }, text) {
    setText(this.#upgradeText, text);
    setAttribute(this.#upgrade, "data-state", state);
    showList(
      this.#domains,
      domains.map((domain) =>
        create(
          "li",
          { "data-state": domain.state },
          create("span", { class: "domain-name" }, domain.name),
          create("span", { class: "domain-state" }, domainTexts[domain.state] ?? domain.state),
        ),
      ),
    );
    showList(this.#upgradeReasons, reasons.map(toItem));
  }

  /** @param {string} text */
  #announce(text) {
    if (this.#known !== undefined && this.#known !== text) announce(text);
    this.#known = text;
  }
}

/** @param {UpgradeProgress} upgrade */
function upgradeText({ state, target, domains, waitsFor, failure, mode, isRunning }) {
  const current = domains.find((domain) => domain.state === "InProgress")?.name;
  const place = waitsFor !== "" ? `, waits for a request before ${waitsFor}` : "";
  const where = isRunning && current !== undefined ? `, ${current} in progress` : "";
  const why = failure === "" ? "" : `, because ${failureTexts[failure] ?? failure}`;
  return `${upgradeTexts[state] ?? state} to ${target}${where}${place}${why}. Mode: ${mode}.`;
}

/** @param {string} text */
function toItem(text) {
  return create("li", {}, text);
}

/**
 * @param {HTMLElement} element
 * @param {string} health
 */
function showHealth(element, health) {
  setText(element, healthTexts[health] ?? health);
  setAttribute(element, "data-health", health);
}

/**
 * Replaces the items only if they differ, so that a selection stays.
 * @param {HTMLElement} list
 * @param {readonly HTMLElement[]} items
 */
function showList(list, items) {
  list.hidden = items.length === 0;
  const isSame =
    list.children.length === items.length &&
    items.every((item, index) => item.isEqualNode(list.children[index] ?? null));
  if (!isSame) list.replaceChildren(...items);
}
