// A new interview: which questions, and whose answers.

import * as api from "../lib/api.js";
import { Incomplete } from "../answer/form.js";
import { candidateField, noQuestions } from "../answer/compose.js";
import { el, show } from "../lib/dom.js";

const MOST = 20;
const CHOSEN_AT_FIRST = 3;

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

function interviewForm(questions, signOut) {
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const candidate = candidateField();
  const boxes = questions.map((question, place) =>
    el("input", { type: "checkbox", name: "questions", value: question.id, checked: place < CHOSEN_AT_FIRST }));
  const complain = (fault) => {
    if (fault.status === 401) return signOut(fault.message);
    problem.textContent = fault.message;
    problem.hidden = false;
    fault.control?.focus();
    return undefined;
  };
  const begin = async (event) => {
    event.preventDefault();
    problem.hidden = true;
    try {
      const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
      if (!chosen.length) throw new Incomplete("Choose at least one question.", boxes[0]);
      if (chosen.length > MOST) throw new Incomplete(`Choose at most ${MOST} questions.`, boxes[0]);
      const made = await api.createInterview({ candidate: candidate.name(), questions: chosen });
      location.hash = `#/interviews/${made.id}`;
      return undefined;
    } catch (fault) {
      return complain(fault);
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
