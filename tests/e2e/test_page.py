"""The page in a real browser, against a stand-in gateway (`tests/fake_api.py`)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from gateway.main import create_app
from gateway.settings import GatewaySettings
from services.common.contracts.face import FaceRegion
from services.common.contracts.labels import EMOTIONS, TRAITS
from services.common.settings import CommonSettings
from tests.e2e.conftest import Installation
from tests.e2e.serving import serving
from tests.fake_api import KEY, QUESTIONS, FakeGateway, create_fake, problem
from tests.fake_reports import (
    HOSTILE,
    activation,
    earlier_face,
    face,
    first_voice,
    salience,
    voice,
)

FOCUSED = """() => {
  const focused = document.activeElement;
  if (focused === document.body) return "nothing";
  return focused.getAttribute("aria-label") ?? focused.labels?.[0]?.textContent ?? focused.textContent;
}"""
CHECKS = (Path(__file__).parent / "page_checks.js").read_text(encoding="utf-8")
# What is waited for comes when it comes: a busy machine makes a test slow, never wrong.
expect.set_options(timeout=60_000)
VIDEO = {"name": "answer.mp4", "mimeType": "video/mp4", "buffer": b"x" * 400_000}


@dataclass
class Visit:
    """One browser window on the stand-in, and everything it complained about."""

    page: Page
    state: FakeGateway
    address: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def home(self) -> None:
        self.page.goto(f"{self.address}/#key={KEY}")
        expect(self.page.get_by_role("heading", name="Practise an answer")).to_be_visible()
        expect(self.page.get_by_role("button", name="Analyse my answer")).to_be_visible()

    def report(self, assessment_id: str) -> None:
        self.home()
        self.page.goto(f"{self.address}/#/answers/{assessment_id}")
        expect(self.page.get_by_role("heading", name="What this rests on")).to_be_visible()
        self.page.evaluate("document.fonts.ready")


Open = Callable[..., Visit]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens the page; fails the test if the browser logged an error or the page left its host."""
    visits: list[Visit] = []
    contexts: list[BrowserContext] = []
    servers: list[Any] = []

    def open_(state: FakeGateway | None = None, **options: Any) -> Visit:
        state = state or FakeGateway()
        server = serving(create_fake(state))
        address = server.__enter__()
        servers.append(server)
        defaults = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce"}
        context = browser.new_context(**(defaults | options))
        contexts.append(context)
        visit = Visit(page=context.new_page(), state=state, address=address)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on("console", lambda m: visit.complaints.append(m.text) if m.type == "error" else None)
        visit.page.on("request", lambda request: visit.hosts.add(request.url.split("/")[2]))
        visits.append(visit)
        return visit

    yield open_
    for context in contexts:
        context.close()
    for server in servers:
        server.__exit__(None, None, None)
    for visit in visits:
        assert visit.hosts == {visit.address.removeprefix("http://")}
        unexpected = [
            text for text in visit.complaints if "the server responded with a status of" not in text
        ]
        assert unexpected == []


def accessibility_faults(page: Page) -> list[str]:
    return list(page.evaluate(CHECKS))


def test_key_leaves_the_address_when_it_was_handed_over(open_page: Open) -> None:
    visit = open_page()
    visit.home()
    assert KEY not in visit.page.url
    assert visit.page.evaluate("sessionStorage.getItem('candor.key')") == KEY
    visit.page.reload()
    expect(visit.page.get_by_role("button", name="Analyse my answer")).to_be_visible()


def test_key_is_asked_for_again_when_it_is_wrong(open_page: Open) -> None:
    visit = open_page()
    visit.page.goto(visit.address)
    visit.page.get_by_label("Access key", exact=True).fill("cnd_wrong")
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_role("alert")).to_contain_text("This key is not known")
    visit.page.get_by_label("Access key", exact=True).fill(KEY)
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_role("heading", name="Practise an answer")).to_be_focused()


def test_video_becomes_a_report_when_it_is_uploaded(open_page: Open) -> None:
    visit = open_page(FakeGateway(step_s=0.3))
    visit.home()
    visit.page.get_by_role("button", name="Choose another question").click()
    visit.page.get_by_label("Describe a time when").check()
    visit.page.set_input_files("#file", files=[VIDEO])
    expect(visit.page.locator("#file-chosen")).to_contain_text("Words, voice and face will be analysed")
    visit.page.get_by_role("button", name="Analyse my answer").click()
    expect(visit.page.get_by_role("progressbar", name="Face: progress")).to_be_visible()
    expect(visit.page.locator(".step[data-status=running]").first).to_be_visible()
    expect(visit.page.get_by_role("heading", name="How you came across")).to_be_visible()
    expect(visit.page.locator("#announcer")).to_have_text("The report is ready.")
    assert visit.state.last_form == {
        "candidate": "me",
        "question": "q_1",
        "purpose": "self_practice",
        "video": "file",
    }


