// One answer: its progress while it is analysed, then its report.

import * as api from "../lib/api.js";
import { announce, el, focusHeading, show } from "../lib/dom.js";
import { percent, when } from "../lib/format.js";
import { CHANNEL, FINAL, MODALITIES, STATUS, explain } from "../lib/labels.js";
import { reportView } from "../report/report.js";
import { deleteAfterAsking } from "./remove.js";

export async function answerView({ root, signal, goHome, signOut }, id) {
  show(root, el("p", { class: "waiting" }, "Fetching the answer …"));
  const [assessment, questions] = await Promise.all([api.assessment(id, signal), api.questions()]);
  if (signal.aborted) return;
  const question = questions.data.find((entry) => entry.id === assessment.question)?.text ?? "Your answer";
  const remove = deleteButton(id, goHome);
  if (FINAL.has(assessment.status)) {
    await showReport(root, { assessment, question, remove, signal });
    return;
  }
  const progress = progressView(root, { assessment, question, remove });
  follow();

  async function follow() {
    try {
      await api.follow(id, { signal, onEvent: progress.update });
      if (signal.aborted) return;
      const final = await api.assessment(id, signal);
      await showReport(root, { assessment: final, question, remove, signal });
      announce("The report is ready.");
      focusHeading(root);
    } catch (fault) {
      if (signal.aborted) return;
      if (fault.status === 401) signOut(fault.message);
      else progress.fail(fault);
    }
  }
}

function deleteButton(id, goHome) {
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const fail = (fault) => {
    problem.textContent = fault.message;
    problem.hidden = false;
  };
  const ask = async () => {
    if (await deleteAfterAsking(id, fail)) goHome();
  };
  return el("div", { class: "delete" }, problem, el("button", { class: "danger outline", type: "button", on: { click: ask } }, "Delete this answer"));
}

async function showReport(root, { assessment, question, remove, signal }) {
  document.title = `${question} – Candor`;
  if (assessment.status === "canceled" || assessment.status === "expired") {
    return show(root, heading(question, assessment),
      el("section", { class: "card" }, el("p", {}, assessment.status === "canceled"
        ? "The analysis was stopped, so there is no report."
        : "This answer was kept for as long as was agreed and has been erased. Record it again for a new report.")), remove);
  }
  const report = await api.report(assessment.id, signal);
  if (signal.aborted) return undefined;
  return show(root, heading(question, assessment, report.status), reportView(report), remove);
}

function heading(question, assessment, status = assessment.status) {
  return el("header", { class: "report-head" },
    el("p", {}, el("a", { href: "#/", class: "back" }, "All answers")),
    el("h1", {}, question),
    el("p", { class: "report-meta" },
      el("span", { class: `state state-${status}` }, STATUS[status] ?? status),
      el("time", { datetime: assessment.created_at }, when(assessment.created_at))));
}

function progressView(root, { assessment, question, remove }) {
  document.title = "Being analysed – Candor";
  const rows = Object.fromEntries(MODALITIES.map((modality) => [modality, progressRow(modality)]));
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const list = el("ul", { class: "steps" }, MODALITIES.map((modality) => rows[modality].node));
  show(root, heading(question, assessment),
    el("section", { class: "card", "aria-labelledby": "progress-title" },
      el("h2", { id: "progress-title" }, "Listening, looking, reading"),
      el("p", { class: "lead" }, "A recording takes about as long as it lasts, or less; a text takes seconds. You may leave: the report waits for you here."),
      list, problem),
    remove);

  const setAll = (modalities) => {
    for (const [modality, state] of Object.entries(modalities ?? {})) rows[modality]?.set(state);
  };
  setAll(assessment.modalities);
  const state = root.querySelector(".report-meta .state");
  const update = (event, data) => {
    if (event === "modality" || data.status === "processing") state.textContent = STATUS.processing;
    if (event === "modality") rows[data.modality]?.set(data, { aloud: true });
    else if (data.modalities) setAll(data.modalities);
  };
  const fail = (fault) => {
    problem.textContent = fault.message;
    problem.hidden = false;
  };
  return { update, fail };
}

function progressRow(modality) {
  const bar = el("progress", { max: "1", value: "0", "aria-label": `${CHANNEL[modality]}: progress` });
  const text = el("span", { class: "step-text" }, STATUS.queued);
  const node = el("li", { class: "step", "data-status": "queued" }, el("span", { class: "step-name" }, CHANNEL[modality]), bar, text);
  let before = "queued";
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

function describe(status, share, reason) {
  if (status === "running") return share > 0 ? percent(share) : "Starting";
  if (status === "succeeded") return "Done";
  if (status === "failed" || status === "skipped") return reason;
  return STATUS[status] ?? status;
}
