import assert from "node:assert/strict";
import { test } from "node:test";

import { explain, interviewState, interviewTitle, languageName, lowering, scoreName } from "../../gateway/web/lib/labels.js";

test("a score has a name when it is a trait, an emotion or the agreement", () => {
  assert.equal(scoreName("trait.neuroticism"), "Emotional sensitivity");
  assert.equal(scoreName("emotion.happy"), "happy");
  assert.equal(scoreName("congruence"), "Voice and face agree");
});

test("a score is named by its code when it is newer than the page", () => {
  assert.equal(scoreName("trait.wit"), "wit");
  assert.equal(scoreName("tempo"), "tempo");
});

test("a fault is explained when its code is known, newer than the page, or missing", () => {
  assert.match(explain("no_face"), /Sit facing the camera/);
  assert.equal(explain("newer_than_the_page"), "This part could not be analysed.");
  assert.equal(explain(null), "This part could not be analysed.");
});

test("only reasons that lower the confidence are named when there are others", () => {
  assert.deepEqual(lowering([{ code: "too_noisy" }, { code: "truncated" }]), ["noise behind the voice"]);
});

test("a language is named when its code is one, and told as it is when not", () => {
  assert.equal(languageName("de"), "German");
  assert.equal(languageName("?"), "?");
});

test("an interview tells how far it is when it is open, being analysed and done", () => {
  const interview = { status: "open", answered: 1, questions: [{}, {}, {}], title: null, created_at: "2026-11-28T10:00:00Z" };
  assert.equal(interviewState(interview), "1 of 3 answered");
  assert.equal(interviewState({ ...interview, status: "processing" }), "Being analysed");
  assert.equal(interviewState({ ...interview, status: "completed" }), "Answered");
  assert.match(interviewTitle(interview), /^Interview of 28 Nov 2026/);
  assert.equal(interviewTitle({ ...interview, title: "Nurse" }), "Nurse");
});
