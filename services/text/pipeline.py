"""One text, written or spoken, to a `ModalityResult`: read, measure, check, score, explain.

A text that no trait can be estimated from (`text_too_short`, `unsupported_language`) gives a result that
failed with that code, as it always did, and keeps what was measured: words, language, transcript. It did not
succeed, because then everyone who reads `traits` of a success would have to expect none, and fusion would
call an answer complete whose traits are missing.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from services.common.contracts.labels import TRAITS, MediaKind, Modality, ModalityStatus, Trait
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import ErrorCode, ModalityResult, Notice, Quality
from services.common.contracts.tasks import Transcription
from services.common.contracts.text import Estimate, Impression, ImpressionWeight, Transcript, WordWeight
from services.common.media.files import MediaFile, Progress, ignore_progress
from services.common.serving.predictor import Predictor
from services.common.serving.registry import TEXT_IMPRESSION, TEXT_TRAITS
from services.text.context import read_context
from services.text.documents import read_document
from services.text.english import STOP_WORDS
from services.text.features import Floats, Vocabulary, english_share, is_word, tokenize
from services.text.impression_model import impression_of, impression_weights, load_impression_model
from services.text.language import ENGLISH, Language, detect_language
from services.text.measures import Source, measure
from services.text.scoring import score_rows
from services.text.settings import TextSettings
from services.text.trait_model import load_trait_model, probability_intervals, trait_weights

NOTHING_TO_TRANSCRIBE = (ErrorCode.NOT_PROVIDED, ErrorCode.TRANSCRIPTION_UNAVAILABLE)
"""Reasons for having no transcript that are nobody's fault: the words are skipped."""


@dataclass(frozen=True, slots=True)
class _Text:
    """Words, and where they came from."""

    text: str
    source: Source
    pages: int | None = None
    transcript: Transcript | None = None


def analyze(
    media: MediaFile,
    *,
    predictor: Predictor,
    settings: TextSettings,
    progress: Progress = ignore_progress,
) -> ModalityResult:
    """Estimate the Big Five traits of whoever wrote a text, and measure how it is put.

    Args:
        media: typed text, a text file, a PDF or a Word document.
        predictor: runs `text_traits`.
        settings: limits.
        progress: told 0.3 once the text is read and 1.0 at the end.

    Returns:
        `succeeded`, with traits, measures and quality; or `failed` with the code `text_too_short` or
        `unsupported_language`, and with the measures.

    Raises:
        InputError: the document cannot be read (`documents.read_document` lists the codes).
        TemporaryError: the model is out of reach.
    """
    started = time.monotonic()
    document = read_document(media, settings)
    progress(0.3)
    source: Source = "typed" if media.kind is MediaKind.TEXT else "document"
    given = _Text(document.text, source, pages=document.pages)
    return _finish(_analyze(given, predictor, settings), started, progress)


def analyze_transcript(
    spoken: Transcription,
    *,
    predictor: Predictor,
    settings: TextSettings,
    progress: Progress = ignore_progress,
) -> ModalityResult:
    """Analyse the words of a spoken answer, which the result keeps with their times.

    Args:
        spoken: what `audio.transcribe` made of the answer.
        predictor: runs `text_traits`.
        settings: limits.
        progress: told 1.0 at the end.

    Returns:
        As `analyze` does. Without a transcript `skipped` where nothing was to be transcribed
        (`not_provided`, `transcription_unavailable`), else `failed`, with the code and reason of `spoken`;
        with a transcript that has no words `failed` with `no_speech`.

    Raises:
        TemporaryError: the model is out of reach.
    """
    started = time.monotonic()
    transcript = spoken.transcript
    if transcript is None:
        result = _without_transcript(spoken)
    elif not transcript.text.strip():
        reason = "No words were heard; speak closer to the microphone and record again."
        result = _failed(ErrorCode.NO_SPEECH, reason).model_copy(update={"transcript": transcript})
    else:
        result = _analyze(_Text(transcript.text, "speech", transcript=transcript), predictor, settings)
    return _finish(result, started, progress)


def _finish(result: ModalityResult, started: float, progress: Progress) -> ModalityResult:
    progress(1.0)
    return result.model_copy(update={"elapsed_s": time.monotonic() - started})


def _failed(code: ErrorCode, reason: str) -> ModalityResult:
    return ModalityResult(
        modality=Modality.TEXT, status=ModalityStatus.FAILED, error_code=code, reason=reason
    )


def _without_transcript(spoken: Transcription) -> ModalityResult:
    code = spoken.error_code or ErrorCode.INTERNAL
    skipped = code in NOTHING_TO_TRANSCRIBE
    return ModalityResult(
        modality=Modality.TEXT,
        status=ModalityStatus.SKIPPED if skipped else ModalityStatus.FAILED,
        error_code=code,
        reason=spoken.reason,
    )


