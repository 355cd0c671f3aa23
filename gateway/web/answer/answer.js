// One answer: its progress while it is analysed, then its report.

import * as api from "../lib/api.js";
import { announce, el, focusHeading, show } from "../lib/dom.js";
import { messageOf, statusOf } from "../lib/faults.js";
import { follow } from "../lib/follow.js";
import { percent, when } from "../lib/format.js";
import { CHANNEL, explain, FINAL, MODALITIES, STATUS } from "../lib/labels.js";
import { reportView } from "../report/report.js";
import { deleteAfterAsking } from "./remove.js";

/** @import { AssessmentStatus, AssessmentView, ErrorCode, Modality, ModalityStatus, ModalityView } from "#api" */
/** @import { ViewContext } from "../app.js" */
/** @typedef {{ assessment: AssessmentView, question: string, remove: Node }} Shown an answer, its question, and the button that erases it */
/** @typedef {{ status: ModalityStatus, share?: number, progress?: number, error_code?: ErrorCode | null, reason?: string | null }} Progress of one modality: from an event by `share`, from an assessment by `progress` */

/**
 * @param {ViewContext} context
 * @param {string} id of the assessment
 */
export async function answerView({ root, signal, goHome, signOut }, id) {
  show(root, el("p", { class: "waiting" }, "Fetching the answer …"));
  const [assessment, questions] = await Promise.all([api.assessment(id, signal), api.questions()]);
  if (signal.aborted) return;
  const question = questions.data.find((entry) => entry.id === assessment.question)?.text ?? "Your answer";
  const remove = deleteButton(id, goHome);
  if (FINAL.has(assessment.status)) {
    await showReport(root, { assessment, question, remove }, signal);
    return;
  }
  const progress = progressView(root, { assessment, question, remove });
  watch();

  async function watch() {
    try {
      await follow(id, { signal, onEvent: progress.update });
      if (signal.aborted) return;
      const final = await api.assessment(id, signal);
      await showReport(root, { assessment: final, question, remove }, signal);
      announce("The report is ready.");
      focusHeading(root);
    } catch (fault) {
      if (signal.aborted) return;
      if (statusOf(fault) === 401) signOut(messageOf(fault));
      else progress.fail(fault);
    }
  }
}

/**
 * @param {string} id of the assessment
 * @param {() => void} goHome called when it is erased
 */
function deleteButton(id, goHome) {
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  /** @param {unknown} fault */
  const fail = (fault) => {
    problem.textContent = messageOf(fault);
    problem.hidden = false;
  };
  const ask = async () => {
    if (await deleteAfterAsking(id, fail)) goHome();
  };
  return el("div", { class: "delete" }, problem, el("button", { class: "danger outline", type: "button", on: { click: ask } }, "Delete this answer"));
}

/** @type {Partial<Record<AssessmentStatus, string>>} */
const NO_REPORT = {
  canceled: "The analysis was stopped, so there is no report.",
  expired: "This answer was kept for as long as was agreed and has been erased. Record it again for a new report.",
};

/**
 * @param {HTMLElement} root
 * @param {Shown} shown
 * @param {AbortSignal} signal
 */
async function showReport(root, { assessment, question, remove }, signal) {
  document.title = `${question} – Candor`;
  const missing = NO_REPORT[assessment.status];
  if (missing) {
    show(root, heading(question, assessment), el("section", { class: "card" }, el("p", {}, missing)), remove);
    return;
  }
  const report = await api.report(assessment.id, signal);
  if (!signal.aborted) show(root, heading(question, assessment, report.status), reportView(report), remove);
}

/**
 * @param {string} question
 * @param {AssessmentView} assessment
 * @param {AssessmentStatus} status
 */
function heading(question, assessment, status = assessment.status) {
  return el("header", { class: "report-head" },
    el("p", {}, el("a", { href: "#/", class: "back" }, "All answers")),
    el("h1", {}, question),
    el("p", { class: "report-meta" },
      el("span", { class: `state state-${status}` }, STATUS[status] ?? status),
      el("time", { datetime: assessment.created_at }, when(assessment.created_at))));
}

/**
 * Draw what is known of an analysis while it goes on; `update` takes its events.
 * @param {HTMLElement} root
 * @param {Shown} shown
 */
function progressView(root, { assessment, question, remove }) {
  document.title = "Being analysed – Candor";
  const rows = { text: progressRow("text"), audio: progressRow("audio"), video: progressRow("video") };
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const list = el("ul", { class: "steps" }, MODALITIES.map((modality) => rows[modality].node));
  show(root, heading(question, assessment),
    el("section", { class: "card", "aria-labelledby": "progress-title" },
      el("h2", { id: "progress-title" }, "Listening, looking, reading"),
      el("p", { class: "lead" }, "A recording takes about as long as it lasts, or less; a text takes seconds. You may leave: the report waits for you here."),
      list, problem),
    remove);

  /** @param {Partial<Record<Modality, ModalityView>>} modalities */
  const setAll = (modalities) => {
    for (const modality of MODALITIES) {
      const state = modalities[modality];
      if (state) rows[modality].set(state);
    }
  };
  setAll(assessment.modalities);
  const state = root.querySelector(".report-meta .state");
  /**
   * @param {string} event
   * @param {any} data of the event
   */
  const update = (event, data) => {
    if (state && (event === "modality" || data.status === "processing")) state.textContent = STATUS.processing;
    if (event === "modality") rows[/** @type {Modality} */ (data.modality)]?.set(data, { aloud: true });
    else if (data.modalities) setAll(data.modalities);
  };
  /** @param {unknown} fault */
  const fail = (fault) => {
    problem.textContent = messageOf(fault);
    problem.hidden = false;
  };
  return { update, fail };
}

/** @param {Modality} modality */
function progressRow(modality) {
  const bar = el("progress", { max: "1", value: "0", "aria-label": `${CHANNEL[modality]}: progress` });
  const text = el("span", { class: "step-text" }, STATUS.queued);
  const node = el("li", { class: "step", "data-status": "queued" }, el("span", { class: "step-name" }, CHANNEL[modality]), bar, text);
  /** @type {ModalityStatus} */
  let before = "queued";
  /**
   * @param {Progress} state
   * @param {{ aloud?: boolean }} options
   */
  const set = ({ status, share, progress, error_code: code, reason }, { aloud = false } = {}) => {
    const done = ["succeeded", "failed", "skipped"].includes(status);
    node.dataset.status = status;
    const ready = share ?? progress ?? 0;
    bar.value = status === "skipped" ? 0 : done ? 1 : ready;
    text.textContent = describe(status, ready, reason ?? explain(code));
    if (aloud && status !== before) announce(`${CHANNEL[modality]}: ${text.textContent}`);
    before = status;
  };
  return { node, set };
}

/**
 * @param {ModalityStatus} status
 * @param {number} share 0..1
 * @param {string} reason why it failed or was skipped
 */
function describe(status, share, reason) {
  if (status === "running") return share > 0 ? percent(share) : "Starting";
  if (status === "succeeded") return "Done";
  if (status === "failed" || status === "skipped") return reason;
  return STATUS[status] ?? status;
}
