"""The `text_encoder` that this repository serves, and what is kept of its reading."""

from pathlib import Path

import numpy as np

from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import TEXT_ENCODER
from services.common.settings import REPOSITORY
from services.text.context import load_pieces, read_context
from services.text.features import tokenize
from services.text.training.context_encoder import BLOCKS, WIDTH, is_kept
from services.text.training.context_reader import keeping_reader


def served() -> LiteRtPredictor:
    return LiteRtPredictor(models_dir=REPOSITORY / "deploy" / "models")


def test_like_uses_of_a_word_lie_near_each_other_when_read_in_context() -> None:
    """What a table of words cannot tell: the bank of a river from the bank that lends."""
    predictor = served()
    sentences = (
        "we sat on the bank of the river and watched the water",
        "the boat reached the bank of the stream",
        "the bank gave me a loan with low interest and opened an account",
    )

    banks = []
    for sentence in sentences:
        context = read_context(tokenize(sentence), predictor)
        assert context is not None
        vector = context.sums["bank"] / context.parts["bank"]
        banks.append(vector / np.linalg.norm(vector))

    river, stream, money = banks
    assert river.shape == (len(BLOCKS) * WIDTH,)
    assert river @ stream > river @ money
    assert river @ stream > stream @ money


def test_other_scripts_are_left_out_when_pieces_are_kept() -> None:
    kept = load_pieces(served()).pieces

    assert is_kept("##ing")
    assert not is_kept("[unused7]")
    assert not is_kept("東")
    assert kept.of_word("東") == kept.of_word("東東")
    assert len(kept.of_word("unbelievably")) > 1


def test_nothing_is_read_twice_when_texts_come_again(tmp_path: Path) -> None:
    texts = [tokenize("I like to work with people."), tokenize("No."), []]
    first = keeping_reader(served(), folder=tmp_path)(texts)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}

    again = keeping_reader(served(), folder=tmp_path)(texts)

    np.testing.assert_array_equal(first, again)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")} == files
    assert not first[2].any()
    assert first[:2].any(axis=1).all()


def test_encoder_is_named_in_its_manifest_when_it_is_served() -> None:
    manifest = served().manifest(TEXT_ENCODER)

    assert manifest.input.shape == [None, None, WIDTH]
    assert manifest.licence.startswith("Apache-2.0")
