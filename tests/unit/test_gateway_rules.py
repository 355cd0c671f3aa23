"""The gateway's small rules: identifiers, forms, types, secrets, keys, views, dispatch."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.assessments.dispatch import Work, analyses_of
from gateway.assessments.forms import parse_form
from gateway.assessments.progress_events import EventFeed, follow
from gateway.assessments.repository import StoredAssessment, StoredModality
from gateway.assessments.schemas import AssessmentView
from gateway.assessments.views import assessment_view
from gateway.errors import RefusedError
from gateway.http.fields import printable
from gateway.http.ids import Prefix, id_pattern, new_id
from gateway.settings import DEVELOPMENT_KEY_SECRET, GatewaySettings
from gateway.tenancy.authentication import hash_key
from gateway.uploads.media_types import DOCX, accepted_type
from services.common.contracts.labels import MediaKind, Modality, ModalityStatus
from services.common.contracts.media import MediaRef
from services.common.db.models import Assessment
from services.common.errors import ConfigurationError
from services.common.settings import Environment
from services.common.work.ledger import ModalityProgress
from tests.media_text import zip_entry


def test_ids_sort_by_time_and_fit_their_pattern() -> None:
    import re

    made = []
    for _ in range(5):
        made.append(new_id(Prefix.ASSESSMENT))
        time.sleep(0.002)
    assert made == sorted(made)
    assert all(re.fullmatch(id_pattern(Prefix.ASSESSMENT), one) for one in made)
    assert len({new_id(Prefix.ASSESSMENT) for _ in range(1000)}) == 1000


@given(st.text(max_size=50))
def test_printable_text_is_always_fit_for_the_database(value: str) -> None:
    try:
        kept = printable(value)
    except ValueError:
        return
    assert kept
    assert "\x00" not in kept
    kept.encode("utf-8")


def test_form_takes_the_first_value_and_ignores_blanks() -> None:
    form = parse_form({"candidate": [" c "], "question": ["q_1"], "purpose": [""], "tags": ["", "x", "y"]})
    assert (form.candidate, form.purpose, form.tags) == ("c", "self_practice", ["x", "y"])


def test_form_lists_every_fault_at_once() -> None:
    with pytest.raises(RefusedError) as caught:
        parse_form({"purpose": ["spying"], "candidate": ["a", "b"]})
    assert {error.field for error in caught.value.faults} == {"candidate", "question", "purpose"}


@pytest.mark.parametrize(
    ("head", "kind", "filename", "expected"),
    [
        (b"\x00\x00\x00\x18ftypqt  ", MediaKind.VIDEO, "IMG_1.MP4", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x00webm", MediaKind.AUDIO, "voice.webm", "video/webm"),
        (b"%PDF-1.4", MediaKind.DOCUMENT, None, "application/pdf"),
        (b"words", MediaKind.DOCUMENT, "cv.v2.final", "text/plain"),
        (zip_entry(b"word/document.xml"), MediaKind.DOCUMENT, "CV.DOCX", DOCX),
    ],
)
def test_type_is_accepted_when_bytes_kind_and_name_agree(
    head: bytes, kind: MediaKind, filename: str | None, expected: str
) -> None:
    assert accepted_type(head, kind=kind, filename=filename) == expected


@pytest.mark.parametrize(
    ("head", "kind", "filename", "code"),
    [
        (b"%PDF-1.4", MediaKind.VIDEO, "a.mp4", "media_type_mismatch"),
        (b"%PDF-1.4", MediaKind.VIDEO, "a", "unsupported_media_type"),
        (b"PK\x03\x04", MediaKind.DOCUMENT, "a.docx", "media_type_mismatch"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", MediaKind.DOCUMENT, "a.docx", "unsupported_media_type"),
        (b"{\\rtf1\\ansi", MediaKind.DOCUMENT, "a.rtf", "unsupported_media_type"),
        (b"PK\x03\x04", MediaKind.DOCUMENT, "a.PDF", "media_type_mismatch"),
        (b"fLaC", MediaKind.VIDEO, "a.flac", "unsupported_media_type"),
    ],
)
def test_type_is_refused_when_they_disagree(head: bytes, kind: MediaKind, filename: str, code: str) -> None:
    with pytest.raises(RefusedError) as caught:
        accepted_type(head, kind=kind, filename=filename)
    assert caught.value.code == code


@pytest.mark.parametrize("secret", [DEVELOPMENT_KEY_SECRET, "short", ""])
def test_placeholder_secret_refuses_to_start_in_production(secret: str) -> None:
    settings = GatewaySettings(key_secret=secret)
    settings.refuse_placeholders(Environment.DEVELOPMENT)
    with pytest.raises(ConfigurationError, match="GATEWAY_KEY_SECRET"):
        settings.refuse_placeholders(Environment.PRODUCTION)
    GatewaySettings(key_secret="x" * 32).refuse_placeholders(Environment.PRODUCTION)


def test_key_hash_depends_on_key_and_secret() -> None:
    hashes = {hash_key(key, key_secret=secret) for key in ("a", "b") for secret in ("s", "t")}
    assert len(hashes) == 4
    assert hash_key("a", key_secret="s") in hashes


def media(*kinds: MediaKind) -> list[MediaRef]:
    return [
        MediaRef(kind=kind, key=f"k/{kind}", sha256="0" * 64, size_bytes=1, content_type="x/y")
        for kind in kinds
    ]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([MediaKind.VIDEO], {"text": "k/video", "audio": "k/video", "video": "k/video"}),
        ([MediaKind.VIDEO, MediaKind.AUDIO], {"text": "k/audio", "audio": "k/audio", "video": "k/video"}),
        ([MediaKind.AUDIO, MediaKind.TEXT], {"text": "k/text", "audio": "k/audio"}),
        ([MediaKind.DOCUMENT], {"text": "k/document"}),
    ],
)
def test_each_analysis_gets_the_part_that_suits_it(
    kinds: list[MediaKind], expected: dict[str, str | None]
) -> None:
    tasks = analyses_of(Work(assessment_id="asm_1", tenant_id="ten_1", media=media(*kinds)))
    assert {task.modality: task.media and task.media.key for task in tasks} == expected


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([MediaKind.VIDEO], {"text"}),
        ([MediaKind.AUDIO], {"text"}),
        ([MediaKind.AUDIO, MediaKind.TEXT], set()),
        ([MediaKind.DOCUMENT], set()),
    ],
)
def test_words_are_transcribed_when_they_were_not_written(kinds: list[MediaKind], expected: set[str]) -> None:
    tasks = analyses_of(Work(assessment_id="asm_1", tenant_id="ten_1", media=media(*kinds)))
    assert {task.modality for task in tasks if task.spoken} == expected


def stored(*, state: str = "queued", report_status: str | None = None) -> StoredAssessment:
    row = Assessment(
        id="asm_1",
        tenant_id="ten_1",
        candidate_id="cand_1",
        question_id="q_1",
        purpose="research",
        tags=[],
        media=[],
        refused=[],
        state=state,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    results = [StoredModality("audio", "failed", "no_speech", "Speak up.")] if report_status else []
    return StoredAssessment(row=row, external_id="c", report_status=report_status, results=results)


QUEUED = ModalityProgress(status=ModalityStatus.QUEUED)
RUNNING = ModalityProgress(status=ModalityStatus.RUNNING, share=0.5)


@pytest.mark.parametrize(
    ("row", "progress", "expected"),
    [
        (stored(), {}, "queued"),
        (stored(), {Modality.TEXT: QUEUED}, "queued"),
        (stored(), {Modality.TEXT: RUNNING}, "processing"),
        (stored(state="canceled"), {Modality.TEXT: RUNNING}, "canceled"),
        (stored(state="expired", report_status="succeeded"), {}, "succeeded"),
        (stored(report_status="failed"), {Modality.TEXT: RUNNING}, "failed"),
    ],
)
def test_visible_status_follows_report_then_state_then_work(
    row: StoredAssessment, progress: dict[Modality, ModalityProgress], expected: str
) -> None:
    assert assessment_view(row, progress).status == expected


def test_reported_outcome_replaces_live_progress() -> None:
    view = assessment_view(stored(report_status="failed"), {Modality.AUDIO: RUNNING})
    assert view.modalities[Modality.AUDIO].reason == "Speak up."
    assert set(view.modalities) == {Modality.AUDIO}


class SilentFeed(EventFeed):
    """A feed in which nothing ever comes."""

    def __init__(self) -> None:
        self.asked = 0

    async def latest_id(self) -> str:
        return "5-0"

    async def after(self, cursor: str) -> list[Any]:
        self.asked += 1
        return []


async def collect(feed: EventFeed, views: list[AssessmentView | None], **options: Any) -> list[Any]:
    waiting = iter(views)

    async def snapshot() -> AssessmentView | None:
        return next(waiting)

    return [event async for event in follow(feed, snapshot, **{"last_event_id": None, **options})]


def test_stream_ends_when_postgres_has_the_report_although_the_feed_is_silent() -> None:
    running, done = assessment_view(stored(), {}), assessment_view(stored(report_status="failed"), {})
    events = asyncio.run(collect(SilentFeed(), [running, running, done]))
    assert [event.event for event in events] == ["status", "report"]
    assert events[0].id == "5-0"


def test_stream_ends_when_the_assessment_is_erased_meanwhile() -> None:
    events = asyncio.run(collect(SilentFeed(), [assessment_view(stored(), {}), None]))
    assert [event.event for event in events] == ["status"]


def test_stream_resumes_where_the_client_broke_off() -> None:
    done = assessment_view(stored(report_status="failed"), {})
    events = asyncio.run(collect(SilentFeed(), [done], last_event_id="3-1"))
    assert [event.id for event in events] == ["3-1", "3-1"]
