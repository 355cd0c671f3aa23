"""How often others use a word: rates in two corpora, counted once by `training/word_rates.py`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.common.contracts.text import WordCount

WORD_RATES_FILE = Path(__file__).with_name("word_rates.json")
"""Beside the code and not among the models: nothing of it is served, and no score depends on it."""

WRITTEN = "essays"
SPOKEN = "first_impressions"
PER = 1_000_000


@dataclass(frozen=True, slots=True)
class WordRates:
    """What words are used how often.

    Attributes:
        per_million: by corpus, then by word, how often in a million words. A word that is not there was used
            by fewer than ten people: less than three times in a hundred thousand words.
    """

    per_million: Mapping[str, Mapping[str, float]]

    def typical_count(self, word: str, *, words: int, spoken: bool) -> float:
        """Return how often a text of `words` words has `word`, on average.

        Args:
            word: in lower case.
            words: of the text.
            spoken: whether it was said (compared with First Impressions) or written (with the essays).
        """
        rate = self.per_million[SPOKEN if spoken else WRITTEN].get(word, 0.0)
        return round(rate * words / PER, 3)


@cache
def load_word_rates() -> WordRates:
    """Load the committed table, read once in a process."""
    return WordRates(json.loads(WORD_RATES_FILE.read_text(encoding="utf-8"))["per_million"])


def with_typical_counts(
    counts: list[tuple[str, int]], rates: WordRates, *, words: int, spoken: bool
) -> list[WordCount]:
    """Put the counts of others beside words and their counts."""
    return [
        WordCount(term=word, count=count, typical_count=rates.typical_count(word, words=words, spoken=spoken))
        for word, count in counts
    ]
