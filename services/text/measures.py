"""What is measured on any text, whether or not a trait can be estimated from it."""

from collections.abc import Sequence
from typing import Literal

from services.common.contracts.text import TextMeasures, WordCount
from services.text.features import frequent_words
from services.text.language import ENGLISH, UNSPACED, Language
from services.text.word_rates import load_word_rates, with_typical_counts
from services.text.wording import count_sentences, readability, word_shares

Source = Literal["typed", "document", "speech"]

MIN_FOREIGN_LETTERS = 5
"""Letters of a frequent word in a language whose function words are not known here: most are shorter."""


def measure(
    text: str,
    words: Sequence[str],
    *,
    language: Language,
    source: Source,
    pages: int | None,
    frequent: int,
) -> TextMeasures:
    """Measure everything that is counted. Only English has readability, shares of words and typical counts.

    Args:
        text: as written or said.
        words: of it, from `features.tokenize`; in a language that writes without spaces, stretches of text.
        language: of it; where it cannot be told, the text is too short to matter and taken for English.
        source: of it.
        pages: of a document that has any.
        frequent: how many frequent words to list.
    """
    english = language.code in (ENGLISH, None)
    sentences = count_sentences(text)
    return TextMeasures(
        words=len(words),
        sentences=sentences,
        language=language.code,
        language_probability=language.probability,
        source=source,
        pages=pages,
        frequent_words=_frequent(words, language, spoken=source == "speech", limit=frequent),
        readability=readability(words, sentences=sentences) if english else None,
        shares=word_shares(words) if english else None,
    )


def _frequent(words: Sequence[str], language: Language, *, spoken: bool, limit: int) -> list[WordCount]:
    if language.code in UNSPACED:
        return []
    if language.code in (ENGLISH, None):
        counts = frequent_words(words, limit=limit)
        return with_typical_counts(counts, load_word_rates(), words=len(words), spoken=spoken)
    long = [word for word in words if len(word) >= MIN_FOREIGN_LETTERS]
    return [WordCount(term=word, count=count) for word, count in frequent_words(long, limit=limit)]
