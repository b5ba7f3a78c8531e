// The cards of the open upload sessions.

import {
  bytes,
  countdown,
  counted,
  create,
  createSvg,
  icon,
  setAttribute,
  setChildren,
  setText,
} from "./dom.js";

/** @import { OpenSessions, SessionState } from "../live-events.js" */

/** Positions in a bar are exact to a tenth of a percent. */
const barWidth = 1000;
/** The speed is measured over this time. */
const speedWindowMs = 4000;
/** The countdown is emphasized below this. */
const soonMs = 60_000;
const shownRanges = 50;
const order = new Intl.Collator("en", { numeric: true });

export class SessionCards {
  /** @type {Map<string, SessionCard>} */
  #cards = new Map();
  #clockOffset = 0;

  /**
   * @param {HTMLElement} list
   * @param {(session: SessionState) => void} onDelete
   */
  constructor(list, onDelete) {
    this.list = list;
    this.onDelete = onDelete;
  }

  /** @param {OpenSessions} state */
  show({ now, sessions }) {
    this.#clockOffset = now - Date.now();
    const before = this.#cards;
    this.#cards = new Map(
      [...sessions]
        .sort((left, right) => order.compare(left.path, right.path) || order.compare(left.id, right.id))
        .map((session) => [session.id, before.get(session.id) ?? new SessionCard(this.onDelete)]),
    );
    for (const session of sessions) this.#cards.get(session.id)?.show(session);
    setChildren(
      this.list,
      [...this.#cards.values()].map(({ element }) => element),
    );
    this.passTime();
  }

  /** Updates what depends on the time. */
  passTime() {
    for (const card of this.#cards.values()) card.passTime(Date.now() + this.#clockOffset);
  }
}

class SessionCard {
  #folder = create("span", { class: "session-folder" });
  #name = create("span", { class: "session-name" });
  #id = create("code", { class: "id" });
  #bar = createSvg("svg", {
    viewBox: `0 0 ${barWidth} 1`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  #progress = create("div", { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 });
  #percent = create("strong", { class: "percent" });
  #received = create("span");
  #speed = create("span", { class: "speed" });
  #missing = create("summary");
  #ranges = create("ul", { class: "ranges" });
  #details = create("details", {}, this.#missing, this.#ranges);
  #expiry = create("span", { class: "expiry" });
  #remove = create("button", { class: "icon-button", type: "button" }, icon("trash"));
  /** @type {{ at: number, received: number }[]} */
  #samples = [];
  /** @type {SessionState | undefined} */
  #session;

  /** @param {(session: SessionState) => void} onDelete */
  constructor(onDelete) {
    this.#progress.append(this.#bar);
    this.element = create(
      "li",
      { class: "card session" },
      create("div", { class: "session-head" }, create("h3", {}, this.#folder, this.#name), this.#remove),
      this.#id,
      this.#progress,
      create("p", { class: "figures" }, this.#percent, this.#received, this.#speed),
      create("div", { class: "figures quiet" }, this.#details, this.#expiry),
    );
    this.#remove.addEventListener("click", () => {
      if (this.#session !== undefined) onDelete(this.#session);
    });
  }

  /** @param {SessionState} session */
  show(session) {
    this.#session = session;
    const { id, path, size, receivedBytes, missing, missingCount } = session;
    const nameAt = Math.max(path.lastIndexOf("\\"), path.lastIndexOf("/")) + 1;
    setText(this.#folder, nameAt === 0 ? "/" : path.slice(0, nameAt));
    setText(this.#name, path.slice(nameAt));
    setAttribute(this.element, "title", path);
    setText(this.#id, id);
    setAttribute(this.#remove, "aria-label", `Delete the session for ${path}`);

    const isEmptyFile = size === 0;
    // Rounded down, so that 100 % means complete.
    const percent = isEmptyFile ? 100 : Math.floor((receivedBytes / size) * 100);
    const ranges = counted(missingCount, "range");
    const rest = isEmptyFile ? "empty file" : `${bytes(size - receivedBytes)} missing in ${ranges}`;
    const isComplete = missingCount === 0;
    setText(this.#percent, `${percent} %`);
    setText(this.#received, `${bytes(receivedBytes)} of ${bytes(size)}`);
    setText(this.#missing, isComplete ? "Complete, waiting for the commit" : rest);
    this.#details.classList.toggle("nothing", isComplete);
    setAttribute(this.#progress, "aria-valuenow", percent);
    setAttribute(this.#progress, "aria-valuetext", `${percent} percent, ${isComplete ? "complete" : rest}`);
    setAttribute(this.#progress, "aria-label", `Received of ${path}`);
    this.#draw(missing, size);
    this.#list(missing, missingCount);
    this.#samples.push({ at: performance.now(), received: receivedBytes });
  }

  /** @param {number} now */
  passTime(now) {
    if (this.#session === undefined) return;
    const leftMs = this.#session.expiresAt - now;
    setText(
      this.#expiry,
      leftMs > 0 ? `expires in ${countdown(leftMs)}` : "expired, removed at the next check",
    );
    this.#expiry.classList.toggle("soon", leftMs < soonMs);
    const start = performance.now() - speedWindowMs;
    while (this.#samples.length > 1 && (this.#samples[1]?.at ?? start) < start) this.#samples.shift();
    const [first] = this.#samples;
    const gained = this.#session.receivedBytes - (first?.received ?? 0);
    const elapsedMs = performance.now() - (first?.at ?? 0);
    setText(
      this.#speed,
      gained > 0 && elapsedMs > 0 ? `${bytes(Math.round((gained / elapsedMs) * 1000))}/s` : "",
    );
  }

  /**
   * Draws the missing ranges over a full bar.
   * @param {SessionState["missing"]} missing
   * @param {number} size
   */
  #draw(missing, size) {
    const gaps = missing.map(([start, end]) => {
      const x = (start / size) * barWidth;
      // A small gap in a large file stays visible.
      const width = Math.max(((end + 1) / size) * barWidth - x, 2);
      return createSvg("rect", { class: "gap", x, width, height: 1 });
    });
    this.#bar.replaceChildren(createSvg("rect", { class: "received", width: barWidth, height: 1 }), ...gaps);
  }

  /**
   * @param {SessionState["missing"]} missing
   * @param {number} count
   */
  #list(missing, count) {
    const shown = missing.slice(0, shownRanges);
    const items = shown.map(([start, end]) => create("li", {}, `${start}–${end}`));
    if (count > shown.length) items.push(create("li", {}, `and ${count - shown.length} more`));
    this.#ranges.replaceChildren(...items);
  }
}
