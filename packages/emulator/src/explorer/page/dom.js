// Small helpers of the page's scripts. Text from outside becomes text nodes and attributes, never HTML.

/**
 * Creates an element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string | number>>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function create(tag, attributes = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, String(value));
  created.append(...children);
  return created;
}

const svgNamespace = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Readonly<Record<string, string | number>>} attributes
 * @param {Node[]} children
 */
export function createSvg(tag, attributes, ...children) {
  const created = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, String(value));
  created.append(...children);
  return created;
}

/**
 * An icon from the symbols in index.html. It is decoration: the text or label next to it has the meaning.
 * @param {string} name
 */
export function icon(name) {
  return createSvg(
    "svg",
    { class: "icon", "aria-hidden": "true" },
    createSvg("use", { href: `#icon-${name}` }),
  );
}

/**
 * Finds an element of index.html.
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${kind.name} #${id}.`);
}

/**
 * Changes a text only if it differs, so that a selection and a screen reader are not disturbed.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Changes an attribute only if it differs. Removes it for undefined.
 * @param {Element} element
 * @param {string} name
 * @param {string | number | undefined} value
 */
export function setAttribute(element, name, value) {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/**
 * Makes the children of an element these ones, in this order, and moves only what is in another place. An element that stays
 * keeps its focus and its state.
 * @param {Element} parent
 * @param {readonly Element[]} children
 */
export function setChildren(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const child of children) {
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {() => string} text
 */
export function copyOnClick(button, text) {
  const icons = button.querySelector("use");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      // Pages of other machines without HTTPS have no clipboard. The text can still be selected.
      announce("Copying is not available. Select the text instead.");
      return;
    }
    announce("Copied.");
    icons?.setAttribute("href", "#icon-check");
    setTimeout(() => icons?.setAttribute("href", "#icon-copy"), 1500);
  });
}

/**
 * Tells screen readers about the result of an action.
 * @param {string} text
 */
export function announce(text) {
  byId("announcement", HTMLElement).textContent = text;
}

const number = new Intl.NumberFormat("en-US");

/**
 * @param {number} count
 * @param {string} noun The singular.
 */
export function counted(count, noun) {
  return `${number.format(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** @param {number} count */
export function digits(count) {
  return number.format(count);
}

const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/**
 * A size in the largest fitting unit, with three digits.
 * @param {number} size
 */
export function bytes(size) {
  if (size === 1) return "1 byte";
  let value = size;
  let unit = 0;
  // Not 1024, which would show 1023.9 as 1024.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  if (unit === 0) return `${value} bytes`;
  return `${value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${units[unit]}`;
}

/**
 * The time until something happens, such as `29:41` or `2 h 05 min`.
 * @param {number} ms
 */
export function countdown(ms) {
  const seconds = Math.ceil(ms / 1000);
  /** @param {number} value */
  const two = (value) => String(value).padStart(2, "0");
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}

/**
 * Local date and time.
 * @param {number} time
 */
export function dateTime(time) {
  const date = new Date(time);
  const local = new Date(time - date.getTimezoneOffset() * 60_000).toISOString();
  return local.slice(0, 19).replace("T", " ");
}

/**
 * Local time of day with milliseconds.
 * @param {number} time
 */
export function timeOfDay(time) {
  const date = new Date(time);
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(11, 23);
}
