"""How spoken words flow: rate and hesitations. Pauses are measured on the sound (`prosody`)."""

from collections import Counter
from collections.abc import Sequence

from services.common.contracts.text import Fluency, SpokenWord, WordCount

FILLERS = {
    **dict.fromkeys(("um", "umm", "uhm"), "um"),
    **dict.fromkeys(("uh", "uhh"), "uh"),
    **dict.fromkeys(("er", "erm"), "er"),
    **dict.fromkeys(("hm", "hmm", "mm"), "hmm"),
}
"""Sounds of hesitation by how they may be spelt. `Like`, `you know`, `well` and `so` are not among them:
whether they fill a pause or mean something is not to be told from the word."""
MIN_WORDS = 5
MIN_SPAN_S = 1.5
"""Below either there is no rate."""
_MARKS = ".,;:!?…-–—\"'“”‘’()"


def fluency(words: Sequence[SpokenWord]) -> Fluency:
    """Rate of speech and hesitations of a transcript, from its first word to its last.

    The rate counts words that are no hesitations, and the pauses between them: it is lower than the rate
    of articulation. A transcriber leaves out hesitations, so that their number is a lower bound.

    Args:
        words: in order, with times.

    Returns:
        The counts; rates are None for fewer than `MIN_WORDS` words or less than `MIN_SPAN_S`.
    """
    found = Counter(filler for word in words if (filler := filler_of(word.text)))
    minutes = (words[-1].end_s - words[0].start_s) / 60.0 if words else 0.0
    enough = len(words) >= MIN_WORDS and minutes >= MIN_SPAN_S / 60.0
    return Fluency(
        words_per_minute=round((len(words) - found.total()) / minutes, 1) if enough else None,
        fillers=found.total(),
        fillers_per_minute=round(found.total() / minutes, 2) if enough else None,
        filler_words=[WordCount(term=term, count=count) for term, count in found.most_common()],
    )


def filler_of(word: str) -> str | None:
    """The hesitation that a word is, in one spelling, or None.

    Example:
        >>> filler_of("Umm,"), filler_of("umbrella")
        ('um', None)
    """
    return FILLERS.get(word.strip(_MARKS).lower())
