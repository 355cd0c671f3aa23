import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.common.contracts.labels import TRAITS, MediaKind, Trait
from services.common.media.files import MediaFile
from services.common.serving.litert import LiteRtPredictor
from services.common.serving.registry import TEXT_IMPRESSION, TEXT_TRAITS
from services.text.features import tfidf, tokenize
from services.text.impression_model import SCORES
from services.text.pipeline import analyze, score_texts
from services.text.settings import TextSettings
from services.text.training.calibration import LENGTHS, calibrate
from services.text.training.corpus_inputs import WHOLE, Inputs, first_words, load_inputs
from services.text.training.counts import VocabularyRule, build_vocabulary, choose_terms, tfidf_blocks
from services.text.training.dataset import Corpus, load_corpus
from services.text.training.design import fit_dual
from services.text.training.evaluate import evaluate
from services.text.training.report import results, tables
from services.text.training.result_rows import IMPRESSION_GROUP, TRAITS_GROUP, TRANSFER_GROUP
from services.text.training.train import train
from services.text.training.trait_fit import as_model, fit
from services.text.training.trait_validation import cross_validate_traits
from services.text.training.word_vectors import WordVectors
from services.text.trait_model import load_trait_model
from services.training.artifacts import load_tensorflow
from services.training.folders import Folders
from services.training.publishing import Outcome, read_served
from services.training.results import Figure, read_results
from tests.published import untouched_publications

RULE = VocabularyRule(min_texts=2, max_tokens=60, max_characters=80, max_phrases=40)
FILLER = (
    *("the", "and", "i", "to", "that", "it", "was", "what", "when", "with", "for", "my", "you", "have"),
    *("think", "know", "some", "other", "very", "people", "day"),
)
TELLING = dict(zip(TRAITS, ("museum", "deadline", "party", "help", "afraid"), strict=True))


VECTORS = WordVectors(
    [*FILLER, *TELLING.values()],
    np.random.default_rng(5).normal(size=(len(FILLER) + len(TELLING), 8)).astype(np.float32),
)


def read_last_words(texts: Sequence[Sequence[str]]) -> np.ndarray:
    """Stands for the encoder: of a text it sees the letters of the last three words."""
    seen = [" ".join(tokens[-3:]) for tokens in texts]
    return np.array([[7.0 + one.count(letter) for letter in "aeiout"] for one in seen], np.float32)


def essay_inputs(folder: Path) -> tuple[Corpus, dict[int, Inputs]]:
    return load_inputs(
        folder, "essays", rule=RULE, vectors=VECTORS, lengths=LENGTHS[:2], reader=read_last_words
    )


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
        labels_of_clip = labels | {"interview": int(traits.mean() > 0.5)}
        apparent = {
            name: 0.3 + 0.4 * high + 0.1 * generator.random() for name, high in labels_of_clip.items()
        }
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


def folders_in(folder: Path) -> Folders:
    return Folders(models=folder, results=folder / "results", runs=folder / "runs")


def train_small(corpora: Path, folder: Path, **changes: Any) -> list[Outcome]:
    return train(corpora, folders_in(folder), folds=2, repeats=2, rule=RULE, vectors=VECTORS, **changes)


