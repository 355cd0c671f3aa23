// One interview: the question to answer next, all answers together, and each on its own.

import { answerForm } from "../answer/form.js";
import * as api from "../lib/api.js";
import { confirmDialog } from "../lib/confirm.js";
import { announce, el, focusHeading, show } from "../lib/dom.js";
import { messageOf, statusOf } from "../lib/faults.js";
import { pause } from "../lib/follow.js";
import { when } from "../lib/format.js";
import { INTERVIEW_STATE, interviewState, interviewTitle } from "../lib/labels.js";
import { interviewReportView } from "./report.js";

/** @import { AskedQuestionView, InterviewView } from "#api" */
/** @import { ViewContext } from "../app.js" */

const ASK_AGAIN_MS = 2500;

/**
 * @param {ViewContext} context
 * @param {string} id of the interview
 */
export async function interviewView(context, id) {
  const { root, signal } = context;
  show(root, el("p", { class: "waiting" }, "Fetching the interview …"));
  let interview = await api.interview(id, signal);
  if (signal.aborted) return;
  document.title = `${interviewTitle(interview)} – Candor`;
  const state = el("span", {});
  const next = el("div", { class: "next" });
  const results = el("div", { class: "report" });
  show(root, heading(interview, state), next, results, deleteButton(() => interview, context.goHome));

  /** @param {AskedQuestionView | undefined} question */
  const answer = (question) => show(next, question && nextCard(interview, question, { ...context, onSent: handedIn }));
  const handedIn = async () => {
    await refresh();
    const question = unanswered(interview);
    answer(question);
    announce(question ? "Handed in. The next question is here." : "Handed in. That was the last question.");
    if (question) focusQuestion(next);
    else focusHeading(root);
    watch();
  };
  const refresh = async () => {
    interview = await api.interview(id, signal);
    state.className = `state state-${INTERVIEW_STATE[interview.status]}`;
    state.textContent = interviewState(interview);
    show(results, await reported(interview, signal, answerAgain));
  };
  /** @param {string} questionId */
  const answerAgain = (questionId) => {
    answer(interview.questions.find((entry) => entry.question === questionId));
    focusQuestion(next);
  };
  const watch = watcher({ results, signal, refresh, isBusy: () => interview.questions.some((entry) => entry.status === "processing") });

  await refresh();
  if (signal.aborted) return;
  answer(unanswered(interview));
  watch();
}

/**
 * Move the focus to the question that is to be answered.
 * @param {HTMLElement} next the place where it stands
 */
function focusQuestion(next) {
  const title = next.querySelector("h2");
  if (!title) return;
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
  next.scrollIntoView({ block: "start" });
}

/**
 * Return what draws the results anew for as long as one of them is on its way.
 * @param {{ results: HTMLElement, signal: AbortSignal, refresh: () => Promise<void>, isBusy: () => boolean }} options
 */
function watcher({ results, signal, refresh, isBusy }) {
  let watching = false;
  return async () => {
    if (watching) return;
    watching = true;
    while (!signal.aborted && isBusy()) {
      await pause(ASK_AGAIN_MS, signal);
      // what has the focus is not drawn anew under somebody's hands
      if (!signal.aborted && !results.contains(document.activeElement)) await refresh().catch(() => {});
    }
    watching = false;
  };
}

/** @param {InterviewView} interview */
const unanswered = (interview) => interview.questions.find((entry) => entry.status === "unanswered");

/**
 * Draw the report of an interview, or say why it may not be read.
 * @param {InterviewView} interview
 * @param {AbortSignal} signal
 * @param {(questionId: string) => void} onAnswer
 */
async function reported(interview, signal, onAnswer) {
  try {
    return interviewReportView(await api.interviewReport(interview, signal), onAnswer);
  } catch (fault) {
    if (statusOf(fault) !== 403) throw fault;
    return interview.answered > 0 && el("p", { class: "notice" }, messageOf(fault));
  }
}

/**
 * @param {InterviewView} interview
 * @param {HTMLElement} state
 */
function heading(interview, state) {
  return el("header", { class: "report-head" },
    el("p", {}, el("a", { href: "#/", class: "back" }, "All answers")),
    el("h1", {}, interviewTitle(interview)),
    el("p", { class: "report-meta" }, state,
      el("span", {}, interview.candidate),
      interview.title && el("time", { datetime: interview.created_at }, when(interview.created_at))));
}

/**
 * Make the card that asks a question.
 * @param {InterviewView} interview
 * @param {AskedQuestionView} question
 * @param {{ signal: AbortSignal, signOut: (message: string) => void, onSent: () => Promise<void> }} options
 */
function nextCard(interview, question, { signal, signOut, onSent }) {
  const place = interview.questions.indexOf(question) + 1;
  /** @param {FormData} form */
  const fill = (form) => {
    form.set("question", question.question);
    form.set("candidate", interview.candidate);
    form.set("interview", interview.id);
  };
  const title = el("div", { class: "field" },
    el("p", { class: "field-title" }, `Question ${place} of ${interview.questions.length}`),
    el("h2", { class: "question-chosen", id: "next-title" }, question.text),
    question.assessment && el("p", { class: "hint" }, "The new answer takes the place of the one before, which is kept."));
  return el("section", { class: "card", "aria-labelledby": "next-title" },
    answerForm({ above: [title], fill, signal, onSent, signOut }));
}

/**
 * @param {() => InterviewView} current
 * @param {() => void} goHome called when it is erased
 */
function deleteButton(current, goHome) {
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const ask = async () => {
    const sure = await confirmDialog({
      title: "Delete this interview?",
      text: "Every answer in it is erased for good, with recordings, texts, results and reports. This cannot be undone.",
      yes: "Delete",
    });
    if (!sure) return;
    try {
      await api.removeInterview(current());
    } catch (fault) {
      if (statusOf(fault) !== 404) {
        problem.textContent = messageOf(fault);
        problem.hidden = false;
        return;
      }
    }
    announce("The interview was deleted.");
    goHome();
  };
  return el("div", { class: "delete" }, problem,
    el("button", { class: "danger outline", type: "button", on: { click: ask } }, "Delete this interview"));
}
