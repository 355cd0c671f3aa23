import textwrap
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.common.contracts.labels import TRAITS, MediaKind, Modality, ModalityStatus, Trait
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import ErrorCode, ModalityResult
from services.common.contracts.tasks import Transcription
from services.common.contracts.text import Transcript
from services.common.errors import InputError, TemporaryError
from services.common.media.files import MediaFile
from services.common.serving.registry import TEXT_IMPRESSION, TEXT_TRAITS, Manifest, TensorSpec
from services.text.features import Vocabulary, is_word, tokenize
from services.text.pace import COLUMNS, pace_inputs
from services.text.pipeline import analyze, analyze_transcript, score_texts
from services.text.settings import TextSettings
from services.text.text_model import PACE, TextModel, Widths
from services.text.trait_model import TraitModel, write_assets
from tests.media_text import ENGLISH, make_pdf

GERMAN = "Heute war ein langer Tag und ich habe viel erlebt. "
TERMS = sorted({token for token in tokenize(ENGLISH) if is_word(token)})


def small_model() -> TraitModel:
    """Knows every word of ENGLISH; `boat` speaks for openness, `worry` for neuroticism."""
    weights = np.zeros((len(TERMS) + 1, 5), dtype=np.float32)
    weights[TERMS.index("boat"), TRAITS.index(Trait.OPENNESS)] = 9.0
    weights[TERMS.index("worry"), TRAITS.index(Trait.NEUROTICISM)] = 5.0
    return TraitModel(
        vocabulary=Vocabulary(tokens=TERMS, characters=[], idf=np.ones(len(TERMS), dtype=np.float32)),
        weights=weights,
        offset=np.array([0.0, 0.5, 0.0, 0.0, 0.0], dtype=np.float32),
        half_words=50.0,
        widths=Widths(np.array([30.0, 600.0], np.float32), np.array([[2.0] * 5, [0.5] * 5], np.float32)),
    )


def small_impression() -> TextModel:
    """`boat` and fast speech make a good impression."""
    weights = np.zeros((len(TERMS) + COLUMNS + 1, 6), dtype=np.float32)
    weights[TERMS.index("boat"), -1] = 0.3
    weights[len(TERMS)] = 0.1
    return TextModel(
        vocabulary=Vocabulary(tokens=TERMS, characters=[], idf=np.ones(len(TERMS), dtype=np.float32)),
        weights=weights,
        offset=np.full(6, 0.5, dtype=np.float32),
        half_words=25.0,
        pace_mean=pace_inputs(150.0),
        widths=Widths(np.array([10.0, 40.0], np.float32), np.full((2, 6), 0.3, np.float32)),
    )


