// The explorer page: header, sections, and what each event changes.

import { Applications } from "./applications.js";
import { askToDelete } from "./delete-dialog.js";
import { byId, copyOnClick, create, digits, setText } from "./dom.js";
import { changeFiles, resetFiles, setFilesVisible } from "./files.js";
import { receive } from "./live.js";
import { addRequests, drawRequests, resetRequests } from "./requests.js";
import { SessionCards } from "./sessions.js";

/** @import { StoreFacts } from "../live-events.js" */

const sections = [...document.querySelectorAll("main > section")];
const tabs = [...document.querySelectorAll("nav.tabs a")];
const connection = byId("connection", HTMLElement);
const lost = byId("lost", HTMLElement);

let apiVersion = "";
/** Whether the emulator answered since the page was opened. */
let wasConnected = false;

const cards = new SessionCards(byId("sessions", HTMLElement), ({ id, path }) =>
  askToDelete({
    title: "Delete this upload session?",
    path,
    consequence: "The chunks that have arrived are deleted. A client that is uploading starts over.",
    url: `/ImageStore/$/DeleteUploadSession?api-version=${apiVersion}&session-id=${id}`,
  }),
);

const applications = new Applications();

receive(
  {
    hello(facts) {
      apiVersion = facts.apiVersionMax;
      showFacts(facts);
      resetFiles(facts);
      resetRequests();
      applications.reset();
    },
    files: changeFiles,
    sessions(state) {
      cards.show(state);
      const count = state.sessions.length;
      showCount("count-sessions", count, "open upload session");
      byId("no-sessions", HTMLElement).hidden = count > 0;
    },
    applications(state) {
      applications.show(state);
      showCount("count-applications", state.applications.length, "application");
    },
    requests: addRequests,
    heartbeat() {},
  },
  showConnection,
);
setInterval(() => {
  // What is shown of a lost emulator stays as it was.
  if (document.body.dataset["connection"] === "live") cards.passTime();
}, 1000);

/**
 * Shows a count next to a tab.
 * @param {string} id
 * @param {number} count
 * @param {string} noun The singular.
 */
function showCount(id, count, noun) {
  const meaning = create("span", { class: "visually-hidden" }, ` ${noun}${count === 1 ? "" : "s"}`);
  byId(id, HTMLElement).replaceChildren(...(count === 0 ? [] : [digits(count), meaning]));
}

/** @param {boolean} isConnected */
function showConnection(isConnected) {
  document.body.dataset["connection"] = isConnected ? "live" : "lost";
  setText(connection, isConnected ? "Live" : "Reconnecting …");
  lost.hidden = isConnected;
  const since = wasConnected ? " This page shows the last known state." : "";
  setText(lost, `The emulator does not respond.${since} The page reconnects when the emulator runs again.`);
  wasConnected ||= isConnected;
}

/** @param {StoreFacts} facts */
function showFacts({ platform, apiVersionMax, location: folder, packagesElsewhere }) {
  setText(byId("platform", HTMLElement), platform === "windows" ? "Windows" : "Linux");
  setText(byId("api-version", HTMLElement), `up to ${apiVersionMax}`);
  setText(byId("location", HTMLElement), folder);
  byId("location", HTMLElement).title = folder;
  const isLinux = platform === "linux";
  const title = isLinux ? "Linux gateways have no upload sessions" : "No upload is in progress";
  const text = isLinux
    ? "Clients send each file in one request. Files appear in the tab Files. To try it:"
    : "Uploads in chunks appear here, with the parts that have arrived. To try it:";
  setText(byId("no-sessions-title", HTMLElement), title);
  setText(byId("no-sessions-text", HTMLElement), text);
  const elsewhere = byId("elsewhere", HTMLElement);
  elsewhere.hidden = packagesElsewhere === undefined;
  setText(
    elsewhere,
    `This cluster keeps packages in ${packagesElsewhere}, so it has no image store service. Its operations fail with FABRIC_E_SERVICE_DOES_NOT_EXIST.`,
  );
}

/** Shows the section that the address names, such as `#files`. */
function showSection() {
  const wanted = `section-${location.hash.slice(1)}`;
  const shown = sections.find(({ id }) => id === wanted) ?? sections[0];
  for (const section of sections) section.toggleAttribute("hidden", section !== shown);
  for (const tab of tabs) {
    const isShown = `section-${tab.getAttribute("href")?.slice(1)}` === shown?.id;
    if (isShown) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  setFilesVisible(shown?.id === "section-files");
  drawRequests();
}

const command = `sf-image-store upload ./MyApp --endpoint ${location.origin}`;
setText(byId("endpoint", HTMLElement), location.origin);
// A line break only between words, not after a hyphen.
byId("command", HTMLElement).append(
  ...command.split(" ").flatMap((word) => [create("span", { class: "word" }, word), " "]),
);
copyOnClick(byId("copy-endpoint", HTMLButtonElement), () => location.origin);
copyOnClick(byId("copy-command", HTMLButtonElement), () => command);
addEventListener("hashchange", () => {
  showSection();
  scrollTo(0, 0);
});
showSection();
