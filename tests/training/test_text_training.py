import csv
import json
from pathlib import Path

import numpy as np
import pytest

from services.common.contracts.labels import TRAITS, MediaKind, Trait
from services.common.media import MediaFile
from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import TEXT_TRAITS
from services.text.features import tokenize
from services.text.pipeline import analyze, score_texts
from services.text.settings import TextSettings
from services.text.training.calibration import calibrate, first_words
from services.text.training.cross_validation import cross_validate, fit
from services.text.training.dataset import load_corpus
from services.text.training.evaluate import evaluate
from services.text.training.models import VocabularyRule, build_vocabulary, fit_dual
from services.text.training.train import train
from services.text.trait_model import load_trait_model
from services.training.artifacts import load_tensorflow

RULE = VocabularyRule(min_texts=2, max_tokens=60, max_characters=80)
FILLER = (
    *("the", "and", "i", "to", "that", "it", "was", "what", "when", "with", "for", "my", "you", "have"),
    *("think", "know", "some", "other", "very", "people", "day"),
)
TELLING = dict(zip(TRAITS, ("museum", "deadline", "party", "help", "afraid"), strict=True))


def write_corpora(folder: Path, *, rows: int, seed: int = 0) -> Path:
    """Essays and transcripts in which one word for each trait mostly tells its label."""
    generator = np.random.default_rng(seed)
    essays, clips = [], []
    for row in range(rows):
        traits = generator.integers(2, size=len(TRAITS))
        words = list(generator.choice(FILLER, size=60))
        for high, word in zip(traits, TELLING.values(), strict=True):
            words += [word] * 3 if high == (generator.random() < 0.9) else []
        generator.shuffle(words)
        text = " ".join(words)
        labels = dict(zip(map(str, TRAITS), traits.tolist(), strict=True))
        essays.append({"id": f"{row:04d}", "text": text} | labels)
        apparent = {name: 0.3 + 0.4 * high + 0.1 * generator.random() for name, high in labels.items()}
        clips.append({"clip": f"v{row // 2}.{row}", "speaker_video": f"v{row // 2}", "text": text} | apparent)
    for name, table in (("essays", essays), ("first_impressions", clips)):
        (folder / name).mkdir(parents=True)
        with (folder / name / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(table[0]))
            writer.writeheader()
            writer.writerows(table)
    return folder


@pytest.fixture(scope="module")
def small_corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpora(tmp_path_factory.mktemp("data"), rows=120)


@pytest.fixture(scope="module")
def trained(small_corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    models_dir = tmp_path_factory.mktemp("models")
    train(small_corpora, models_dir=models_dir, folds=2, repeats=2, rule=RULE)
    return models_dir


def test_manifest_and_card_are_honest_when_a_model_is_trained(trained: Path) -> None:
    manifest = LiteRtPredictor(models_dir=trained).manifest(TEXT_TRAITS)
    card = (trained / TEXT_TRAITS / "1" / "CARD.md").read_text(encoding="utf-8")

    metrics = {metric.name: metric for metric in manifest.metrics}
    accuracy = metrics["accuracy"]
    assert manifest.labels == [str(trait) for trait in TRAITS]
    assert accuracy.low is not None
    assert accuracy.high is not None
    assert accuracy.low < accuracy.value < accuracy.high
    assert 0.7 < accuracy.value < 0.97
    assert metrics["majority"].value < 0.65
    assert {f"accuracy.{trait}" for trait in TRAITS} < set(metrics)
    assert "Not for decisions about people" in card
    assert f"{accuracy.value:.3f}" in card
    assert "{" not in card


def test_saved_model_litert_and_assets_agree_when_exported(trained: Path, small_corpora: Path) -> None:
    predictor = LiteRtPredictor(models_dir=trained)
    model = load_trait_model(predictor)
    batch = model.rows(map(tokenize, load_corpus(small_corpora, "essays").texts[:10]))

    tf = load_tensorflow()
    signature = tf.saved_model.load(str(trained / TEXT_TRAITS / "1")).signatures["serving_default"]
    served = signature(terms=tf.constant(batch))["probabilities"].numpy()

    np.testing.assert_allclose(predictor.predict(TEXT_TRAITS, batch), served, atol=1e-5)
    logits = batch @ model.weights + model.offset
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), served, atol=1e-5)


def test_telling_words_explain_the_scores_when_the_served_model_analyses(
    trained: Path, tmp_path: Path
) -> None:
    path = tmp_path / "answer.txt"
    path.write_text(" ".join([*FILLER * 2, *["museum"] * 4, *["afraid"] * 4]), encoding="utf-8")
    media = MediaFile(path=path, kind=MediaKind.TEXT, content_type="text/plain")

    result = analyze(
        media, predictor=LiteRtPredictor(models_dir=trained), settings=TextSettings(trait_words=1)
    )

    assert result.text is not None
    assert result.traits is not None
    top = {entry.trait: entry for entry in result.text.trait_words}
    assert (top[Trait.OPENNESS].term, top[Trait.NEUROTICISM].term) == ("museum", "afraid")
    assert result.traits[Trait.OPENNESS] > 0.5 > result.traits[Trait.EXTRAVERSION]


def test_weights_repeat_when_data_and_seed_are_the_same(small_corpora: Path, tmp_path: Path) -> None:
    corpus = load_corpus(small_corpora, "essays")
    texts = [tokenize(text) for text in corpus.texts]

    first, second = (fit(texts, corpus.traits, corpus.groups, rule=RULE, seed=1, folds=3) for _ in range(2))

    np.testing.assert_array_equal(first.model.weights, second.model.weights)
    np.testing.assert_array_equal(first.model.offset, second.model.offset)


