"""Fluency of spoken words: rate and hesitations. Pauses are measured on the sound (`prosody`)."""

from collections import Counter
from collections.abc import Sequence

from services.common.contracts.text import Fluency, SpokenWord, WordCount

FILLERS = {
    **dict.fromkeys(("um", "umm", "uhm"), "um"),
    **dict.fromkeys(("uh", "uhh"), "uh"),
    **dict.fromkeys(("er", "erm"), "er"),
    **dict.fromkeys(("hm", "hmm", "mm"), "hmm"),
}
"""Hesitations by their possible spellings. `Like`, `you know`, `well` and `so` are not among them:
the word alone does not tell whether it fills a pause or means something."""
MIN_WORDS = 5
MIN_SPAN_S = 1.5
"""No rate is given for fewer words or a shorter span."""
_MARKS = ".,;:!?…-–—\"'“”‘’()"


def measure_fluency(words: Sequence[SpokenWord]) -> Fluency:
    """Measure rate of speech and hesitations of a transcript, from its first word to its last.

    The rate counts words that are no hesitations, over a time that includes the pauses: it is lower than the
    rate of articulation. A transcriber leaves out hesitations, so their number is a lower bound.

    Args:
        words: in order, with times.

    Returns:
        The counts; rates are None for fewer than `MIN_WORDS` words or less than `MIN_SPAN_S`.
    """
    found = Counter(filler for word in words if (filler := find_filler(word.text)))
    minutes = (words[-1].end_s - words[0].start_s) / 60.0 if words else 0.0
    enough = len(words) >= MIN_WORDS and minutes >= MIN_SPAN_S / 60.0
    return Fluency(
        words_per_minute=round((len(words) - found.total()) / minutes, 1) if enough else None,
        fillers=found.total(),
        fillers_per_minute=round(found.total() / minutes, 2) if enough else None,
        filler_words=[WordCount(term=term, count=count) for term, count in found.most_common()],
    )


def find_filler(word: str) -> str | None:
    """Return the hesitation that a word is, in one spelling, or None.

    Example:
        >>> find_filler("Umm,"), find_filler("umbrella")
        ('um', None)
    """
    return FILLERS.get(word.strip(_MARKS).lower())
