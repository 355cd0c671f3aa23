// The form that hands an answer in: a file or a text, whatever stands around it, and the upload.

import * as api from "../lib/api.js";
import { announce, el, show } from "../lib/dom.js";
import { ApiError, messageOf, statusOf, wasStopped } from "../lib/faults.js";
import { fileSize, percent, plural } from "../lib/format.js";
import { consentField } from "./consent.js";
import { ACCEPT, ANALYSED, KIND_NAME, kindOf } from "./media.js";

/** @import { AcceptedAssessment } from "#api" */
/** @import { ConsentField } from "./consent.js" */

const STEADY_WORDS = 150;
const UNREADABLE = "cannot be read. Choose a video, a sound recording, a PDF, a Word (.docx) or a text file.";

/**
 * Make the form that hands an answer in.
 * @param {object} parts
 * @param {Node[]} parts.above what stands above the answer
 * @param {Node[]} [parts.below] what stands below it
 * @param {(form: FormData, node: HTMLFormElement) => void} parts.fill adds what the answer belongs to; may throw `Incomplete`
 * @param {AbortSignal} parts.signal stops an upload
 * @param {(assessment: AcceptedAssessment) => unknown} parts.onSent
 * @param {(message: string) => void} parts.signOut
 */
export function answerForm({ above, below = [], fill, signal, onSent, signOut }) {
  const answer = answerChoice();
  const consent = consentField();
  const problem = problemBox();
  const submit = el("button", { class: "primary", type: "submit" }, "Analyse my answer");
  const actions = el("div", { class: "actions" }, submit);
  const fieldset = el("fieldset", { class: "plain" },
    el("legend", { class: "visually-hidden" }, "New answer"), above, answer.node, below, consent.node);
  const node = el("form", { class: "compose", novalidate: true }, fieldset, problem.node, actions);

  /** @param {FormData} form */
  async function upload(form) {
    const progress = uploadProgress(signal);
    show(actions, progress.node);
    fieldset.disabled = true;
    progress.stop.focus();
    try {
      await onSent(await api.submit(form, progress));
    } catch (fault) {
      fieldset.disabled = false;
      show(actions, submit);
      submit.focus();
      if (statusOf(fault) === 401) signOut(messageOf(fault));
      else if (wasStopped(fault)) announce("The upload was stopped.");
      else problem.tell(fault);
    }
  }

  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.clear();
    await consent.ready;
    const form = new FormData();
    try {
      fill(form, node);
      addAnswer(form, answer);
      addConsent(form, consent);
    } catch (fault) {
      problem.tell(fault);
      return;
    }
    await upload(form);
  });
  return node;
}

/** Make a box that tells faults, and leads to the control that is to be mended. */
function problemBox() {
  const node = el("div", { class: "problem", role: "alert", hidden: true });
  const clear = () => { node.hidden = true; };
  /** @param {unknown} fault */
  const tell = (fault) => {
    const fields = fault instanceof ApiError ? fault.fields : [];
    show(node, el("p", {}, messageOf(fault)), fields.length > 0 && el("ul", {}, fields.map((text) => el("li", {}, text))));
    node.hidden = false;
    if (fault instanceof Incomplete) fault.control.focus();
  };
  return { node, clear, tell };
}

function answerChoice() {
  const upload = fileField();
  const text = textField();
  /** @param {boolean} byText */
  const choose = (byText) => {
    upload.node.hidden = byText;
    text.node.hidden = !byText;
  };
  /**
   * @param {string} value
   * @param {string} label
   * @param {boolean} byText
   */
  const tab = (value, label, byText) =>
    el("label", { class: "segment" },
      el("input", { type: "radio", name: "way", value, checked: !byText, on: { change: () => choose(byText) } }),
      el("span", {}, label));
  choose(false);
  const node = el("fieldset", { class: "field" },
    el("legend", { class: "field-title" }, "Your answer"),
    el("div", { class: "segments" }, tab("file", "Upload a file", false), tab("text", "Write it", true)),
    upload.node, text.node);
  return { node, upload, text, isText: () => !text.node.hidden };
}

