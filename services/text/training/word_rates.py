"""Count how often people use a word: `python -m services.text.training.word_rates --data ../shared/data`.

Writes `services/text/word_rates.json`. A word is listed in a corpus if at least `MIN_PEOPLE` people used it,
so that no name or slip of one person is; function words are left out, because no result lists them.
"""

import argparse
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from services.text.english import STOP_WORDS
from services.text.features import is_word, tokenize
from services.text.training.dataset import ESSAYS, FIRST_IMPRESSIONS, Corpus, load_corpus
from services.text.word_rates import PER, WORD_RATES_FILE

MIN_PEOPLE = 10
DIGITS = 2
_REMARK = re.compile(r"\[[^\]]*\]|\(affirmative\)")
"""What the people who wrote speech down say about it: `[inaudible 00:00:15]`."""
_STAND_INS = frozenset(
    ("propname", "propname's", "locname", "locname's", "orgname", "orgname's", "inaudible")
)
"""What the corpora have for names and for what was not heard."""


def word_rates(corpus: Corpus, *, min_people: int = MIN_PEOPLE) -> dict[str, float]:
    """Return how often in a million words each word is used.

    Args:
        corpus: its groups are the people.
        min_people: who have to use a word.
    """
    total = 0
    counts: Counter[str] = Counter()
    people: dict[str, set[str]] = {}
    for text, person in zip(corpus.texts, corpus.groups, strict=True):
        words = [token for token in tokenize(_REMARK.sub(" ", text)) if is_word(token)]
        total += len(words)
        counts.update(words)
        for word in set(words):
            people.setdefault(word, set()).add(str(person))
    return {
        word: round(counts[word] / total * PER, DIGITS)
        for word in sorted(counts)
        if len(people[word]) >= min_people and len(word) > 1 and word not in STOP_WORDS | _STAND_INS
    }


def build(data: Path) -> dict[str, Any]:
    """Return the table: rates by corpus, and what was read."""
    corpora = [load_corpus(data, name) for name in (ESSAYS, FIRST_IMPRESSIONS)]
    return {
        "sha256": {corpus.name: corpus.sha256 for corpus in corpora},
        "min_people": MIN_PEOPLE,
        "per_million": {corpus.name: word_rates(corpus) for corpus in corpora},
    }


def main() -> None:
    """Read the corpora and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True)
    table = build(parser.parse_args().data)
    WORD_RATES_FILE.write_text(json.dumps(table, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
