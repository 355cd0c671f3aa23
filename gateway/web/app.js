// Which view is shown. Addresses: `#/`, `#/answers/<id>`, `#/interviews/new` and `#/interviews/<id>`;
// `#key=…` hands the access key over once.

import { accessKey } from "./lib/api.js";
import { el, fixture, focusHeading, show } from "./lib/dom.js";
import { ApiError, messageOf, statusOf } from "./lib/faults.js";
import { answerTokens } from "./lib/tokens.js";

/**
 * What a view is given: where to draw, until when, and the two ways out.
 * @typedef {{ root: HTMLElement, signal: AbortSignal, goHome: () => void, signOut: (message?: string) => void }} ViewContext
 */
/** @typedef {(context: ViewContext) => Promise<void>} View draws itself into `root`; what it throws is told there */

const main = fixture("main", HTMLElement);
const forget = fixture("forget", HTMLButtonElement);
let current = new AbortController();

function takeKeyFromAddress() {
  const match = /^#key=([^&]+)/.exec(location.hash);
  if (!match) return;
  accessKey.set(decodeURIComponent(match[1]));
  history.replaceState(null, "", `${location.pathname}#/`); // the key leaves the address and the history
}

/**
 * Draw the view of the present address.
 * @param {{ message?: string, moveFocus?: boolean }} options `message` says why the key is asked for
 */
async function navigate({ message = "", moveFocus = true } = {}) {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  const root = el("div", { class: "view" }, el("p", { class: "waiting" }, "Loading …"));
  show(main, root);
  forget.hidden = !accessKey.get();
  if (!accessKey.get()) {
    keyView(root, message);
  } else {
    const context = { root, signal, goHome: () => { location.hash = "#/"; }, signOut };
    try {
      const view = await viewOf(location.hash);
      if (signal.aborted) return;
      await view(context);
    } catch (fault) {
      if (signal.aborted) return;
      if (statusOf(fault) === 401) {
        signOut(messageOf(fault));
        return;
      }
      failedView(root, fault);
    }
  }
  if (!signal.aborted && moveFocus) focusHeading(root);
}

/**
 * Load the view of an address: its modules travel when it is opened for the first time.
 * @param {string} address
 * @returns {Promise<View>}
 */
async function viewOf(address) {
  const [, kind, name = ""] = /^#\/(answers|interviews)\/([^/]+)$/.exec(address) ?? [];
  const id = decodeURIComponent(name);
  if (kind === "answers") {
    const { answerView } = await loaded(import("./answer/answer.js"));
    return (context) => answerView(context, id);
  }
  if (kind === "interviews" && id === "new") return (await loaded(import("./interview/new.js"))).newInterviewView;
  if (kind === "interviews") {
    const { interviewView } = await loaded(import("./interview/interview.js"));
    return (context) => interviewView(context, id);
  }
  return (await loaded(import("./answer/home.js"))).homeView;
}

/**
 * Wait for a module; where it cannot be had, say so in a person's words instead of the browser's.
 * @template Module
 * @param {Promise<Module>} module
 */
const loaded = (module) => module.catch(() => {
  throw new Error("This part of the page could not be loaded. Check the connection, then reload the page.");
});

function signOut(message = "") {
  accessKey.forget();
  navigate({ message });
}

/**
 * @param {HTMLElement} root
 * @param {string} message why the key is asked for; may be empty
 */
function keyView(root, message) {
  document.title = "Access key – Candor";
  const input = el("input", {
    id: "key", name: "key", type: "password", required: true, autocomplete: "off", spellcheck: "false",
    "aria-describedby": message ? "key-hint key-error" : "key-hint", "aria-invalid": message ? "true" : null,
  });
  /** @param {Event} event */
  const enter = (event) => {
    event.preventDefault();
    const key = input.value.trim();
    if (!key) return;
    accessKey.set(key);
    navigate();
  };
  show(
    root,
    el("form", { class: "card narrow", on: { submit: enter } },
      el("h1", {}, "Enter your access key"),
      el("p", { class: "lead" }, "It keeps your answers yours, and is forgotten when this tab closes."),
      message && el("p", { class: "problem", role: "alert", id: "key-error" }, message),
      el("label", { for: "key" }, "Access key"),
      input,
      el("p", { class: "hint", id: "key-hint" }, "It begins with “cnd_” and is shown where Candor was started."),
      el("div", { class: "actions" }, el("button", { class: "primary", type: "submit" }, "Continue"))),
  );
}

/**
 * @param {HTMLElement} root
 * @param {unknown} fault
 */
function failedView(root, fault) {
  document.title = "Something is in the way – Candor";
  show(
    root,
    el("section", { class: "card narrow" },
      el("h1", {}, statusOf(fault) === 404 ? "This answer is not here" : "That did not work"),
      el("p", { class: "problem", role: "alert" }, messageOf(fault)),
      fault instanceof ApiError && fault.requestId && el("p", { class: "hint" }, `If you ask for help, name request ${fault.requestId}.`),
      el("div", { class: "actions" },
        el("a", { class: "button", href: "#/" }, "Back to your answers"),
        el("button", { class: "quiet", type: "button", on: { click: () => navigate() } }, "Try again"))),
  );
}

forget.addEventListener("click", () => { location.hash = "#/"; answerTokens.forgetAll(); signOut(); });
window.addEventListener("hashchange", () => {
  takeKeyFromAddress();
  navigate();
});
// a file that misses the drop zone must not replace the page
for (const event of ["dragover", "drop"]) window.addEventListener(event, (drag) => drag.preventDefault());
takeKeyFromAddress();
navigate({ moveFocus: false });
