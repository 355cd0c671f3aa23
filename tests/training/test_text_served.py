"""The `text_traits` that this repository serves."""

import csv
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from services.common.contracts.labels import TRAITS, MediaKind
from services.common.media.files import MediaFile
from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import TEXT_TRAITS
from services.common.serving.versions import find_served_dir
from services.common.settings import REPOSITORY
from services.text.context import read_context, read_contexts
from services.text.features import tokenize
from services.text.pipeline import analyze, score_texts
from services.text.settings import TextSettings
from services.text.training.dataset import load_corpus
from services.text.training.evaluate import evaluate
from services.text.trait_model import load_trait_model
from services.training.artifacts import check_parity
from services.training.evaluate import training_data_note
from tests.media_text import ENGLISH

MODELS_DIR = REPOSITORY / "deploy" / "models"


@pytest.fixture(scope="module")
def predictor() -> LiteRtPredictor:
    return LiteRtPredictor(models_dir=MODELS_DIR)


def test_words_explain_the_served_probability_exactly_when_summed(predictor: LiteRtPredictor) -> None:
    model = load_trait_model(predictor)
    tokens = tokenize(ENGLISH)

    shares = model.contributions(tokens, context=read_context(tokens, predictor))

    logits = sum(shares.values()) + model.constant(tokens) + model.offset

    served = score_texts([ENGLISH], predictor=predictor)[0]
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), served, atol=1e-5)


def test_manifest_holds_honest_figures_when_the_model_is_served(predictor: LiteRtPredictor) -> None:
    manifest = predictor.manifest(TEXT_TRAITS)
    metrics = {metric.name: metric.value for metric in manifest.metrics}

    assert manifest.labels == [str(trait) for trait in TRAITS]
    assert metrics["majority"] < metrics["accuracy"] < 0.62
    assert metrics["ece"] < 0.05


def test_pipeline_gives_mild_estimates_when_an_answer_is_short(
    predictor: LiteRtPredictor, tmp_path: Path
) -> None:
    path = tmp_path / "answer.txt"
    path.write_text(ENGLISH, encoding="utf-8")
    media = MediaFile(path=path, kind=MediaKind.TEXT, content_type="text/plain")

    result = analyze(media, predictor=predictor, settings=TextSettings())

    assert result.traits is not None
    assert result.quality is not None
    assert all(0.2 < probability < 0.8 for probability in result.traits.values())
    assert result.quality.coverage > 0.9


@pytest.mark.corpora
def test_saved_model_equals_litert_when_real_essays_are_scored(
    predictor: LiteRtPredictor, corpora: Path
) -> None:
    texts = load_corpus(corpora, "essays").texts[:60]
    tokens = [tokenize(text) for text in texts]
    rows = load_trait_model(predictor).rows(tokens, contexts=read_contexts(tokens, predictor))

    check_parity(find_served_dir(MODELS_DIR, TEXT_TRAITS), "terms", rows)


@pytest.mark.corpora
def test_essays_of_its_own_are_told_better_than_new_ones_when_the_model_is_evaluated(
    predictor: LiteRtPredictor, corpora: Path, tmp_path: Path
) -> None:
    with (corpora / "essays" / "essays.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(islice(csv.reader(file), 41))
    (tmp_path / "essays").mkdir()
    with (tmp_path / "essays" / "essays.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)

    report = evaluate(tmp_path, predictor=predictor, corpus="essays")

    assert report["n"] == 40
    assert report["accuracy"] > 0.65
    assert "note" not in report


@pytest.mark.corpora
def test_evaluation_names_training_data_when_the_essays_are_the_models_own(
    predictor: LiteRtPredictor, corpora: Path
) -> None:
    essays = load_corpus(corpora, "essays")

    note = training_data_note(predictor.manifest(TEXT_TRAITS), "essays", essays.sha256)

    assert note is not None
    assert "training data" in note