def _analyze(given: _Text, predictor: Predictor, settings: TextSettings) -> ModalityResult:
    """Measure, and score what can be scored."""
    tokens = tokenize(given.text)
    words = [token for token in tokens if is_word(token)]
    language = _language(given)
    measures = measure(
        given.text,
        words,
        language=language,
        source=given.source,
        pages=given.pages,
        frequent=settings.frequent_words,
    )
    refusal = _refusal(words, language, settings)
    if refusal is not None:
        result = _failed(*refusal)
        return result.model_copy(update={"text": measures, "transcript": given.transcript})
    scores = _scores(given, tokens, predictor, settings)
    return ModalityResult(
        modality=Modality.TEXT,
        status=ModalityStatus.SUCCEEDED,
        traits=scores.traits,
        trait_intervals=scores.intervals,
        impression=scores.impression,
        quality=scores.quality,
        text=measures.model_copy(
            update={"trait_words": scores.trait_words, "impression_words": scores.impression_words}
        ),
        transcript=given.transcript,
        models=scores.models,
    )


def _language(given: _Text) -> Language:
    """Return the language as heard, where the transcriber could choose between languages; else as read."""
    transcript = given.transcript
    if transcript is not None and transcript.language and transcript.language_probability is not None:
        return Language(transcript.language, transcript.language_probability)
    return detect_language(given.text)


def _refusal(words: list[str], language: Language, settings: TextSettings) -> tuple[ErrorCode, str] | None:
    """Return why the model cannot say anything about a text, None where it can.

    The language comes first: in one that writes without spaces, words cannot be counted.
    """
    enough = len(words) >= settings.min_words
    untold = language.code is None and english_share(words) < settings.min_english_share
    if language.code not in (ENGLISH, None) or (enough and untold):
        return (
            ErrorCode.UNSUPPORTED_LANGUAGE,
            "The text does not read as English, the only language the model knows; answer in English.",
        )
    if not enough:
        return (
            ErrorCode.TEXT_TOO_SHORT,
            f"The text has {len(words)} words; write at least {settings.min_words}.",
        )
    return None


@dataclass(frozen=True, slots=True)
class _Scores:
    """What the served models say about a text."""

    traits: dict[Trait, float]
    intervals: dict[Trait, Estimate] | None
    trait_words: list[WordWeight]
    impression: Impression
    impression_words: list[ImpressionWeight]
    quality: Quality
    models: list[ModelRef]


def _scores(given: _Text, tokens: list[str], predictor: Predictor, settings: TextSettings) -> _Scores:
    """Ask the models; nothing else does."""
    traits, impression = load_trait_model(predictor), load_impression_model(predictor)
    rate = None if given.transcript is None else given.transcript.fluency.words_per_minute
    context = None
    if traits.reads_context or impression.reads_context:
        context = read_context(tokens, predictor)
    read = [None if context is None else context.mean]
    probabilities = predictor.predict(TEXT_TRAITS, traits.rows([tokens], contexts=read))[0]
    scores = predictor.predict(TEXT_IMPRESSION, impression.rows([tokens], rates=[rate], contexts=read))[0]
    return _Scores(
        traits={trait: float(p) for trait, p in zip(TRAITS, probabilities, strict=True)},
        intervals=probability_intervals(probabilities, tokens, traits),
        trait_words=trait_weights(tokens, traits, limit=settings.trait_words, context=context),
        impression=impression_of(scores, tokens, impression),
        impression_words=impression_weights(
            tokens, impression, words_per_minute=rate, limit=settings.trait_words, context=context
        ),
        quality=_quality(tokens, traits.vocabulary, settings, paced=rate is not None),
        models=[predictor.manifest(name).ref for name in (TEXT_TRAITS, TEXT_IMPRESSION)],
    )


def _quality(tokens: list[str], vocabulary: Vocabulary, settings: TextSettings, *, paced: bool) -> Quality:
    """Return the share of the words that the model knows, and what makes the estimates weak.

    Function words count as known: the commonest are left out of the vocabulary because every text has them.
    """
    words = [token for token in tokens if is_word(token)]
    coverage = sum(vocabulary.knows(word) or word in STOP_WORDS for word in words) / len(words)
    reasons = []
    if len(words) < settings.reliable_words:
        reasons.append(
            Notice(
                code="short_text",
                detail=f"Below {settings.reliable_words} words the estimates are little better than chance.",
            )
        )
    if coverage < settings.min_coverage:
        reasons.append(
            Notice(code="unknown_words", detail=f"The model knows only {coverage:.0%} of the words.")
        )
    if not paced:
        reasons.append(
            Notice(
                code="impression_without_pace",
                detail="The pace of speech is not known; words alone hardly tell how somebody comes across.",
            )
        )
    return Quality(coverage=coverage, reasons=reasons)


def score_texts(
    texts: list[str], *, predictor: Predictor, contexts: Sequence[Floats | None] | None = None
) -> Floats:
    """Score many texts in batches and without any of the checks: for evaluation.

    Args:
        texts: of any length and language.
        predictor: runs `text_traits`.
        contexts: from `read_contexts`, where they are at hand already.

    Returns:
        Shape `(len(texts), 5)`, float32, 0..1, in the order of `TRAITS`.
    """
    tokens = [tokenize(text) for text in texts]
    return score_rows(TEXT_TRAITS, tokens, predictor=predictor, contexts=contexts)
