"""Lines of a readable transcript."""

from collections.abc import Sequence

from services.common.contracts.text import SpokenWord

PAUSE_S = 0.9
MAX_WORDS = 28
SENTENCE_WORDS = 9
"""A line this long ends with its sentence."""


def find_line_starts(words: Sequence[SpokenWord]) -> list[int]:
    """Return the index of the first word of each line: after a pause, or where a line has grown long.

    Args:
        words: of a transcript, in order, with times.
    """
    starts: list[int] = []
    for number, word in enumerate(words):
        if not starts or _is_over(words[starts[-1] : number], word):
            starts.append(number)
    return starts


def _is_over(line: Sequence[SpokenWord], following: SpokenWord) -> bool:
    last = line[-1]
    sentence = len(line) >= SENTENCE_WORDS and last.text.endswith((".", "!", "?"))
    return following.start_s - last.end_s >= PAUSE_S or len(line) >= MAX_WORDS or sentence
