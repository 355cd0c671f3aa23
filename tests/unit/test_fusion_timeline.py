"""Voice, face and words on one clock."""

import pytest

from fusion.timeline import agreement_words, align, sentences_of
from services.common.contracts.labels import EMOTIONS, Emotion, Modality, ModalityStatus
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import ErrorCode, ModalityResult, TimelineSegment
from services.common.contracts.text import SpokenWord, Transcript


def lean(label: Emotion) -> dict[Emotion, float]:
    return {each: 0.82 if each is label else 0.03 for each in EMOTIONS}


def channel(modality: Modality, labels: list[Emotion | None], *, step_s: float = 1.0) -> ModalityResult:
    segments = [
        TimelineSegment(
            start_s=at * step_s, end_s=(at + 1) * step_s, label=label, confidence=0.82, emotions=lean(label)
        )
        for at, label in enumerate(labels)
        if label is not None
    ]
    return ModalityResult(modality=modality, status=ModalityStatus.SUCCEEDED, timeline=segments)


def both(voice: list[Emotion | None], face: list[Emotion | None]) -> dict[Modality, ModalityResult]:
    return {
        Modality.AUDIO: channel(Modality.AUDIO, voice),
        Modality.VIDEO: channel(Modality.VIDEO, face),
    }


H, N, S = Emotion.HAPPY, Emotion.NEUTRAL, Emotion.SAD
COURSE: list[Emotion | None] = [H, H, N, N, N, S, S, N, H, N, N, S, H, H, N, N]


def test_agreement_is_above_chance_when_voice_and_face_move_together() -> None:
    timeline = align(both(COURSE, COURSE))
    assert timeline is not None
    assert timeline.congruence_mean == 1.0
    assert timeline.congruence_by_chance is not None
    assert timeline.congruence_by_chance < 0.75
    assert timeline.above_chance == 1.0
    assert timeline.partings == []


def test_agreement_is_that_of_chance_when_both_stay_the_same_throughout() -> None:
    timeline = align(both([H] * 20, [H] * 20))
    assert timeline is not None
    assert timeline.congruence_mean == timeline.congruence_by_chance == 1.0
    assert timeline.above_chance == 0.5


def test_parting_has_its_place_and_labels_when_the_face_does_something_else() -> None:
    face = list(COURSE)
    face[5:7] = [H, H]
    timeline = align(both(COURSE, face))
    assert timeline is not None
    [parting] = timeline.partings
    assert (parting.start_s, parting.end_s, parting.voice, parting.face) == (5.0, 7.0, S, H)
    assert parting.congruence < 0.4


def test_nothing_is_said_of_chance_when_the_answer_is_short() -> None:
    timeline = align(both(COURSE[:6], [S] * 6))
    assert timeline is not None
    assert timeline.congruence_mean is not None
    assert timeline.congruence_by_chance is None
    assert timeline.above_chance is None
    assert timeline.partings == []
    assert timeline.summary is not None
    assert "too short to say" in timeline.summary


def test_steps_are_empty_where_a_channel_is_silent() -> None:
    timeline = align(both([H, None, H], [None, None, H]))
    assert timeline is not None
    voices, faces = (
        [getattr(step, side) is not None for step in timeline.steps] for side in ("voice", "face")
    )
    assert (voices, faces) == ([True, False, True], [False, False, True])
    assert [step.congruence for step in timeline.steps] == [None, None, 1.0]


def test_step_is_the_mean_by_time_when_segments_meet_in_it() -> None:
    results = {Modality.AUDIO: channel(Modality.AUDIO, [H, S], step_s=0.75)}
    timeline = align(results)
    assert timeline is not None
    assert timeline.steps[0].voice is not None
    assert timeline.steps[0].voice[EMOTIONS.index(H)] == pytest.approx(0.75 * 0.82 + 0.25 * 0.03, abs=1e-3)
    assert timeline.steps[1].voice is not None
    assert timeline.steps[1].voice[EMOTIONS.index(S)] == pytest.approx(0.82, abs=1e-3)


def test_there_is_no_timeline_when_no_channel_succeeded() -> None:
    failed = ModalityResult(
        modality=Modality.AUDIO,
        status=ModalityStatus.FAILED,
        error_code=ErrorCode.NO_SPEECH,
        reason="Nobody speaks.",
    )
    assert align({Modality.AUDIO: failed}) is None
    assert align({}) is None


def spoken(text: str, *, pause_after: str = "") -> list[SpokenWord]:
    words, at_s = [], 0.0
    for word in text.split():
        words.append(SpokenWord(text=word, start_s=at_s, end_s=at_s + 0.3, probability=0.9))
        at_s += 2.0 if word == pause_after else 0.4
    return words


def test_sentence_ends_at_a_mark_a_pause_or_a_length() -> None:
    texts = [
        [word.text for word in sentence]
        for sentence in sentences_of(spoken("I did. Then we", pause_after="Then"))
    ]
    assert texts == [["I", "did."], ["Then"], ["we"]]
    assert [len(sentence) for sentence in sentences_of(spoken("so " * 45))] == [30, 15]
    assert sentences_of([]) == []


def test_sentence_tells_how_voice_and_face_were_when_it_was_said() -> None:
    words = spoken("We won. Then it was lost")
    transcript = Transcript(
        text="", words=words, duration_s=4.0, model=ModelRef(name="transcriber", version=1)
    )
    text = ModalityResult(modality=Modality.TEXT, status=ModalityStatus.SUCCEEDED, transcript=transcript)
    timeline = align({**both([H, S, S, S], [H, H, H, H]), Modality.TEXT: text})
    assert timeline is not None
    first, second = timeline.sentences
    assert (first.text, first.voice, first.face, first.congruence) == ("We won.", H, H, 1.0)
    assert (second.text, second.voice, second.face) == ("Then it was lost", S, H)


def test_steps_grow_longer_when_the_answer_is_very_long() -> None:
    segments = [
        TimelineSegment(start_s=0.0, end_s=7200.0, label=H, confidence=0.82, emotions=lean(H)),
    ]
    result = ModalityResult(modality=Modality.AUDIO, status=ModalityStatus.SUCCEEDED, timeline=segments)
    timeline = align({Modality.AUDIO: result})
    assert timeline is not None
    assert (timeline.step_s, len(timeline.steps)) == (8.0, 900)


@pytest.mark.parametrize(
    ("mean", "by_chance", "above", "said"),
    [
        (
            0.71,
            0.6,
            0.97,
            "Voice and face agree to 71% on average; chance would give 60%. They move together more",
        ),
        (0.5, 0.6, 0.05, "together less than by chance."),
        (0.6, 0.6, 0.5, "no clear difference"),
        (0.6, None, None, "The answer is too short to say what chance would give."),
    ],
)
def test_no_more_is_said_than_the_comparison_with_chance_allows(
    mean: float, by_chance: float | None, above: float | None, said: str
) -> None:
    assert said in (agreement_words(mean, by_chance, above) or "")


def test_nothing_is_said_when_voice_and_face_never_meet() -> None:
    assert agreement_words(None, None, None) is None
