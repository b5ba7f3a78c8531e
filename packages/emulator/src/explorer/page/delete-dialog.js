// Asks before something is deleted, and deletes it with a request of the image store's API.

import { announce, byId, setText } from "./dom.js";

const dialog = byId("delete-dialog", HTMLDialogElement);
const confirm = byId("delete-confirm", HTMLButtonElement);
const cancel = byId("delete-cancel", HTMLButtonElement);
const failure = byId("delete-error", HTMLElement);

/**
 * @typedef {object} Deletion
 * @property {string} title The question.
 * @property {string} path
 * @property {string} consequence
 * @property {string} url Path and query of the request.
 */

/** @type {Deletion | undefined} */
let current;

/** @param {Deletion} deletion */
export function askToDelete(deletion) {
  current = deletion;
  setText(byId("delete-title", HTMLElement), deletion.title);
  setText(byId("delete-path", HTMLElement).firstElementChild ?? dialog, deletion.path);
  setText(byId("delete-text", HTMLElement), deletion.consequence);
  setText(failure, "");
  setBusy(false);
  dialog.showModal();
  cancel.focus();
}

cancel.addEventListener("click", () => dialog.close());
confirm.addEventListener("click", async () => {
  if (current === undefined) return;
  const { url, path } = current;
  setBusy(true);
  setText(failure, "");
  const problem = await requestDeletion(url);
  setBusy(false);
  if (problem === undefined) {
    dialog.close();
    announce(`Deleted ${path}.`);
  } else {
    setText(failure, problem);
    confirm.focus();
  }
});

/** @param {boolean} isBusy */
function setBusy(isBusy) {
  confirm.disabled = isBusy;
  setText(confirm, isBusy ? "Deleting …" : "Delete");
}

/**
 * @param {string} url
 * @returns {Promise<string | undefined>} What went wrong.
 */
async function requestDeletion(url) {
  try {
    const response = await fetch(url, { method: "DELETE" });
    if (response.ok) return undefined;
    return `The emulator responded with ${response.status}. ${describeError(await response.text())}`;
  } catch {
    return "There was no response. Check that the emulator is running, then try again.";
  }
}

/** @param {string} body */
function describeError(body) {
  try {
    const { Code, Message } = JSON.parse(body).Error;
    return Message === "Null" || Message === undefined ? `${Code}` : `${Code}: ${Message}`;
  } catch {
    return "";
  }
}
