"""Purpose × jurisdiction."""

import pytest

from gateway.http.fields import Purpose
from gateway.law.policy import Decision, Jurisdiction, Reader, decide
from services.common.contracts.labels import MediaKind, Modality
from services.common.contracts.media import MediaRef


def test_hiring_in_the_eu_is_text_only() -> None:
    decision = decide(Jurisdiction.EU, Purpose.HIRING)
    assert decision.channels == {Modality.TEXT}
    assert set(decision.refused) == {Modality.AUDIO, Modality.VIDEO}
    assert all("Article 5(1)(f)" in reason for reason in decision.refused.values())
    assert [kind for kind in MediaKind if decision.allows(kind)] == [MediaKind.DOCUMENT, MediaKind.TEXT]


def part(kind: MediaKind) -> MediaRef:
    return MediaRef(kind=kind, key=f"k/{kind}", sha256="0" * 64, size_bytes=1, content_type="x/y")


@pytest.mark.parametrize(
    ("kinds", "kept", "refused"),
    [
        ([MediaKind.VIDEO, MediaKind.TEXT], [MediaKind.TEXT], [Modality.AUDIO, Modality.VIDEO]),
        ([MediaKind.AUDIO, MediaKind.DOCUMENT], [MediaKind.DOCUMENT], [Modality.AUDIO]),
        ([MediaKind.AUDIO, MediaKind.VIDEO], [], [Modality.AUDIO, Modality.VIDEO]),
        ([MediaKind.TEXT], [MediaKind.TEXT], []),
    ],
)
def test_recordings_are_turned_away_when_their_emotions_may_not_be_inferred(
    kinds: list[MediaKind], kept: list[MediaKind], refused: list[Modality]
) -> None:
    admission = decide(Jurisdiction.EU, Purpose.HIRING).admit([part(kind) for kind in kinds])
    assert [found.kind for found in admission.media] == kept
    assert [found.kind for found in admission.turned_away] == [kind for kind in kinds if kind not in kept]
    assert admission.refused == refused


@pytest.mark.parametrize("purpose", [Purpose.SELF_PRACTICE, Purpose.RESEARCH])
def test_every_channel_is_allowed_when_the_eu_purpose_is_not_hiring(purpose: Purpose) -> None:
    assert decide(Jurisdiction.EU, purpose).channels == set(Modality)


@pytest.mark.parametrize("jurisdiction", Jurisdiction)
@pytest.mark.parametrize("purpose", Purpose)
def test_every_channel_is_either_allowed_or_refused_with_a_reason(
    jurisdiction: Jurisdiction, purpose: Purpose
) -> None:
    decision = decide(jurisdiction, purpose)
    assert decision.channels | set(decision.refused) == set(Modality)
    assert not decision.channels & set(decision.refused)
    assert Reader.CANDIDATE in decision.report_readers


def test_practice_is_read_by_the_candidate_alone_when_in_the_eu() -> None:
    readers = {
        jurisdiction: decide(jurisdiction, Purpose.SELF_PRACTICE).report_readers
        for jurisdiction in Jurisdiction
    }
    assert readers.pop(Jurisdiction.EU) == {Reader.CANDIDATE}
    assert all(found == set(Reader) for found in readers.values())


@pytest.mark.parametrize(
    ("jurisdiction", "purpose", "asks"),
    [
        (Jurisdiction.EU, Purpose.SELF_PRACTICE, True),
        (Jurisdiction.US_IL, Purpose.RESEARCH, True),
        (Jurisdiction.US_NY, Purpose.HIRING, True),
        (Jurisdiction.US_NY, Purpose.SELF_PRACTICE, False),
        (Jurisdiction.OTHER, Purpose.HIRING, False),
        (Jurisdiction.UNSPECIFIED, Purpose.HIRING, False),
    ],
)
def test_consent_is_asked_where_the_law_asks(
    jurisdiction: Jurisdiction, purpose: Purpose, asks: bool
) -> None:
    assert decide(jurisdiction, purpose).consent_required is asks


@pytest.mark.parametrize("purpose", Purpose)
def test_fresh_installation_warns_of_emotions_and_not_of_words(purpose: Purpose) -> None:
    decision = decide(Jurisdiction.UNSPECIFIED, purpose)
    assert [notice.code for notice in decision.notices([MediaKind.VIDEO, MediaKind.TEXT])] == [
        "emotion_inference_restricted"
    ]
    assert decision.notices([MediaKind.TEXT]) == []
    assert decision.channels == set(Modality)


def test_notices_of_american_law_come_with_every_kind_of_answer() -> None:
    codes = {
        jurisdiction: [
            notice.code for notice in decide(jurisdiction, Purpose.HIRING).notices([MediaKind.TEXT])
        ]
        for jurisdiction in (Jurisdiction.US_IL, Jurisdiction.US_NY)
    }
    assert codes == {
        Jurisdiction.US_IL: ["illinois_video_interview_act"],
        Jurisdiction.US_NY: ["new_york_local_law_144"],
    }


def test_decision_allows_everything_when_nothing_is_said() -> None:
    assert all(Decision().allows(kind) for kind in MediaKind)
