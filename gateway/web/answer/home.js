// The first view: a new answer beside the past ones.

import * as api from "../lib/api.js";
import { el, show } from "../lib/dom.js";
import { messageOf, statusOf } from "../lib/faults.js";
import { plural, when } from "../lib/format.js";
import { INTERVIEW_STATE, interviewState, interviewTitle, STATUS } from "../lib/labels.js";
import { composeForm } from "./compose.js";
import { KIND_NAME } from "./media.js";
import { deleteAfterAsking } from "./remove.js";

/** @import { AcceptedAssessment, AssessmentList, AssessmentView, InterviewView, QuestionView } from "#api" */
/** @import { ViewContext } from "../app.js" */

/** @param {ViewContext} context */
export async function homeView({ root, signal, signOut }) {
  document.title = "Candor";
  const form = el("div", { class: "card" }, el("p", { class: "waiting" }, "Fetching the questions …"));
  const past = el("section", { class: "past", "aria-labelledby": "past-title" });
  const rounds = el("section", { class: "past", "aria-labelledby": "interviews-title", hidden: true });
  show(
    root,
    el("div", { class: "intro" },
      el("h1", {}, "Practise an answer"),
      el("p", { class: "lead" },
        "Upload a recording or write your answer, and see how words, voice and face come across – each on its own, and together."),
      el("p", { class: "lead" }, el("a", { href: "#/interviews/new" }, "Practise several questions in a row"))),
    el("div", { class: "columns" }, form, el("div", {}, rounds, past)),
  );
  const [questions, answers, interviews] = await Promise.all([api.questions(), api.assessments(), api.interviews()]);
  if (signal.aborted) return;
  /** @param {AcceptedAssessment} assessment */
  const onSent = (assessment) => { location.hash = `#/answers/${assessment.id}`; };
  show(form, composeForm({ questions: questions.data, signal, onSent, signOut }));
  pastInterviews(rounds, interviews.data);
  pastAnswers(past, { page: answers, questions: questions.data, signOut });
}

/**
 * @param {AssessmentView} assessment
 * @param {QuestionView[]} questions
 */
const questionText = (assessment, questions) =>
  questions.find((question) => question.id === assessment.question)?.text ?? "An earlier question";

/**
 * @param {HTMLElement} section to draw into
 * @param {InterviewView[]} interviews
 */
function pastInterviews(section, interviews) {
  section.hidden = interviews.length === 0;
  show(section,
    el("h2", { id: "interviews-title" }, "Interviews"),
    el("ul", { class: "answers" }, interviews.map((interview) =>
      el("li", { class: "answer" },
        el("a", { class: "answer-link", href: `#/interviews/${encodeURIComponent(interview.id)}` },
          el("span", { class: "answer-question" }, interviewTitle(interview)),
          el("span", { class: "answer-meta" }, plural(interview.questions.length, "question", "questions"), ` · ${interview.candidate}`)),
        el("span", { class: `state state-${INTERVIEW_STATE[interview.status]}` }, interviewState(interview))))));
}

/**
 * @param {HTMLElement} section to draw into
 * @param {{ page: AssessmentList, questions: QuestionView[], signOut: (message: string) => void }} options
 */
function pastAnswers(section, { page, questions, signOut }) {
  const title = el("h2", { id: "past-title", tabindex: "-1" }, "Past answers");
  const items = el("ul", { class: "answers" });
  const note = el("p", { class: "hint" }, "Nothing yet. Your first report will appear here.");
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const more = el("button", { class: "quiet", type: "button", hidden: true }, "Show earlier answers");
  /** @type {string | undefined} */
  let last;

  const refresh = () => { note.hidden = items.children.length > 0; };
  /** @param {unknown} fault */
  const fail = (fault) => {
    if (statusOf(fault) === 401) {
      signOut(messageOf(fault));
      return;
    }
    problem.textContent = messageOf(fault);
    problem.hidden = false;
  };
  /**
   * @param {HTMLElement} item
   * @param {AssessmentView} assessment
   */
  const remove = async (item, assessment) => {
    if (!(await deleteAfterAsking(assessment.id, fail))) return;
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    refresh();
    (next?.querySelector("a") ?? title).focus();
  };
  /** @param {AssessmentList} page */
  const add = ({ data, has_more: hasMore }) => {
    for (const assessment of data) {
      const item = el("li", { class: "answer" });
      show(item, answerItem(assessment, questionText(assessment, questions), () => remove(item, assessment)));
      items.append(item);
    }
    last = data.at(-1)?.id ?? last;
    more.hidden = !hasMore;
    refresh();
  };
  more.addEventListener("click", () => {
    const before = items.children.length;
    api.assessments(last).then((next) => {
      add(next);
      items.children[before]?.querySelector("a")?.focus();
    }).catch(fail);
  });
  show(section, title, problem, note, items, more);
  add(page);
}

/**
 * @param {AssessmentView} assessment
 * @param {string} question
 * @param {() => void} onDelete
 */
function answerItem(assessment, question, onDelete) {
  const kinds = assessment.media.map((part) => KIND_NAME[part.kind] ?? part.kind).join(" and ");
  const time = when(assessment.created_at);
  return [
    el("a", { class: "answer-link", href: `#/answers/${encodeURIComponent(assessment.id)}` },
      el("span", { class: "answer-question" }, question),
      el("span", { class: "answer-meta" },
        el("time", { datetime: assessment.created_at }, time), kinds && ` · ${kinds}`,
        assessment.candidate ? ` · ${assessment.candidate}` : "")),
    el("span", { class: `state state-${assessment.status}` }, STATUS[assessment.status] ?? assessment.status),
    el("button", { class: "icon-button", type: "button", "aria-label": `Delete the answer of ${time}`, on: { click: onDelete } },
      el("span", { "aria-hidden": "true" }, "×")),
  ];
}