def test_own_report_opens_in_a_new_tab_when_only_the_candidate_may_read_it(open_page: Open) -> None:
    visit = open_page(FakeGateway(candidate_only=True, consent_required=True))
    somebody_elses = visit.state.add()
    visit.home()
    visit.page.set_input_files("#file", files=[VIDEO])
    visit.page.get_by_role("button", name="Analyse my answer").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("Agree first")
    visit.page.get_by_label("I agree that my answer").check()
    visit.page.get_by_role("button", name="Analyse my answer").click()
    expect(visit.page.get_by_role("heading", name="How you came across")).to_be_visible()
    assert {"consent_version", "consented_at"} < set(visit.state.last_form)
    own = list(visit.state.assessments)[-1]
    visit.page.evaluate("sessionStorage.clear()")
    visit.report(own)
    visit.page.goto(f"{visit.address}/#/answers/{somebody_elses['id']}")
    expect(visit.page.get_by_role("alert")).to_contain_text("only in the browser")
    visit.page.get_by_role("button", name="Sign out").click()
    assert visit.page.evaluate("localStorage.getItem('candor.tokens')") is None


def test_report_opens_with_the_key_when_its_token_is_no_good_any_more(open_page: Open) -> None:
    visit = open_page()
    visit.home()
    visit.page.set_input_files("#file", files=[VIDEO])
    visit.page.get_by_role("button", name="Analyse my answer").click()
    expect(visit.page.get_by_role("heading", name="How you came across")).to_be_visible()
    visit.state.tokens_are_good = False
    visit.page.reload()
    expect(visit.page.get_by_role("heading", name="How you came across")).to_be_visible()


def test_report_appears_when_events_cannot_be_had(open_page: Open) -> None:
    visit = open_page(FakeGateway(events=False))
    visit.home()
    visit.page.set_input_files("#file", files=[VIDEO | {"name": "a.flac", "mimeType": ""}])
    visit.page.get_by_role("button", name="Analyse my answer").click()
    expect(visit.page.get_by_role("heading", name="How you came across")).to_be_visible()
    assert visit.state.asked_for_events >= 1
    assert "audio" in visit.state.last_form