class LinearPredictor:
    """Serves both models from memory, and counts how often assets are read."""

    def __init__(self, model: TraitModel) -> None:
        self._models = {TEXT_TRAITS: model, TEXT_IMPRESSION: small_impression()}
        self._assets = {name: write_assets(one) for name, one in self._models.items()}
        self.reads = 0

    def manifest(self, model: str) -> Manifest:
        return Manifest(
            name=model,
            version=3,
            labels=[],
            input=TensorSpec(name="terms", shape=[None, len(self._models[model].weights)]),
            output=TensorSpec(name="scores", shape=[None, len(self._models[model].offset)]),
            created_at=datetime.now(UTC),
            licence="none",
        )

    def asset(self, model: str, name: str) -> bytes:
        self.reads += 1
        return self._assets[model][name]

    def predict(self, model: str, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        sums = batch @ self._models[model].weights + self._models[model].offset
        return sums if model == TEXT_IMPRESSION else 1.0 / (1.0 + np.exp(-sums))


class BrokenPredictor(LinearPredictor):
    def predict(self, model: str, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        raise TemporaryError(ErrorCode.MODEL_UNAVAILABLE, "The model server did not answer.")


def typed(folder: Path, text: str, *, kind: MediaKind = MediaKind.TEXT) -> MediaFile:
    path = folder / "object"
    path.write_text(text, encoding="utf-8")
    return MediaFile(path=path, kind=kind, content_type="text/plain")


def analyzed(media: MediaFile, **settings: float) -> ModalityResult:
    return analyze(media, predictor=LinearPredictor(small_model()), settings=TextSettings(**settings))


def test_result_is_complete_when_english_text_is_typed(tmp_path: Path) -> None:
    result = analyzed(typed(tmp_path, ENGLISH))

    assert (result.modality, result.status) == (Modality.TEXT, ModalityStatus.SUCCEEDED)
    assert [model.name for model in result.models] == [TEXT_TRAITS, TEXT_IMPRESSION]
    assert result.traits is not None
    assert list(result.traits) == list(TRAITS)
    assert result.traits[Trait.OPENNESS] > 0.5
    assert result.traits[Trait.AGREEABLENESS] == pytest.approx(0.5)
    assert result.text is not None
    assert (result.text.words, result.text.sentences, result.text.language) == (81, 4, "en")
    assert result.quality is not None
    assert result.quality.coverage == pytest.approx(1.0)
    assert ModalityResult.model_validate_json(result.model_dump_json()) == result


def test_words_with_most_weight_come_first_when_traits_are_explained(tmp_path: Path) -> None:
    result = analyzed(typed(tmp_path, ENGLISH), trait_words=2)

    assert result.text is not None
    first = {entry.trait: entry for entry in reversed(result.text.trait_words)}
    assert len(result.text.trait_words) == 2 * len(TRAITS)
    assert first[Trait.OPENNESS].term == "boat"
    assert first[Trait.OPENNESS].weight > 0
    assert first[Trait.NEUROTICISM].term == "worry"


def test_pdf_scores_like_its_text_when_the_words_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "object.pdf").write_bytes(make_pdf([textwrap.fill(ENGLISH, 80)]))
    media = MediaFile(path=tmp_path / "object.pdf", kind=MediaKind.DOCUMENT, content_type="application/pdf")

    result = analyzed(media)

    assert result.traits == analyzed(typed(tmp_path, ENGLISH)).traits


def test_progress_rises_to_one_when_analysis_ends(tmp_path: Path) -> None:
    shares: list[float] = []

    analyze(
        typed(tmp_path, ENGLISH),
        predictor=LinearPredictor(small_model()),
        settings=TextSettings(),
        progress=shares.append,
    )

    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize(("text", "code"), [("", ErrorCode.MEDIA_EMPTY), ("   ", ErrorCode.NO_TEXT)])
def test_text_is_refused_when_there_is_none(tmp_path: Path, text: str, code: ErrorCode) -> None:
    with pytest.raises(InputError) as caught:
        analyzed(typed(tmp_path, text))
    assert caught.value.code is code


@pytest.mark.parametrize(
    ("text", "code", "words", "language"),
    [
        ("Too short to say anything about.", ErrorCode.TEXT_TOO_SHORT, 6, "en"),
        ("1 2 3 4 5 ! ? . " * 40, ErrorCode.TEXT_TOO_SHORT, 0, None),
        ("\U0001f600 " * 5, ErrorCode.TEXT_TOO_SHORT, 0, None),
        (GERMAN * 5, ErrorCode.UNSUPPORTED_LANGUAGE, 50, "de"),
        ("asdf qwer zxcv " * 20, ErrorCode.UNSUPPORTED_LANGUAGE, 60, None),
        ("我在一个小团队里工作了两年。我最喜欢的是帮助别人。", ErrorCode.UNSUPPORTED_LANGUAGE, 2, "zh"),
    ],
)
def test_measures_are_kept_when_no_trait_can_be_estimated(
    tmp_path: Path, text: str, code: ErrorCode, words: int, language: str | None
) -> None:
    result = analyzed(typed(tmp_path, text))

    assert (result.status, result.error_code, result.traits) == (ModalityStatus.FAILED, code, None)
    assert result.reason
    assert result.models == []
    assert result.text is not None
    assert (result.text.words, result.text.language, result.text.trait_words) == (words, language, [])
    assert ModalityResult.model_validate_json(result.model_dump_json()) == result


def test_longer_words_are_counted_alone_when_the_language_is_foreign(tmp_path: Path) -> None:
    measures = analyzed(typed(tmp_path, GERMAN * 5)).text

    assert measures is not None
    assert [word.term for word in measures.frequent_words] == ["erlebt", "heute", "langer"]
    assert {word.typical_count for word in measures.frequent_words} == {None}
    assert (measures.readability, measures.shares) == (None, None)


def test_wording_is_measured_when_english_text_is_typed(tmp_path: Path) -> None:
    measures = analyzed(typed(tmp_path, ENGLISH)).text

    assert measures is not None
    assert (measures.source, measures.pages) == ("typed", None)
    assert measures.readability is not None
    assert measures.readability.words_per_sentence == 20.25
    assert measures.shares is not None
    assert measures.shares.first_person_singular == pytest.approx(12 / 81, abs=1e-4)
    assert all(word.typical_count is not None for word in measures.frequent_words)


def spoken(text: str, **fields: object) -> Transcription:
    model = ModelRef(name="transcriber", version=1)
    return Transcription(
        transcript=Transcript.model_validate({"text": text, "duration_s": 30.0, "model": model, **fields})
    )


def analyzed_speech(transcription: Transcription) -> ModalityResult:
    return analyze_transcript(
        transcription, predictor=LinearPredictor(small_model()), settings=TextSettings()
    )


def test_transcript_scores_like_typed_text_when_the_words_are_the_same(tmp_path: Path) -> None:
    transcription = spoken(ENGLISH, language="en")

    result = analyzed_speech(transcription)

    assert result.status is ModalityStatus.SUCCEEDED
    assert result.traits == analyzed(typed(tmp_path, ENGLISH)).traits
    assert result.transcript == transcription.transcript
    assert result.text is not None
    assert result.text.source == "speech"


def test_words_are_compared_with_speech_when_they_were_spoken(tmp_path: Path) -> None:
    text = ENGLISH + " guys" * 3

    def typical(result: ModalityResult) -> float | None:
        assert result.text is not None
        return {word.term: word.typical_count for word in result.text.frequent_words}["guys"]

    said, written = typical(analyzed_speech(spoken(text))), typical(analyzed(typed(tmp_path, text)))
    assert said is not None
    assert written is not None
    assert said > written > 0


@pytest.mark.parametrize(
    ("transcription", "status", "code"),
    [
        (spoken(" "), ModalityStatus.FAILED, ErrorCode.NO_SPEECH),
        (spoken("Only a few words."), ModalityStatus.FAILED, ErrorCode.TEXT_TOO_SHORT),
        (
            spoken(ENGLISH, language="de", language_probability=0.9),
            ModalityStatus.FAILED,
            "unsupported_language",
        ),
        (
            Transcription(error_code=ErrorCode.NO_AUDIO_STREAM, reason="There is no sound."),
            ModalityStatus.FAILED,
            ErrorCode.NO_AUDIO_STREAM,
        ),
        (
            Transcription(error_code=ErrorCode.TRANSCRIPTION_UNAVAILABLE, reason="Not here."),
            ModalityStatus.SKIPPED,
            ErrorCode.TRANSCRIPTION_UNAVAILABLE,
        ),
    ],
    ids=["no words", "few words", "German", "no sound", "not transcribed"],
)
def test_reason_is_handed_on_when_speech_gives_no_traits(
    transcription: Transcription, status: ModalityStatus, code: ErrorCode
) -> None:
    result = analyzed_speech(transcription)

    assert (result.status, result.error_code, result.traits) == (status, code, None)
    assert result.reason
    assert result.transcript == transcription.transcript


def test_notices_are_given_when_text_is_short_and_words_are_unknown(tmp_path: Path) -> None:
    strange = "The quick brown fox would have liked to see what there is behind that old wooden fence. " * 3

    result = analyzed(typed(tmp_path, strange))

    assert result.quality is not None
    assert [notice.code for notice in result.quality.reasons] == [
        "short_text",
        "unknown_words",
        "impression_without_pace",
    ]


def test_intervals_hold_the_probabilities_and_widen_when_text_is_shorter(tmp_path: Path) -> None:
    short, long = (analyzed(typed(tmp_path, text)) for text in (ENGLISH, f"{ENGLISH} " * 5))

    assert short.trait_intervals is not None
    assert long.trait_intervals is not None
    assert short.traits is not None
    for trait, estimate in short.trait_intervals.items():
        assert estimate.low < short.traits[trait] < estimate.high
    widths = [
        result[Trait.AGREEABLENESS].high - result[Trait.AGREEABLENESS].low
        for result in (short.trait_intervals, long.trait_intervals)
    ]
    assert widths[0] > widths[1]


def test_impression_follows_the_pace_when_words_were_spoken(tmp_path: Path) -> None:
    slow, fast = (
        analyzed_speech(spoken(ENGLISH, language="en", fluency={"words_per_minute": rate}))
        for rate in (100.0, 200.0)
    )

    assert slow.impression is not None
    assert fast.impression is not None
    assert fast.impression.interview.value - slow.impression.interview.value == pytest.approx(0.1, abs=1e-5)
    assert fast.impression.interview.low < fast.impression.interview.value
    assert fast.text is not None
    terms = {weight.term for weight in fast.text.impression_words if weight.score == "interview"}
    assert {"boat", PACE} <= terms
    assert fast.quality is not None
    assert "impression_without_pace" not in {notice.code for notice in fast.quality.reasons}


def test_estimates_shrink_towards_the_base_rate_when_text_is_shorter(tmp_path: Path) -> None:
    def certainty(text: str) -> float:
        traits = analyzed(typed(tmp_path, text)).traits
        assert traits is not None
        return traits[Trait.OPENNESS] - 0.5

    assert certainty(ENGLISH) < certainty(f"{ENGLISH} {ENGLISH} {ENGLISH}")


def test_fault_of_the_model_server_passes_through_when_it_is_down(tmp_path: Path) -> None:
    with pytest.raises(TemporaryError):
        analyze(typed(tmp_path, ENGLISH), predictor=BrokenPredictor(small_model()), settings=TextSettings())


def test_assets_are_read_once_when_many_texts_are_analysed(tmp_path: Path) -> None:
    predictor = LinearPredictor(small_model())

    for _ in range(3):
        analyze(typed(tmp_path, ENGLISH), predictor=predictor, settings=TextSettings())

    assert predictor.reads == 4


def test_batch_scores_equal_single_results_when_texts_are_long_enough(tmp_path: Path) -> None:
    texts = [ENGLISH, f"{ENGLISH} {ENGLISH}"] * 40 + [""]

    scores = score_texts(texts, predictor=LinearPredictor(small_model()))

    alone = analyzed(typed(tmp_path, ENGLISH)).traits
    assert alone is not None
    assert scores.shape == (81, 5)
    np.testing.assert_allclose(scores[0], list(alone.values()), atol=1e-6)
    np.testing.assert_allclose(scores[-1], 1 / (1 + np.exp(-small_model().offset)), atol=1e-6)
