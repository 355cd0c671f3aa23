from pathlib import Path

import numpy as np
import pytest

from services.text.training.reference.classical import CLASSIFIERS, lines_of
from services.text.training.reference.corpus import PreparedEssays, load_essays
from services.text.training.reference.linear_svm import SgdSvm
from services.text.training.reference.networks import build_network
from services.text.training.reference.preprocessing import LENGTH, PADDING, VERB, pad, prepare, tag
from services.text.training.reference.systems import SYSTEMS
from services.text.training.reference.word2vec import Embedding, mean_vectors, train_word2vec
from services.training.reference import UnknownSystemError
from services.training.results import read_results
from tests.training.test_text_training import write_corpora


@pytest.fixture(scope="module")
def essays(tmp_path_factory: pytest.TempPathFactory) -> PreparedEssays:
    data = write_corpora(tmp_path_factory.mktemp("data"), rows=100)
    return load_essays(data, cache=tmp_path_factory.mktemp("cache"))


def test_chain_leaves_lemmas_when_a_text_has_marks_numbers_and_stop_words() -> None:
    assert prepare("I was RUNNING 2 miles, and the dogs barked!") == ["run", "mile", "dog", "bark"]


def test_words_after_a_subject_are_verbs_when_their_ending_does_not_tell() -> None:
    assert tag(["they", "walk", "quickly"])[1] == VERB


def test_texts_are_padded_in_front_when_they_are_short() -> None:
    padded = pad(["a", "b"])

    assert len(padded) == LENGTH
    assert padded[-2:] == ["a", "b"]
    assert set(padded[:-2]) == {PADDING}
    assert pad([str(number) for number in range(400)])[-1] == "299"


@pytest.mark.parametrize("skip_gram", [True, False])
def test_words_lie_close_when_they_stand_in_for_each_other(skip_gram: bool) -> None:
    generator = np.random.default_rng(0)
    texts = []
    for _ in range(400):
        drink, tool = generator.choice(["tea", "coffee"]), generator.choice(["hammer", "saw"])
        texts += [["drink", "hot", str(drink), "cup", "milk"], ["build", "wood", str(tool), "nail", "board"]]

    made = train_word2vec(texts, skip_gram=skip_gram, dimensions=16, epochs=20)

    unit = made.vectors / np.linalg.norm(made.vectors, axis=1, keepdims=True)
    row = made.rows
    assert unit[row["tea"]] @ unit[row["coffee"]] > unit[row["tea"]] @ unit[row["saw"]] + 0.2


def test_rare_words_count_more_when_means_are_weighted_by_tfidf() -> None:
    embedding = Embedding(
        ["often", "rare"], np.eye(2, dtype=np.float32), np.array([0.1, 0.9], dtype=np.float32)
    )

    plain, weighted = (mean_vectors([["often", "rare"]], embedding, by_idf=flag)[0] for flag in (False, True))

    np.testing.assert_allclose(plain, [0.5, 0.5])
    np.testing.assert_allclose(weighted, [0.1, 0.9])


def test_own_svm_agrees_with_scikit_learn_when_both_have_converged() -> None:
    from sklearn.svm import LinearSVC

    generator = np.random.default_rng(0)
    rows = generator.normal(size=(600, 8)).astype(np.float32)
    traits = (rows[:, :2] + 0.7 * generator.normal(size=(600, 2)) > 0.0).astype(float)

    own = SgdSvm(penalty=1e-2).fit(rows[:400], traits[:400]).predict(rows[400:])

    oracle = LinearSVC(loss="hinge", C=1 / (1e-2 * 400), random_state=0, max_iter=50_000)
    other = np.stack([oracle.fit(rows[:400], y).predict(rows[400:]) for y in traits[:400].T], axis=1)
    assert (own == other).mean() > 0.97


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_classifiers_learn_when_words_tell_the_traits(classifier: str, essays: PreparedEssays) -> None:
    line = lines_of(classifier)[0]
    fit, test = np.arange(70), np.arange(70, 100)

    named = line.predict(essays, fit, test, seed=0)

    assert named.shape == (30, 5)
    assert (named == essays.traits[test]).mean() > 0.65


def test_results_name_every_line_when_a_system_is_measured(tmp_path: Path) -> None:
    data = write_corpora(tmp_path / "data", rows=60)

    path = SYSTEMS.measure("svm", data, runs=tmp_path / "runs", results=tmp_path / "results")

    rows = read_results(path).rows
    assert [row.title for row in rows] == [line.title for line in SYSTEMS.find("svm").lines()]
    assert rows[0].n == 60
    assert rows[0].figures["accuracy"].value > 0.65
    assert rows[0].figures["majority"].value < 0.65


def test_unknown_names_are_refused_when_a_system_is_asked_for() -> None:
    with pytest.raises(UnknownSystemError, match="naive-bayes"):
        SYSTEMS.find("oracle")


@pytest.mark.parametrize("softmax", [True, False])
def test_network_gives_five_outputs_when_texts_are_padded(softmax: bool) -> None:
    table = np.random.default_rng(0).normal(size=(20, 12)).astype(np.float32)
    ids = np.zeros((2, LENGTH), np.int32)
    ids[1, -3:] = [4, 7, 9]

    outputs = np.asarray(build_network(table, softmax=softmax)(ids))

    assert outputs.shape == (2, 5)
    assert (np.allclose(outputs.sum(axis=1), 1.0, atol=1e-5)) == softmax
    assert not np.allclose(outputs[0], outputs[1])