def test_file_is_taken_when_it_is_dropped(open_page: Open) -> None:
    visit = open_page()
    visit.home()
    transfer = visit.page.evaluate_handle(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File(['%PDF-'], 'cv.pdf', {type: 'application/pdf'}));
          return transfer;
        }"""
    )
    visit.page.dispatch_event(".drop", "drop", {"dataTransfer": transfer})
    visit.page.get_by_role("button", name="Analyse my answer").click()
    expect(visit.page.get_by_role("heading", name="Traits, from your words")).to_be_visible()
    assert "document" in visit.state.last_form


@pytest.mark.parametrize(
    ("name", "kind", "size", "words"),
    [("a.zip", "application/zip", 9, "cannot be read"), ("a.mp4", "video/mp4", 0, "is empty")],
)
def test_form_says_what_to_do_when_the_file_cannot_be_used(
    open_page: Open, name: str, kind: str, size: int, words: str
) -> None:
    visit = open_page()
    visit.home()
    visit.page.set_input_files("#file", files=[{"name": name, "mimeType": kind, "buffer": b"x" * size}])
    visit.page.get_by_role("button", name="Analyse my answer").click()
    expect(visit.page.get_by_role("alert")).to_contain_text(words)
    assert visit.state.last_form == {}


def test_problem_is_shown_and_the_form_kept_when_the_server_refuses(open_page: Open) -> None:
    refusal = problem(
        413,
        "media_too_large",
        "The video is larger than 1 GB; shorten or compress it.",
        errors=[{"field": "video", "detail": "too large"}],
    )
    visit = open_page(FakeGateway(refuse=refusal))
    visit.home()
    visit.page.set_input_files("#file", files=[VIDEO])
    visit.page.get_by_role("button", name="Analyse my answer").click()
    alert = visit.page.get_by_role("alert")
    expect(alert).to_contain_text("shorten or compress it")
    expect(alert).to_contain_text("video: too large")
    expect(visit.page.locator("#file-chosen")).to_contain_text("answer.mp4")
    expect(visit.page.get_by_role("button", name="Analyse my answer")).to_be_enabled()


def test_missing_answer_is_explained_when_the_address_is_stale(open_page: Open) -> None:
    visit = open_page()
    visit.home()
    visit.page.goto(f"{visit.address}/#/answers/asm_gone")
    expect(visit.page.get_by_role("heading", name="This answer is not here")).to_be_focused()
    visit.page.get_by_role("link", name="Back to your answers").click()
    expect(visit.page.get_by_role("heading", name="Practise an answer")).to_be_visible()


def test_page_says_what_to_do_when_a_part_of_it_cannot_be_loaded(open_page: Open) -> None:
    visit = open_page()
    visit.home()
    visit.page.route("**/assets/interview/new.js", lambda route: route.fulfill(status=503))
    visit.page.get_by_role("link", name="Practise several questions in a row").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("then reload the page")
    visit.page.unroute("**/assets/interview/new.js")
    visit.page.reload()
    expect(visit.page.get_by_role("button", name="Begin")).to_be_visible()


def test_everything_works_when_there_is_only_a_keyboard(open_page: Open) -> None:
    visit = open_page()
    visit.home()
    page = visit.page

    def tab_to(name: str) -> None:
        passed: list[str] = []
        for _ in range(40):
            page.keyboard.press("Tab")
            passed.append(page.evaluate(FOCUSED))
            if name in passed[-1]:
                return
        pytest.fail(f"Tab never reached {name!r}, only {passed}")

    tab_to("Upload a file")
    page.keyboard.press("ArrowRight")
    tab_to("Your answer in your own words")
    page.keyboard.type("I learnt the new system in a week by teaching it to two colleagues.")
    expect(page.locator("#text-count")).to_contain_text("14 words")
    tab_to("Analyse my answer")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_be_focused()
    expect(page.get_by_role("heading", name="Traits, from your words")).to_be_visible()
    tab_to("Words that moved the self-report")
    page.keyboard.press("Enter")
    expect(page.locator(".trait-words")).to_be_visible()
    tab_to("Delete this answer")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Delete this answer")).to_be_focused()
    assert len(visit.state.assessments) == 1
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Practise an answer")).to_be_focused()
    assert visit.state.assessments == {}


def test_yes_erases_when_the_question_is_asked_again_before_its_first_end_is_told(open_page: Open) -> None:
    visit = open_page()
    visit.report(visit.state.add("text")["id"])
    # a browser tells with its next frame that a dialog was closed; a busy one takes a second question first
    visit.page.get_by_role("button", name="Delete this answer").evaluate(
        """(ask) => {
          ask.click();
          document.querySelector("dialog").close();
          ask.click();
          return new Promise((told) => requestAnimationFrame(() => setTimeout(told)));
        }"""
    )
    expect(visit.page.get_by_role("dialog")).to_have_count(1)
    expect(visit.page.get_by_role("button", name="Keep it")).to_be_focused()
    visit.page.get_by_role("button", name="Delete", exact=True).click()
    expect(visit.page.get_by_role("heading", name="Practise an answer")).to_be_focused()
    assert visit.state.assessments == {}


def test_answer_leaves_the_list_when_it_is_deleted(open_page: Open) -> None:
    state = FakeGateway()
    for _ in range(12):
        state.add("text")
    visit = open_page(state)
    visit.home()
    items = visit.page.locator(".answer")
    expect(items).to_have_count(10)
    visit.page.get_by_role("button", name="Show earlier answers").click()
    expect(items).to_have_count(12)
    items.nth(11).get_by_role("button").click()
    visit.page.get_by_role("button", name="Delete", exact=True).click()
    expect(items).to_have_count(11)
    expect(visit.page.locator("#announcer")).to_have_text("The answer was deleted.")
    assert len(state.assessments) == 11


def test_markup_stays_text_when_a_question_or_a_word_holds_it(open_page: Open) -> None:
    state = FakeGateway()
    assessment = state.add("video")
    assessment["question"] = "q_3"
    visit = open_page(state)
    visit.report(assessment["id"])
    expect(visit.page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(visit.page.locator(".words .word").nth(2)).to_have_text(HOSTILE)
    assert visit.page.locator("main img, main script").count() == 0
    assert visit.page.title() != "pwned"


def test_agreement_is_drawn_and_told_beside_chance_when_voice_and_face_meet(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("video")["id"])
    together = visit.page.get_by_role("region", name="Voice and face together", exact=True)
    expect(together.get_by_text("chance would give")).to_be_visible()
    expect(together.get_by_role("img")).to_be_visible()
    assert together.locator(".agreed").get_attribute("d").startswith("M")
    visit.report(state.add("audio")["id"])
    expect(visit.page.get_by_role("heading", name="Voice and face together")).to_have_count(0)


def test_words_are_shown_with_times_and_doubts_when_they_were_spoken(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("audio")["id"])
    said = visit.page.get_by_role("region", name="What was said", exact=True)
    expect(said.get_by_text("heard with 91% confidence")).to_be_visible()
    expect(said.get_by_role("listitem").first).to_contain_text("0:01So in my last project")
    expect(said.locator(".unsure")).to_have_text(["we", "Zbigniew"])
    expect(said.locator(".filler")).to_have_text(["um", "Uh"])
    own = visit.page.get_by_role("region", name="Your words", exact=True)
    expect(own.get_by_text("148 words / min")).to_be_visible()
    expect(own.locator(".words")).to_contain_text("3× (others 0.8×)")
    expect(own.locator(".words")).to_contain_text("2× (others hardly ever)")


def test_estimates_come_with_their_band_when_it_is_known(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("audio")["id"])
    traits = visit.page.get_by_role("region", name="Traits, from your words", exact=True)
    expect(traits.get_by_text("68% (60% to 77%)")).to_be_visible()
    impression = visit.page.get_by_role("region", name="How the words come across", exact=True)
    expect(impression.get_by_text("49 (22 to 76)")).to_be_visible()


def test_timeline_is_told_as_a_table_when_it_cannot_be_seen(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("video")["id"])
    picture = visit.page.locator(".timeline svg")
    expect(picture).to_have_attribute("role", "img")
    assert "Voice: Mostly" in (picture.get_attribute("aria-label") or "")
    visit.page.get_by_text("The timeline as a table").click()
    rows = visit.page.get_by_role("region", name="Timeline as a table").get_by_role("row")
    assert rows.count() > 5


def test_a_moment_is_read_off_the_timeline_when_the_slider_is_moved_by_keyboard(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("video")["id"])
    slider = visit.page.get_by_role("slider", name="Read off a moment")
    cursor = visit.page.locator(".timeline .cursor")
    expect(cursor).to_have_attribute("hidden", "")
    slider.focus()
    visit.page.keyboard.press("ArrowRight")
    first = voice().timeline[0]
    words = f"Voice: {first.label}, {first.confidence:.0%}."
    expect(visit.page.locator(".readout")).to_contain_text(words)
    assert words in (slider.get_attribute("aria-valuetext") or "")
    expect(cursor).not_to_have_attribute("hidden", "")
    visit.page.keyboard.press("End")
    expect(visit.page.locator(".readout")).to_contain_text("Voice: nothing here.")


def test_a_moment_is_read_off_the_timeline_when_it_is_pointed_at(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("video")["id"])
    picture = visit.page.locator(".timeline svg")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    visit.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(visit.page.locator(".readout")).to_contain_text("0:29.")
    cursor = visit.page.locator(".timeline .cursor")
    assert float(cursor.get_attribute("x1") or "nan") == pytest.approx(box["width"] / 2, rel=0.02)
    visit.page.set_viewport_size({"width": 700, "height": 900})
    expect(picture).not_to_have_attribute("width", str(int(box["width"])))
    narrow = float(picture.get_attribute("width") or "nan")
    assert float(cursor.get_attribute("x1") or "nan") == pytest.approx(narrow / 2, rel=0.02)


def test_voice_is_described_with_units_and_reasons_when_it_was_measured(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("video")["id"])
    section = visit.page.get_by_role("region", name="Your voice")
    for words in (
        *("Compared with earlier answers of the same person (14 windows of speech).", "187 Hz"),
        "9.8 semitones",
        *("3.9 syllables / s", "4.8 syllables / s", "1.7 s", "22 dB", "64%", "11.6 dB"),
        *("\u221223.4 LUFS", "8.3 dB", "Speech is only 8 dB above the background"),
    ):
        expect(section).to_contain_text(words)
    expect(section.get_by_text("Jitter")).to_be_hidden()
    section.get_by_text("Voice quality").click()
    expect(section.get_by_text("Jitter")).to_be_visible()
    expect(section).to_contain_text("unreliable")
    less_sure = "less sure than usual because of noise behind the voice"
    for name in ("How you came across", "Over time"):
        expect(visit.page.get_by_role("region", name=name, exact=True)).to_contain_text(less_sure)


def test_voice_is_described_as_far_as_known_when_figures_are_missing(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("audio")["id"])
    section = visit.page.get_by_role("region", name="Your voice")
    expect(section).to_contain_text("Nothing is known of this speaker yet")
    expect(section).to_contain_text(first_voice().quality.reasons[0].detail)  # type: ignore[union-attr]
    expect(section).to_contain_text("112 Hz")
    for missing in ("semitones", "Signal to noise", "Voice quality", "What carried the label", "null", "NaN"):
        expect(section).not_to_contain_text(missing)


def test_voice_is_described_when_its_report_is_older_than_its_measures(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    assessment_id = state.add("video", status="partially_succeeded")["id"]

    def as_stored_before(route: Route) -> None:
        report = route.fetch().json()
        kept = ("speech_s", "speech_share", "segments", "sample_rate_hz")
        measured = report["modalities"]["audio"]["voice"]
        report["modalities"]["audio"]["voice"] = {name: measured[name] for name in kept}
        route.fulfill(json=report)

    visit.page.route("**/report", as_stored_before)
    visit.report(assessment_id)
    section = visit.page.get_by_role("region", name="Your voice")
    expect(section).to_contain_text("47.9 s in 11 stretches")
    expect(section.locator(".tile")).to_have_count(1)
    expect(section.get_by_role("heading")).to_have_text(["Your voice", "How it was recorded"])


def test_a_label_is_explained_by_picture_words_and_table_when_it_has_a_map(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state, viewport={"width": 320, "height": 700})
    visit.report(state.add("video")["id"])
    figures = visit.page.locator(".salience")
    maps = voice().voice.salience  # type: ignore[union-attr]
    assert figures.count() == len(maps) == 2
    for figure, shown in zip(figures.all(), maps, strict=True):
        picture = figure.get_by_role("img")
        assert shown.summary
        assert shown.summary in (picture.get_attribute("aria-label") or "")
        expect(figure.locator("figcaption")).to_have_text(shown.summary)
        expect(picture.locator("rect[fill-opacity]")).to_have_count(8 * 12)
        assert {"8,000", "Hz", "seconds"} <= set(picture.locator("text").all_text_contents())
        signed = sum(abs(value) >= 0.5 for row in shown.relevance for value in row)
        expect(picture.locator(".sign")).to_have_count(signed)
        figure.locator("summary").focus()
        visit.page.keyboard.press("Enter")
        visit.page.keyboard.press("Tab")
        table = figure.get_by_role("region", name="regions by strength")
        expect(table).to_be_focused()
        told = [value for row in shown.relevance for value in row if abs(value) >= 0.1]
        expect(table.get_by_role("row")).to_have_count(len(told) + 1)
        expect(table.get_by_role("row").nth(1)).to_contain_text("100%")
        overflow = table.evaluate("node => node.scrollWidth - node.clientWidth")
        assert overflow <= 0
    assert accessibility_faults(visit.page) == []


@pytest.mark.parametrize("start_s", [0.0, 31.5, 58.9, 3541.3])
def test_axis_of_a_map_stays_legible_when_it_is_short_or_late(open_page: Open, start_s: float) -> None:
    state = FakeGateway()
    visit = open_page(state, viewport={"width": 320, "height": 700})
    full = salience(EMOTIONS[3], start_s=start_s, seed=5).model_dump(mode="json")

    def of_any_length(route: Route) -> None:
        report = route.fetch().json()
        report["modalities"]["audio"]["voice"]["salience"] = [
            full
            | {
                "end_s": start_s + 0.24 * slots,
                "relevance": [row[:slots] + row[: max(0, slots - 12)] for row in full["relevance"]],
            }
            for slots in (1, 2, 3, 5, 7, 8, 11, 13)
        ]
        route.fulfill(json=report)

    visit.page.route("**/report", of_any_length)
    visit.report(state.add("video")["id"])
    expect(visit.page.locator(".salience-frame svg")).to_have_count(8)
    assert accessibility_faults(visit.page) == []


def test_face_is_described_with_units_and_reasons_when_it_was_measured(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("video")["id"])
    section = visit.page.get_by_role("region", name="Your face", exact=True)
    for words in (
        *("measured in 1,664 of 1,752 frames looked at", "95% · 1,664", "2% · 41", "3,504 frames decoded"),
        *("1,750 not looked at", "2 unreadable", "9.6 / min", "9 in all, 181 ms each on average"),
        *("of 274 looks, roughly", "23%", "varies by 0.09", "to your right, varies by 5°"),
        *("The eyes: 2° to your right (varies by 9°), 5° down (varies by 6°).", "Faces that were followed"),
    ):
        expect(section).to_contain_text(words)
    expect(section).not_to_contain_text("Too dark")
    rows = section.get_by_role("region", name="Faces that were followed").get_by_role("row")
    expect(rows).to_have_text(
        [
            "FaceSeenFramesSizeBlinks",
            "1, you0:00 to 0:5896%212 px9",
            "20:00 to 0:5891%41 px0",
            "30:21 to 0:255%78 px–",
        ]
    )
    expect(section.get_by_role("img", name="The head: 6° to your right")).to_be_visible()
    blinks = visit.page.locator(".timeline .blink")
    expect(blinks).to_have_count(9)
    expect(blinks.first.locator("title")).to_have_text("Blink, 0:03.1, 180 ms")
    assert "9 blinks" in (visit.page.locator(".timeline svg").get_attribute("aria-label") or "")
    expect(section.get_by_text("not validated")).to_be_hidden()
    section.locator("summary").focus()
    visit.page.keyboard.press("Enter")
    expect(section.get_by_text("not validated")).to_be_visible()
    for missing in ("null", "NaN", "undefined", "Infinity"):
        expect(section).not_to_contain_text(missing)


def test_face_is_explained_by_drawing_bars_and_words_when_it_has_maps(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state, viewport={"width": 320, "height": 700})
    visit.report(state.add("video")["id"])
    maps = face().face.activations  # type: ignore[union-attr]
    figures = visit.page.locator(".activation")
    assert figures.count() == len(maps) == 3
    for shown, figure in zip(maps, figures.all(), strict=True):
        picture = figure.get_by_role("img")
        assert shown.summary
        assert shown.summary in (picture.get_attribute("aria-label") or "")
        expect(figure.locator("figcaption")).to_have_text(shown.summary)
        expect(figure.locator(".share-bars li")).to_have_count(8)
        strength = [float(o.get_attribute("fill-opacity") or "nan") for o in picture.locator("rect").all()]
        assert len(strength) == sum(share > 0 for row in shown.grid for share in row)
        assert max(strength) == pytest.approx(0.75)
    assert visit.page.locator("main image, main img, main canvas").count() == 0
    assert accessibility_faults(visit.page) == []


def test_face_is_described_when_its_report_is_older_than_its_measures(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    new = {"frames", "blink_observed_s", "blink_duration_mean_s", "gaze", "mouth_openness_mean"}
    new |= {"mouth_openness_sd", "smile_share", "emotions_from_rest", "faces", "activations"}

    def as_stored_before(route: Route) -> None:
        report = route.fetch().json()
        measured = earlier_face().model_dump(mode="json")["face"]
        report["modalities"]["video"]["face"] = {name: measured[name] for name in measured if name not in new}
        route.fulfill(json=report)

    visit.page.route("**/report", as_stored_before)
    visit.report(state.add("video")["id"])
    section = visit.page.get_by_role("region", name="Your face", exact=True)
    expect(section).to_contain_text("of 292 frames looked at")
    expect(section).to_contain_text("9.6 / min")
    expect(section.get_by_role("heading")).to_have_text(["Your face", "Where the head pointed"])
    for missing in ("null", "NaN", "undefined", "Infinity", "decoded"):
        expect(section).not_to_contain_text(missing)
    assert accessibility_faults(visit.page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_features_of_the_drawn_face_are_seen_on_every_colour(open_page: Open, scheme: str) -> None:
    visit = open_page(color_scheme=scheme)
    visit.home()
    maps = [activation(label, FaceRegion.MOUTH, time_s=1.0).model_dump(mode="json") for label in EMOTIONS]
    painted = visit.page.evaluate(
        """async (maps) => {
          const { activationFigures } = await import('/assets/report/activation.js');
          document.querySelector('main').replaceChildren(...activationFigures(maps).slice(-1));
          return [...document.querySelectorAll('.activation-face')].map((face) => {
            const style = (path) => getComputedStyle(face.querySelector(path));
            const [halo, line] = [style('.halo path'), style('.features path')];
            return { halo: halo.stroke, line: line.stroke, hue: style('.heat rect').fill,
              room: parseFloat(halo.strokeWidth) - parseFloat(line.strokeWidth) };
          });
        }""",
        maps,
    )
    assert len({face["hue"] for face in painted}) == len(EMOTIONS)
    for colours in painted:
        assert len({colours["halo"], colours["line"], colours["hue"]}) == 3
        assert colours["room"] >= 1.5


def test_report_says_why_when_there_is_no_comparison(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("text")["id"])
    expect(visit.page.get_by_text("No comparison yet.")).to_be_visible()
    expect(visit.page.get_by_text("Only 3 other people have answered this question")).to_be_visible()


def test_public_recordings_are_shown_with_their_source_when_too_few_others_answered(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("audio")["id"])
    beside = visit.page.get_by_role("region", name="Beside others")
    expect(beside).to_contain_text("Only 3 other people have answered this question")
    expect(beside.get_by_role("heading", name="Actors: 28 people")).to_be_visible()
    expect(beside).to_contain_text("With 28 people this is rough: about 19 of 100 either way.")
    expect(beside).to_contain_text("They read sentences in eight ways.")
    expect(beside.locator(".standings li", has_text="Happy")).to_contain_text("of 100")


def test_wider_groups_are_told_by_keyboard_when_they_exist(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("video")["id"])
    beside = visit.page.get_by_role("region", name="Beside others")
    expect(beside).to_contain_text("34 other people so far.")
    beside.get_by_text("Beside wider groups").focus()
    visit.page.keyboard.press("Enter")
    groups = beside.get_by_role("region", name="Place of each score in wider groups")
    expect(groups.get_by_role("columnheader", name="Same role: nurse")).to_be_visible()
    expect(groups.get_by_role("row", name="Happy")).to_contain_text("of 100 (34)")


def test_report_names_the_fault_when_a_channel_failed(open_page: Open) -> None:
    state = FakeGateway()
    visit = open_page(state)
    visit.report(state.add("video", status="partially_succeeded")["id"])
    expect(visit.page.get_by_role("complementary", name="Not analysed")).to_contain_text("No face was seen")


def test_interview_is_answered_question_by_question_when_there_is_only_a_keyboard(open_page: Open) -> None:
    visit = open_page(FakeGateway(candidate_only=True), viewport={"width": 360, "height": 740})
    visit.home()
    page = visit.page
    page.get_by_role("link", name="Practise several questions in a row").press("Enter")
    page.get_by_label(QUESTIONS[1]).press("Space")
    assert page.get_by_role("checkbox", checked=True).count() == 2
    page.get_by_role("button", name="Begin").press("Enter")
    for number, question in ((1, QUESTIONS[0]), (2, QUESTIONS[2])):
        expect(page.get_by_text(f"Question {number} of 2", exact=True)).to_be_visible()
        expect(page.locator("#next-title")).to_have_text(question)
        page.get_by_label("Upload a file").press("ArrowRight")
        page.get_by_label("Your answer in your own words").fill("I learnt it by teaching it.")
        page.get_by_role("button", name="Analyse my answer").press("Enter")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("#announcer")).to_have_text("Handed in. That was the last question.")
    assert visit.state.last_form["interview"] == "int_001"
    expect(page.get_by_text("From the answers to 2 of 2 questions.")).to_be_visible()
    expect(page.locator(".report-meta .state")).to_have_text("Answered")
    whole = page.get_by_role("region", name="All answers together")
    expect(whole.get_by_text("compared with question by question")).to_be_visible()
    page.get_by_role("button", name=f"Answer again: {QUESTIONS[0]}").press("Enter")
    expect(page.locator("#next-title")).to_be_focused()
    page.get_by_role("link", name=f"Report: {QUESTIONS[0]}").press("Enter")
    expect(page.get_by_role("heading", name="What this rests on")).to_be_visible()


def test_interview_shows_each_answer_beside_the_whole(open_page: Open) -> None:
    state = FakeGateway()
    interview = state.add_interview(["q_0", "q_1", "q_3"])
    state.answer(interview, 0, "audio")
    state.answer(interview, 0, "video")
    state.answer(interview, 1, "video", status="partially_succeeded")
    visit = open_page(state)
    visit.home()
    visit.page.get_by_role("link", name="Interview of").click()
    rows = visit.page.get_by_role("region", name="Question by question").locator(".asked-question")
    expect(rows).to_have_count(3)
    expect(rows.nth(0).get_by_role("link")).to_have_text(["Its own report", "Earlier answer"])
    expect(rows.nth(0).locator(".strip span")).to_have_count(len(EMOTIONS))
    expect(rows.nth(0)).to_contain_text("of speech")
    expect(rows.nth(0)).to_contain_text("Percentiles beside others who answered this question")
    expect(rows.nth(1)).to_contain_text("No face was seen")
    expect(rows.nth(2).get_by_role("button")).to_have_text("Answer this question")
    expect(rows.nth(2)).to_contain_text(HOSTILE)
    whole = visit.page.get_by_role("region", name="All answers together")
    expect(whole.locator(".spread-tick")).to_have_count(2 * (len(EMOTIONS) + len(TRAITS)))
    for missing in ("null", "NaN", "undefined"):
        expect(visit.page.locator("main")).not_to_contain_text(missing)
    visit.page.get_by_role("button", name="Delete this interview").click()
    visit.page.get_by_role("button", name="Delete", exact=True).click()
    expect(visit.page.get_by_role("heading", name="Practise an answer")).to_be_visible()
    assert state.interviews == {}


def with_every_kind_of_answer() -> FakeGateway:
    """Return a stand-in with an answer of each kind, one being analysed, and an interview."""
    state = FakeGateway(step_s=30)
    for kind in ("text", "audio", "video"):
        state.add(kind)
    state.add("video", status="partially_succeeded")
    state.add("video", status="queued")
    interview = state.add_interview(["q_0", "q_1", "q_2", "q_3"])
    for place, kind in enumerate(("video", "audio", "text")):
        state.answer(interview, place, kind)
    return state


def every_view(visit: Visit) -> Iterator[str]:
    """Open one view after the other, with everything in it unfolded; yield its name."""
    page = visit.page
    page.goto(visit.address)
    expect(page.get_by_label("Access key", exact=True)).to_be_visible()
    yield "key"
    visit.home()
    page.get_by_role("button", name="Choose another question").click()
    yield "home"
    page.get_by_label("Write it", exact=True).check()
    page.get_by_role("button", name="Analyse my answer").click()
    expect(page.get_by_role("alert")).to_be_visible()
    yield "home with a problem"
    for assessment_id in ("asm_001", "asm_002", "asm_003", "asm_004"):
        visit.report(assessment_id)
        for summary in page.locator("summary").all():
            summary.click()
        yield f"report of {assessment_id}"
    page.get_by_role("button", name="Delete this answer").click()
    yield "question before erasing"
    page.get_by_role("button", name="Keep it").click()
    page.goto(f"{visit.address}/#/interviews/new")
    expect(page.get_by_role("button", name="Begin")).to_be_visible()
    yield "new interview"
    page.goto(f"{visit.address}/#/interviews/{next(iter(visit.state.interviews))}")
    expect(page.get_by_role("heading", name="Question by question")).to_be_visible()
    yield "interview"
    page.goto(f"{visit.address}/#/answers/asm_005")
    expect(page.get_by_role("progressbar", name="Voice: progress")).to_be_visible()
    yield "progress"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_no_accessibility_fault_is_found_when_any_view_is_open(
    open_page: Open, scheme: str, width: int
) -> None:
    viewport = {"width": width, "height": 740}
    visit = open_page(with_every_kind_of_answer(), viewport=viewport, color_scheme=scheme)
    for view in every_view(visit):
        assert accessibility_faults(visit.page) == [], view


WIDE_FONT = """
@font-face {
  font-family: "Wide"; font-weight: 100 900; size-adjust: 125%;
  src: url("fonts/public-sans-latin-5.3.0.woff2") format("woff2");
}
:root { --sans: Wide !important; --serif: Wide !important; }
"""
"""A quarter wider than the page's own: wider than DejaVu and Verdana, which a machine may fall back to."""
TEXT_SPACING = """
* { letter-spacing: .12em !important; word-spacing: .16em !important; line-height: 1.5 !important; }
p { margin-bottom: 2em !important; }
"""
"""What WCAG 2.2 lets a reader set, 1.4.12."""


