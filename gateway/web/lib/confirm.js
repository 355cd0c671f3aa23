// Asking before something that cannot be undone.

import { el, show } from "./dom.js";

/**
 * Ask, and wait for the answer; only the explicit yes counts as one.
 *
 * Each question is a dialog of its own: browsers tell late that one was closed, and with one dialog for all
 * questions the end of the first would have answered the second.
 * @param {{ title: string, text: string, yes: string }} question
 * @returns {Promise<boolean>}
 */
export function confirmDialog({ title, text, yes }) {
  const dialog = el("dialog", { class: "confirm", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" });
  const refuse = el("button", { class: "quiet", type: "button", on: { click: () => dialog.close() } }, "Keep it");
  const accept = el("button", { class: "danger", type: "button", on: { click: () => dialog.close("yes") } }, yes);
  show(dialog,
    el("h2", { id: "confirm-title" }, title),
    el("p", { id: "confirm-text" }, text),
    el("div", { class: "actions" }, refuse, accept));
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.querySelector("dialog.confirm")?.remove();
    document.body.append(dialog);
    dialog.showModal();
    refuse.focus();
  });
}
