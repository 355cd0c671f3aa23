"""One text to a `ModalityResult`: read, check, score, explain."""

import time

import numpy as np

from services.common.contracts.labels import TRAITS, Modality, ModalityStatus, Trait
from services.common.contracts.results import ErrorCode, ModalityResult, Notice, Quality
from services.common.contracts.text import TextMeasures, WordCount, WordWeight
from services.common.errors import InputError
from services.common.media import MediaFile, Progress, no_progress
from services.common.serving.client import Predictor
from services.common.serving.registry import TEXT_TRAITS
from services.text.documents import read_document
from services.text.english import STOP_WORDS
from services.text.features import (
    Floats,
    Vocabulary,
    count_sentences,
    english_share,
    frequent_words,
    is_word,
    tokenize,
)
from services.text.settings import TextSettings
from services.text.trait_model import TraitModel, load_trait_model

ENGLISH = "en"
SCORED_ROWS = 64
"""Texts that go to the predictor at once; a row is as wide as the vocabulary."""


def analyze(
    media: MediaFile,
    *,
    predictor: Predictor,
    settings: TextSettings,
    progress: Progress = no_progress,
) -> ModalityResult:
    """Estimate the Big Five traits of whoever wrote a text.

    Args:
        media: typed text, a text file or a PDF.
        predictor: runs `text_traits`.
        settings: limits.
        progress: told 0.3 once the text is read and 1.0 at the end.

    Returns:
        `succeeded`, with traits, measures and quality.

    Raises:
        InputError: the document cannot be read (`documents.read_document` lists the codes), or the text
            is too short (`text_too_short`) or not English (`unsupported_language`).
        TemporaryError: the model is out of reach.
    """
    started = time.monotonic()
    text = read_document(media, settings).text
    tokens = tokenize(text)
    words = [token for token in tokens if is_word(token)]
    _check(words, settings)
    progress(0.3)
    model = load_trait_model(predictor)
    probabilities = predictor.predict(TEXT_TRAITS, model.rows([tokens]))[0]
    result = ModalityResult(
        modality=Modality.TEXT,
        status=ModalityStatus.SUCCEEDED,
        traits={trait: float(p) for trait, p in zip(TRAITS, probabilities, strict=True)},
        quality=_quality(words, model.vocabulary, settings),
        text=TextMeasures(
            words=len(words),
            sentences=count_sentences(text),
            language=ENGLISH,
            frequent_words=[
                WordCount(term=word, count=count)
                for word, count in frequent_words(words, limit=settings.frequent_words)
            ],
            trait_words=trait_words(tokens, model, limit=settings.trait_words),
        ),
        models=[predictor.manifest(TEXT_TRAITS).ref],
        elapsed_s=time.monotonic() - started,
    )
    progress(1.0)
    return result


def _check(words: list[str], settings: TextSettings) -> None:
    """Raise `InputError` for a text that the model cannot say anything about."""
    if len(words) < settings.min_words:
        raise InputError(
            ErrorCode.TEXT_TOO_SHORT,
            f"The text has {len(words)} words; write at least {settings.min_words}.",
        )
    if english_share(words) < settings.min_english_share:
        raise InputError(
            ErrorCode.UNSUPPORTED_LANGUAGE,
            "The text does not read as English, the only language the model knows; answer in English.",
        )


def _quality(words: list[str], vocabulary: Vocabulary, settings: TextSettings) -> Quality:
    """Share of the words that the model knows, and what makes the estimate weak.

    Function words count as known: the commonest are left out of the vocabulary because every text has them.
    """
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
    return Quality(coverage=coverage, reasons=reasons)


def trait_words(tokens: list[str], model: TraitModel, *, limit: int) -> list[WordWeight]:
    """For each trait the words that moved it most, up or down, strongest first."""
    shares = model.contributions(tokens)
    words = [token for token in shares if is_word(token)]
    if not words or limit == 0:
        return []
    table = np.stack([shares[word] for word in words])
    found = []
    for column, trait in enumerate(TRAITS):
        order = np.argsort(-np.abs(table[:, column]), kind="stable")[:limit]
        found += [_word_weight(words[row], trait, table[row, column]) for row in order]
    return found


def _word_weight(word: str, trait: Trait, weight: np.float32) -> WordWeight:
    return WordWeight(term=word, trait=trait, weight=round(float(weight), 6))


def score_texts(texts: list[str], *, predictor: Predictor) -> Floats:
    """Probabilities of many texts, in batches and without any of the checks: for evaluation.

    Args:
        texts: of any length and language.
        predictor: runs `text_traits`.

    Returns:
        Shape `(len(texts), 5)`, float32, 0..1, in the order of `TRAITS`.
    """
    model = load_trait_model(predictor)
    rows = [
        predictor.predict(
            TEXT_TRAITS, model.rows(tokenize(text) for text in texts[start : start + SCORED_ROWS])
        )
        for start in range(0, len(texts), SCORED_ROWS)
    ]
    return np.concatenate(rows) if rows else np.zeros((0, len(TRAITS)), dtype=np.float32)