@pytest.fixture(scope="module")
def trained(small_corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    with untouched_publications():
        outcomes = train_small(small_corpora, folder)
    assert [outcome.manifest.version for outcome in outcomes if outcome.manifest] == [1, 1]
    return folder


def test_the_figure_is_that_of_the_manifest_when_it_is_compared_row_by_row(trained: Path) -> None:
    for name, metric in ((TEXT_TRAITS, "accuracy"), (TEXT_IMPRESSION, "r2")):
        served = read_served(trained, name)
        assert served is not None
        assert served.held_out is not None
        figures = [one for one in served.manifest.metrics if one.name == metric]
        assert [figures[0].value, figures[0].protocol] == [
            pytest.approx(served.held_out.figure.value, abs=2e-6),
            served.held_out.protocol,
        ]


def test_only_the_model_that_is_better_is_published_when_both_are_trained_again(
    trained: Path, small_corpora: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    shutil.copytree(trained, again)
    shutil.rmtree(again / TEXT_TRAITS)
    results_file = again / "results" / "text" / "served.json"
    kept = read_results(results_file)
    marked = [row.model_copy(update={"note": "kept"}) for row in kept.rows]
    results_file.write_text(kept.model_copy(update={"rows": marked}).model_dump_json(), encoding="utf-8")

    traits, impression = train_small(small_corpora, again)

    assert traits.manifest is not None
    assert impression.manifest is None
    assert impression.comparison.difference == Figure(value=0.0, low=0.0, high=0.0)
    assert "not better, not published" in impression.text
    assert [path.name for path in (again / TEXT_IMPRESSION).iterdir()] == ["1"]
    notes = {row.group: row.note for row in read_results(results_file).rows}
    assert notes[TRAITS_GROUP] == ""
    assert notes[IMPRESSION_GROUP] == notes[TRANSFER_GROUP] == "kept"


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
    assert f"{100 * accuracy.value:.1f}" in card
    assert "{" not in card
    assert "nan" not in card


def test_impression_is_told_from_words_and_pace_when_it_is_trained(trained: Path) -> None:
    manifest = LiteRtPredictor(models_dir=trained).manifest(TEXT_IMPRESSION)
    card = (trained / TEXT_IMPRESSION / "1" / "CARD.md").read_text(encoding="utf-8")

    metrics = {metric.name: metric.value for metric in manifest.metrics}
    assert manifest.labels == list(SCORES)
    assert metrics["r2"] > 0.2
    assert metrics["one_minus_mae"] > 0.8
    assert {f"r2.{score}" for score in SCORES} < set(metrics)
    assert "Not for decisions about people" in card
    assert "{" not in card
    assert "nan" not in card


def test_every_measurement_has_a_table_when_results_are_kept(trained: Path) -> None:
    files = results(trained / "results")

    shown = tables(files)

    assert len(shown) == 7
    assert {row.n for row in files[0].rows if row.title == "mean of five traits"} == {120}
    assert all(len(line) == len(table.columns) for table in shown for line in table.rows)


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


def test_weights_repeat_when_data_and_seed_are_the_same(small_corpora: Path) -> None:
    corpus, lengths = essay_inputs(small_corpora)
    rows = np.arange(len(corpus))

    first, second = (
        as_model(fit(lengths, corpus.traits, corpus.groups, rows, rule=RULE, seed=1, folds=3), VECTORS)
        for _ in range(2)
    )

    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.widths.half_widths, second.widths.half_widths)


def test_served_row_equals_the_fit_when_calibration_and_vectors_are_folded_in(small_corpora: Path) -> None:
    corpus, lengths = essay_inputs(small_corpora)
    rows = np.arange(len(corpus))
    fitted = fit(lengths, corpus.traits, corpus.groups, rows[:80], rule=RULE, seed=1, folds=3)

    served = as_model(fitted, VECTORS)

    assert served.context is not None
    assert np.abs(served.context.weights).max() > 0
    for length, inputs in lengths.items():
        rows_served = served.rows(inputs.tokens, contexts=inputs.contexts(0, len(inputs.tokens)))
        logits = rows_served @ served.weights + served.offset
        np.testing.assert_allclose(logits, fitted.logits(inputs, rows), atol=2e-3, err_msg=f"{length} words")


def test_accuracy_is_at_chance_when_labels_are_shuffled(small_corpora: Path) -> None:
    corpus, lengths = essay_inputs(small_corpora)
    shuffled = np.random.default_rng(0).permutation(corpus.traits)

    out = cross_validate_traits(lengths, shuffled, corpus.groups, rule=RULE, seed=0, folds=3)

    assert ((out.probabilities[WHOLE] > 0.5) == (shuffled > 0.5)).mean() < 0.6


def test_counted_terms_give_the_served_vector_when_columns_are_chosen(small_corpora: Path) -> None:
    _, lengths = essay_inputs(small_corpora)
    tokens = lengths[WHOLE].tokens
    chosen = choose_terms(lengths[WHOLE].counts, np.arange(60), RULE)

    blocks = tfidf_blocks(lengths[WHOLE].counts, chosen)

    expected = np.stack([tfidf(one, chosen.vocabulary) for one in tokens])
    rows = np.hstack([block.toarray() for block in blocks]) / np.sqrt(len(blocks))
    assert len(blocks) == 3
    np.testing.assert_allclose(rows, expected, atol=1e-6)


def test_vocabulary_keeps_to_the_rule_when_terms_are_rare_or_everywhere() -> None:
    texts = [["all", "two"], ["all", "two", "one"], ["all"], ["all"]]

    vocabulary = build_vocabulary(texts, VocabularyRule(min_texts=2, max_share=0.9, max_characters=3))

    assert vocabulary.tokens == ["two"]
    assert vocabulary.characters == [" t", " tw", " two"]
    assert vocabulary.phrases == []
    assert vocabulary.idf[0] == pytest.approx(1 + np.log(5 / 3))


def test_dual_fit_equals_ridge_regression_when_solved_by_scikit_learn() -> None:
    from sklearn.linear_model import Ridge

    generator = np.random.default_rng(0)
    rows = generator.normal(size=(40, 7)).astype(np.float32)
    traits = generator.integers(2, size=(40, 5)).astype(float)

    dual = fit_dual(rows @ rows.T, 2 * traits - 1, 3.0)

    oracle = Ridge(alpha=3.0).fit(rows, 2 * traits - 1)
    np.testing.assert_allclose(rows.T @ dual.weights, oracle.coef_.T, atol=1e-4)
    np.testing.assert_allclose(dual.constant, oracle.intercept_, atol=1e-4)


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
    assert report["r2_interval"][0] <= report["r2"] <= report["r2_interval"][1]
    assert report["r2"] > 0.2
    assert report["one_minus_mae"] > 0.8
    assert set(report["impression"]) == set(SCORES)
    assert "training data" in report["impression_note"]
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
