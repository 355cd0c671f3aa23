"""The committed table is what the corpora give, and lists no word of few people."""

import json
from pathlib import Path

import numpy as np
import pytest

from services.text.training.dataset import Corpus
from services.text.training.word_rates import build, word_rates
from services.text.word_rates import WORD_RATES_FILE


def corpus(texts: list[str], people: list[str]) -> Corpus:
    return Corpus(
        name="essays", texts=texts, groups=np.array(people), traits=np.zeros((len(texts), 5)), sha256=""
    )


def test_word_is_listed_when_enough_people_use_it() -> None:
    texts = ["The boat [inaudible 00:01] floats", "A boat floats. Zoe floats", "Zoe"]

    rates = word_rates(corpus(texts, ["a", "b", "b"]), min_people=2)

    assert rates == {"boat": pytest.approx(2e6 / 9, abs=0.01), "floats": pytest.approx(3e6 / 9, abs=0.01)}


@pytest.mark.corpora
def test_table_is_the_same_when_it_is_counted_again(corpora: Path) -> None:
    assert build(corpora) == json.loads(WORD_RATES_FILE.read_text(encoding="utf-8"))
