// The form for a new answer: a question, a file or a text, and whose answer it is.

import { el } from "../lib/dom.js";
import { answerForm, Incomplete } from "./form.js";

/** @import { AcceptedAssessment, QuestionView } from "#api" */

const CANDIDATE = "candor.candidate";

/**
 * Make the form for a new answer, or say that there is nothing to answer.
 * @param {{ questions: QuestionView[], signal: AbortSignal, onSent: (assessment: AcceptedAssessment) => void, signOut: (message: string) => void }} options
 */
export function composeForm({ questions, signal, onSent, signOut }) {
  if (!questions.length) return noQuestions();
  const candidate = candidateField();
  /**
   * @param {FormData} form
   * @param {HTMLFormElement} node
   */
  const fill = (form, node) => {
    form.set("question", new FormData(node).get("question") ?? "");
    form.set("candidate", candidate.name());
    form.set("purpose", "self_practice");
  };
  return answerForm({ above: [questionChoice(questions)], below: [candidate.node], fill, signal, onSent, signOut });
}

/** Say that an installation has no questions, and how it comes by some. */
export function noQuestions() {
  return el("div", {},
    el("h2", {}, "There are no questions yet"),
    el("p", {}, "Ask whoever runs this installation to add one: the interface has ", el("code", {}, "POST /v1/questions"), " for it."));
}

/**
 * Show one question in large type; the others wait behind a button.
 * @param {QuestionView[]} questions
 */
function questionChoice(questions) {
  const chosen = el("p", { class: "question-chosen", id: "question-chosen" }, questions[0].text);
  const choices = questions.map((question, index) => el("input", {
    type: "radio", name: "question", value: question.id, checked: index === 0,
    on: { change: () => { chosen.textContent = question.text; } },
  }));
  const options = el("div", { class: "options", id: "question-options", hidden: true },
    questions.map((question, index) => el("label", { class: "option" }, choices[index], el("span", {}, question.text))));
  const toggle = el("button", { class: "link", type: "button", "aria-expanded": "false", "aria-controls": "question-options" },
    "Choose another question");
  toggle.addEventListener("click", () => {
    options.hidden = !options.hidden;
    toggle.setAttribute("aria-expanded", String(!options.hidden));
    toggle.textContent = options.hidden ? "Choose another question" : "Close the list";
    if (!options.hidden) choices.find((choice) => choice.checked)?.focus();
  });
  return el("fieldset", { class: "field" },
    el("legend", { class: "field-title" }, "Question"), chosen, questions.length > 1 && toggle, options);
}

/** Ask whose answer it is; `name()` remembers it for the next time, or throws `Incomplete`. */
export function candidateField() {
  const input = el("input", {
    id: "candidate", name: "candidate", type: "text", required: true, maxlength: "200", autocomplete: "off",
    value: localStorage.getItem(CANDIDATE) || "me", "aria-describedby": "candidate-hint",
  });
  const node = el("div", { class: "field" },
    el("label", { class: "field-title", for: "candidate" }, "Whose answer is it?"), input,
    el("p", { class: "hint", id: "candidate-hint" }, "Any name or number. Answers under the same one count as one person."));
  const name = () => {
    const given = input.value.trim();
    if (!given) throw new Incomplete("Say whose answer it is; “me” will do.", input);
    localStorage.setItem(CANDIDATE, given);
    return given;
  };
  return { node, name };
}