def add_to_style(page: Page, style: str) -> None:
    """Serve the page's style sheet with `style` at its end; nothing else passes the page's policy."""

    def restyled(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text() + style)

    page.route("**/assets/style.css", restyled)


@pytest.mark.parametrize(
    ("style", "width"),
    [(WIDE_FONT, 320), (WIDE_FONT, 1280), (TEXT_SPACING, 320)],
    ids=["wide-font-320", "wide-font-1280", "text-spacing-320"],
)
def test_layout_holds_when_letters_are_wider_than_those_of_the_pages_fonts(
    open_page: Open, style: str, width: int
) -> None:
    visit = open_page(with_every_kind_of_answer(), viewport={"width": width, "height": 740})

    add_to_style(visit.page, style)
    for view in every_view(visit):
        assert accessibility_faults(visit.page) == [], view


@pytest.mark.parametrize(
    "style", ["", WIDE_FONT, TEXT_SPACING], ids=["own-fonts", "wide-font", "text-spacing"]
)
def test_catalogue_of_problems_holds_when_letters_are_wider_than_those_of_the_pages_fonts(
    browser: Browser, style: str
) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 740})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))

    add_to_style(page, style)
    with serving(create_app(GatewaySettings(), CommonSettings())) as address:
        page.goto(f"{address}/errors")
        for summary in page.locator("summary").all()[:5]:
            summary.click()
        assert accessibility_faults(page) == []
        assert page.evaluate("[...document.fonts].some((font) => font.status === 'loaded')")
        page.close()
    assert complaints == []