function fileField() {
  const input = el("input", {
    id: "file", type: "file", accept: ACCEPT, class: "visually-hidden", "aria-describedby": "file-hint file-chosen",
  });
  const chosen = el("p", { class: "chosen", id: "file-chosen", "aria-live": "polite" });
  const zone = el("label", { class: "drop", for: "file" },
    el("span", { class: "drop-title" }, "Drop a file here, or ", el("span", { class: "drop-link" }, "choose one")),
    el("span", { class: "hint", id: "file-hint" }, "Video, sound, PDF, Word (.docx) or plain text"));
  /** @type {File | null} */
  let file = null;

  /** @param {File | null} next */
  const take = (next) => {
    file = next;
    const kind = next && kindOf(next);
    zone.classList.toggle("has-file", Boolean(kind));
    show(chosen, next && el("strong", {}, next.name), next && (kind
      ? ` · ${KIND_NAME[kind]}, ${fileSize(next.size)}. ${ANALYSED[kind]}`
      : ` ${UNREADABLE}`));
  };
  /** @param {DragEvent} event */
  const over = (event) => { event.preventDefault(); zone.classList.add("over"); };
  const leave = () => zone.classList.remove("over");
  input.addEventListener("change", () => take(input.files?.[0] ?? null));
  zone.addEventListener("dragenter", over);
  zone.addEventListener("dragover", over);
  zone.addEventListener("dragleave", leave);
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    leave();
    const dropped = event.dataTransfer?.files[0];
    if (dropped) take(dropped);
  });
  const node = el("div", { class: "file-field" }, input, zone, chosen);
  return { node, input, file: /** @returns {File | null} */ () => file };
}

function textField() {
  const count = el("p", { class: "hint", id: "text-count" });
  const input = el("textarea", { id: "text", rows: "9", spellcheck: "true", "aria-describedby": "text-count" });
  const update = () => {
    const words = input.value.trim().split(/\s+/).filter(Boolean).length;
    count.textContent = words >= STEADY_WORDS
      ? `${plural(words, "word", "words")}.`
      : `${plural(words, "word", "words")}. From about ${STEADY_WORDS} on, the estimate becomes steadier.`;
  };
  input.addEventListener("input", update);
  update();
  return { node: el("div", {}, el("label", { class: "visually-hidden", for: "text" }, "Your answer in your own words"), input, count), input };
}

/** Something is missing; `control` is where. */
export class Incomplete extends Error {
  /**
   * @param {string} message
   * @param {HTMLElement} control
   */
  constructor(message, control) {
    super(message);
    this.control = control;
  }
}

/**
 * Put the answer into `form`.
 * @param {FormData} form
 * @param {ReturnType<typeof answerChoice>} answer
 * @throws {Incomplete} with the control that needs attention
 */
function addAnswer(form, answer) {
  if (answer.isText()) {
    const text = answer.text.input.value.trim();
    if (!text) throw new Incomplete("Write your answer first, or choose a file instead.", answer.text.input);
    form.set("text", text);
    return;
  }
  const file = answer.upload.file();
  if (!file) throw new Incomplete("Choose a file first, or write your answer instead.", answer.upload.input);
  const kind = kindOf(file);
  if (!kind) throw new Incomplete(`This kind of file ${UNREADABLE}`, answer.upload.input);
  if (!file.size) throw new Incomplete("The file is empty. Choose another one.", answer.upload.input);
  form.set(kind, file, file.name);
}

/**
 * Put the agreement into `form`, where the law asks for one.
 * @param {FormData} form
 * @param {ConsentField} field
 * @throws {Incomplete} if it was not given
 */
function addConsent(form, field) {
  if (field.isMissing()) throw new Incomplete("Agree first, or nothing can be analysed.", field.input);
  field.put(form);
}

/** @param {AbortSignal} outer stops the upload, as the button does */
function uploadProgress(outer) {
  const controller = new AbortController();
  outer.addEventListener("abort", () => controller.abort(), { once: true });
  const bar = el("progress", { id: "upload", max: "1", value: "0" });
  const label = el("label", { for: "upload" }, "Uploading …");
  const stop = el("button", { class: "quiet", type: "button", on: { click: () => controller.abort() } }, "Stop");
  announce("Uploading your answer.");
  /** @param {number} share of the body that has left, 0..1 */
  const onProgress = (share) => {
    bar.value = share;
    label.textContent = share < 1 ? `Uploading … ${percent(share)}` : "Uploaded. Checking the file …";
  };
  return { node: el("div", { class: "uploading" }, label, bar, stop), onProgress, stop, signal: controller.signal };
}