def test_accuracy_is_at_chance_when_labels_are_shuffled(small_corpora: Path) -> None:
    corpus = load_corpus(small_corpora, "essays")
    texts = [tokenize(text) for text in corpus.texts]
    shuffled = np.random.default_rng(0).permutation(corpus.traits)

    out = cross_validate(texts, shuffled, corpus.groups, rule=RULE, seed=0, folds=3)

    assert ((out.probabilities > 0.5) == (shuffled > 0.5)).mean() < 0.6


def test_vocabulary_keeps_to_the_rule_when_terms_are_rare_or_everywhere() -> None:
    texts = [["all", "two"], ["all", "two", "one"], ["all"], ["all"]]

    vocabulary = build_vocabulary(texts, VocabularyRule(min_texts=2, max_share=0.9, max_characters=3))

    assert vocabulary.tokens == ["two"]
    assert vocabulary.characters == [" t", " tw", " two"]
    assert vocabulary.idf[0] == pytest.approx(1 + np.log(5 / 3))


def test_dual_fit_equals_ridge_regression_when_solved_by_scikit_learn() -> None:
    from sklearn.linear_model import Ridge

    generator = np.random.default_rng(0)
    rows = generator.normal(size=(40, 7)).astype(np.float32)
    traits = generator.integers(2, size=(40, 5)).astype(float)

    dual = fit_dual(rows @ rows.T, traits, 3.0)

    with_constant = np.hstack([rows, np.ones((40, 1))])
    oracle = Ridge(alpha=3.0, fit_intercept=False).fit(with_constant, 2 * traits - 1)
    np.testing.assert_allclose(with_constant.T @ dual, oracle.coef_.T, atol=1e-4)


def test_calibration_shrinks_short_texts_when_their_logits_tell_less() -> None:
    generator = np.random.default_rng(0)
    traits = generator.integers(2, size=(4000, 5)).astype(float)
    signal = 2.0 * traits - 1.0
    lengths = (20.0, 100.0, 800.0)
    logits = [signal * n / (n + 100.0) + generator.normal(0, 1, traits.shape) for n in lengths]

    calibration = calibrate(logits, [np.full(4000, n) for n in lengths], traits)

    assert 50.0 <= calibration.half_words <= 200.0
    assert (calibration.scale > 1.0).all()


def test_text_is_cut_after_a_word_when_marks_are_in_between() -> None:
    tokens = tokenize("One, two. Three")

    assert first_words(tokens, 2) == ["one", ",", "two"]
    assert first_words(tokens, 9) == tokens


def test_evaluation_scores_the_served_artefact_when_essays_are_new(trained: Path, tmp_path: Path) -> None:
    fresh = write_corpora(tmp_path, rows=60, seed=9)

    report = evaluate(fresh, predictor=LiteRtPredictor(models_dir=trained), corpus="essays")

    assert json.loads(json.dumps(report)) == report
    assert (report["model"], report["version"], report["n"]) == (TEXT_TRAITS, 1, 60)
    assert report["accuracy"] > 0.7
    assert report["accuracy"] == pytest.approx(
        np.mean([scores["accuracy"] for scores in report["per_class"].values()])
    )
    assert report["intervals"]["accuracy"][0] <= report["accuracy"] <= report["intervals"]["accuracy"][1]
    assert "note" not in report


def test_evaluation_says_so_when_the_essays_are_training_data(trained: Path, small_corpora: Path) -> None:
    report = evaluate(small_corpora, predictor=LiteRtPredictor(models_dir=trained), corpus="essays")

    assert "training data" in report["note"]


def test_evaluation_correlates_when_traits_are_apparent(trained: Path, small_corpora: Path) -> None:
    report = evaluate(
        small_corpora, predictor=LiteRtPredictor(models_dir=trained), corpus="first_impressions"
    )

    assert report["mean_correlation"] > 0.4
    assert set(report["correlation"]) == set(report["per_class"]) == {str(trait) for trait in TRAITS}
    assert "median" in report["note"]


@pytest.mark.parametrize("corpus", ["essays", "first_impressions"])
def test_evaluation_works_when_there_is_one_row(trained: Path, tmp_path: Path, corpus: str) -> None:
    single = write_corpora(tmp_path, rows=1)

    report = evaluate(single, predictor=LiteRtPredictor(models_dir=trained), corpus=corpus)

    assert report["n"] == 1
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_evaluation_refuses_when_the_corpus_is_missing(trained: Path, tmp_path: Path) -> None:
    predictor = LiteRtPredictor(models_dir=trained)

    with pytest.raises(FileNotFoundError):
        evaluate(tmp_path, predictor=predictor)
    with pytest.raises(ValueError, match="corpus must be one of"):
        evaluate(tmp_path, predictor=predictor, corpus="poems")


def test_batch_scores_agree_with_the_model_when_a_text_is_empty(trained: Path) -> None:
    predictor = LiteRtPredictor(models_dir=trained)

    scores = score_texts(["", "museum " * 40], predictor=predictor)

    offset = load_trait_model(predictor).offset
    np.testing.assert_allclose(scores[0], 1 / (1 + np.exp(-offset)), atol=1e-5)
    assert scores[1, 0] > scores[0, 0]