def test_recording_becomes_a_report_when_everything_is_real(
    browser: Browser, installation: Installation, corpora: Path
) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{installation.address}/#key={installation.key}")
    page.set_input_files("#file", corpora / "clips" / "grid_bbaf2n.mpg")
    page.get_by_role("button", name="Analyse my answer").click()
    expect(page.get_by_role("heading", name="How you came across")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("Voice and face agree to").first).to_be_visible()
    expect(page.locator(".timeline rect").first).to_be_visible()
    beside = page.get_by_role("region", name="Beside others")
    expect(beside.get_by_role("heading", name="GRID: 10 people")).to_be_visible()
    expect(page.locator(".report-meta .state")).to_have_text("Partly complete")
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Delete this answer").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="Practise an answer")).to_be_visible()
    context.close()
    assert complaints == []


def test_accessibility_checks_find_faults_when_there_are_some(open_page: Open) -> None:
    visit = open_page()
    visit.home()
    visit.page.evaluate(
        """() => {
          const main = document.querySelector('main');
          const faint = Object.assign(document.createElement('p'), {textContent: 'faint', id: 'main'});
          faint.style.color = '#dddddd';
          main.append(faint, document.createElement('button'), document.createElement('input'));
          main.append(document.createElement('h5'));
          main.lastChild.textContent = 'deep';
          const wide = document.createElement('div');
          wide.style.width = '3000px';
          wide.textContent = 'wide';
          main.append(wide);
          const narrow = document.createElement('p');
          narrow.style.width = '2rem';
          narrow.textContent = 'unbreakable';
          main.append(narrow);
          const within = (parent, tag, attributes, text = '') => {
            const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
            for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
            node.textContent = text;
            return parent.appendChild(node);
          };
          const picture = within(main, 'svg', {role: 'img', 'aria-label': 'axis', width: 100, height: 40});
          const axis = within(picture, 'g', {class: 'tick'});
          within(axis, 'text', {x: 10, y: 20}, 'first');
          within(axis, 'text', {x: 15, y: 20}, 'second');
          within(picture, 'text', {x: 90, y: 20}, 'beyond the edge');
        }"""
    )
    faults = " ".join(accessibility_faults(visit.page))
    for expected in (
        "contrast",
        "no name: button",
        "no name: input",
        "twice: main",
        "skips",
        "wider",
        "spills",
        "overlap",
        "cut off",
    ):
        assert expected in faults


def test_events_are_read_when_they_arrive_in_pieces(open_page: Open) -> None:
    visit = open_page()
    visit.home()
    events = visit.page.evaluate(
        """async () => {
          const { readEvents } = await import('/assets/lib/sse.js');
          const bytes = new TextEncoder().encode(
            ': hi\\r\\nid: 7\\r\\nevent: status\\r\\ndata: {"a":\\r\\ndata: "\\u00e9"}\\r\\n\\r\\n' +
            'data:x\\n\\nevent: cut\\ndata: off');
          const stream = new ReadableStream({
            start(controller) {
              for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
              controller.close();
            },
          });
          const events = [];
          for await (const event of readEvents(stream)) events.push(event);
          return events;
        }"""
    )
    assert events == [
        {"id": "7", "event": "status", "data": '{"a":\n"é"}'},
        {"id": "7", "event": "message", "data": "x"},
    ]
