// The agreement that some jurisdictions ask for before practice answers are analysed.

import * as api from "../lib/api.js";
import { el } from "../lib/dom.js";

/** @import { TenantView } from "#api" */
/** @typedef {ReturnType<typeof consentField>} ConsentField */

const WORDS = "I agree that my answer is kept and analysed here: its words, my voice and my face, as far as it holds them. I can delete it, and everything made of it, at any time.";
const VERSION = "page-1";

/** @param {TenantView} tenant */
const asksForConsent = (tenant) =>
  tenant.rules.some((rule) => rule.purpose === "self_practice" && rule.consent_required);

/** Make a field that shows itself where the law that this installation is under asks for it; `ready` once that is known. */
export function consentField() {
  const input = el("input", { id: "consent", type: "checkbox", required: true });
  const node = el("div", { class: "field", hidden: true },
    el("label", { class: "option", for: "consent" }, input, el("span", {}, WORDS)));
  const ready = api.tenant().then(
    (tenant) => { node.hidden = !asksForConsent(tenant); },
    () => {}, // the server refuses what lacks a consent, and says so
  );
  const isMissing = () => !node.hidden && !input.checked;
  /** @param {FormData} form */
  const put = (form) => {
    if (node.hidden) return;
    form.set("consent_version", VERSION);
    form.set("consented_at", new Date().toISOString());
  };
  return { node, input, ready, isMissing, put };
}
