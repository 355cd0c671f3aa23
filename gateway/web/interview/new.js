// A new interview: which questions, and whose answers.

import { candidateField, noQuestions } from "../answer/compose.js";
import { Incomplete } from "../answer/form.js";
import * as api from "../lib/api.js";
import { el, show } from "../lib/dom.js";
import { messageOf, statusOf } from "../lib/faults.js";

/** @import { QuestionView } from "#api" */
/** @import { ViewContext } from "../app.js" */

const MOST = 20;
const CHOSEN_AT_FIRST = 3;

/** @param {ViewContext} context */
export async function newInterviewView({ root, signal, signOut }) {
  document.title = "Several questions – Candor";
  const card = el("div", { class: "card" }, el("p", { class: "waiting" }, "Fetching the questions …"));
  show(root,
    el("header", { class: "report-head" },
      el("p", {}, el("a", { href: "#/", class: "back" }, "All answers")),
      el("h1", {}, "Practise several questions"),
      el("p", { class: "lead" }, "Answer one after the other, and see how you come across in each, and in all of them together.")),
    card);
  const questions = await api.questions();
  if (signal.aborted) return;
  show(card, questions.data.length ? interviewForm(questions.data, signOut) : noQuestions());
}

/**
 * @param {QuestionView[]} questions
 * @param {(message: string) => void} signOut
 */
function interviewForm(questions, signOut) {
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const candidate = candidateField();
  const boxes = questions.map((question, place) =>
    el("input", { type: "checkbox", name: "questions", value: question.id, checked: place < CHOSEN_AT_FIRST }));
  /** @param {unknown} fault */
  const complain = (fault) => {
    if (statusOf(fault) === 401) {
      signOut(messageOf(fault));
      return;
    }
    problem.textContent = messageOf(fault);
    problem.hidden = false;
    if (fault instanceof Incomplete) fault.control.focus();
  };
  /** @param {Event} event */
  const begin = async (event) => {
    event.preventDefault();
    problem.hidden = true;
    try {
      const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
      if (!chosen.length) throw new Incomplete("Choose at least one question.", boxes[0]);
      if (chosen.length > MOST) throw new Incomplete(`Choose at most ${MOST} questions.`, boxes[0]);
      const made = await api.createInterview({ candidate: candidate.name(), questions: chosen });
      location.hash = `#/interviews/${made.id}`;
    } catch (fault) {
      complain(fault);
    }
  };
  return el("form", { class: "compose", novalidate: true, on: { submit: begin } },
    el("fieldset", { class: "field" },
      el("legend", { class: "field-title" }, "Questions, in this order"),
      el("div", { class: "options all" }, questions.map((question, place) =>
        el("label", { class: "option" }, boxes[place], el("span", {}, question.text))))),
    candidate.node, problem,
    el("div", { class: "actions" }, el("button", { class: "primary", type: "submit" }, "Begin")));
}
