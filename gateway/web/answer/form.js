// The form that hands an answer in: a file or a text, whatever stands around it, and the upload.

import * as api from "../lib/api.js";
import { consentField } from "./consent.js";
import { announce, el, show } from "../lib/dom.js";
import { fileSize, percent, plural } from "../lib/format.js";
import { ACCEPT, ANALYSED, KIND_NAME, kindOf } from "./media.js";

const STEADY_WORDS = 150;

/**
 * @param {object} parts
 * @param {Node[]} parts.above what stands above the answer
 * @param {Node[]} parts.below what stands below it
 * @param {(form: FormData, node: HTMLFormElement) => void} parts.fill adds what the answer belongs to; may throw `Incomplete`
 */
export function answerForm({ above, below = [], fill, signal, onSent, signOut }) {
  const answer = answerChoice();
  const consent = consentField();
  const problem = el("div", { class: "problem", role: "alert", hidden: true });
  const submit = el("button", { class: "primary", type: "submit" }, "Analyse my answer");
  const actions = el("div", { class: "actions" }, submit);
  const complain = (fault) => {
    show(problem, el("p", {}, fault.message), fault.fields?.length && el("ul", {}, fault.fields.map((text) => el("li", {}, text))));
    problem.hidden = false;
    fault.control?.focus();
  };

  async function send(event) {
    event.preventDefault();
    problem.hidden = true;
    const form = new FormData();
    await consent.ready;
    try {
      fill(form, formNode);
      addAnswer(form, answer);
      if (consent.isMissing()) throw new Incomplete("Agree first, or nothing can be analysed.", consent.input);
      consent.put(form);
    } catch (fault) {
      return complain(fault);
    }
    const upload = uploadProgress(signal);
    show(actions, upload.node);
    fieldset.disabled = true;
    upload.stop.focus();
    try {
      return onSent(await api.submit(form, { onProgress: upload.set, signal: upload.signal }));
    } catch (fault) {
      fieldset.disabled = false;
      show(actions, submit);
      if (fault.status === 401) return signOut(fault.message);
      submit.focus();
      if (fault.name === "AbortError") return announce("The upload was stopped.");
      return complain(fault);
    }
  }

  const fieldset = el("fieldset", { class: "plain" },
    el("legend", { class: "visually-hidden" }, "New answer"), above, answer.node, below, consent.node);
  const formNode = el("form", { class: "compose", novalidate: true, on: { submit: send } }, fieldset, problem, actions);
  return formNode;
}

function answerChoice() {
  const upload = fileField();
  const text = textField();
  const choose = (byText) => {
    upload.node.hidden = byText;
    text.node.hidden = !byText;
  };
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
  let file = null;

  const take = (next) => {
    file = next;
    const kind = next && kindOf(next);
    zone.classList.toggle("has-file", Boolean(kind));
    if (!next) return show(chosen);
    if (!kind) return show(chosen, el("strong", {}, next.name), " cannot be read. Choose a video, a sound recording, a PDF, a Word (.docx) or a text file.");
    return show(chosen, el("strong", {}, next.name), ` · ${KIND_NAME[kind]}, ${fileSize(next.size)}. ${ANALYSED[kind]}`);
  };
  const over = (event) => { event.preventDefault(); zone.classList.add("over"); };
  const leave = () => zone.classList.remove("over");
  input.addEventListener("change", () => take(input.files[0] ?? null));
  zone.addEventListener("dragenter", over);
  zone.addEventListener("dragover", over);
  zone.addEventListener("dragleave", leave);
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    leave();
    if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
  });
  return { node: el("div", { class: "file-field" }, input, zone, chosen), input, file: () => file };
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
  constructor(message, control) {
    super(message);
    this.control = control;
  }
}

/** Put the answer into `form`, or throw `Incomplete` with the control that needs attention. */
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
  if (!kind) throw new Incomplete("This kind of file cannot be read. Choose a video, a sound recording, a PDF, a Word (.docx) or a text file.", answer.upload.input);
  if (!file.size) throw new Incomplete("The file is empty. Choose another one.", answer.upload.input);
  form.set(kind, file, file.name);
}

function uploadProgress(outer) {
  const controller = new AbortController();
  outer.addEventListener("abort", () => controller.abort(), { once: true });
  const bar = el("progress", { id: "upload", max: "1", value: "0" });
  const label = el("label", { for: "upload" }, "Uploading …");
  const stop = el("button", { class: "quiet", type: "button", on: { click: () => controller.abort() } }, "Stop");
  announce("Uploading your answer.");
  const set = (share) => {
    bar.value = share;
    label.textContent = share < 1 ? `Uploading … ${percent(share)}` : "Uploaded. Checking the file …";
  };
  return { node: el("div", { class: "uploading" }, label, bar, stop), set, stop, signal: controller.signal };
}
