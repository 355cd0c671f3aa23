import numpy as np
import pytest
from scipy.special import softmax

from services.training.metrics import (
    bootstrap_interval,
    classification_metrics,
    expected_calibration_error,
    fit_platt,
    fit_temperature,
)

LABELS = ("a", "b", "c")


def test_scores_match_hand_counts_when_classes_are_unbalanced() -> None:
    truth = [0, 0, 0, 1]
    prob = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1]])

    scores = classification_metrics(truth, prob, LABELS)

    assert scores.n == 4
    assert scores.accuracy == pytest.approx(3 / 4)
    assert scores.majority == pytest.approx(3 / 4)
    assert scores.uar == pytest.approx((2 / 3 + 1) / 2)
    assert scores.macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert scores.nll == pytest.approx(-np.log([0.8, 0.6, 0.2, 0.8]).mean())
    assert scores.confusion == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert scores.per_class["b"] == {"recall": 1.0, "precision": 0.5, "n": 1}
    assert scores.per_class["c"]["n"] == 0


def test_scores_are_finite_when_there_is_one_row_with_a_certain_mistake() -> None:
    scores = classification_metrics([2], [[1.0, 0.0, 0.0]], LABELS)

    assert (scores.accuracy, scores.uar, scores.macro_f1) == (0.0, 0.0, 0.0)
    assert np.isfinite(scores.nll)


@pytest.mark.parametrize("prob", [np.zeros((0, 3)), np.ones((2, 2)) / 2])
def test_scores_refuse_when_shapes_do_not_agree(prob: np.ndarray) -> None:
    with pytest.raises(ValueError, match="at least one row"):
        classification_metrics(np.zeros(len(prob), int), prob, LABELS)


def test_ece_is_the_gap_when_confidence_is_constant() -> None:
    prob = np.tile([0.9, 0.1], (10, 1))
    truth = [0] * 6 + [1] * 4

    assert expected_calibration_error(truth, prob) == pytest.approx(0.3)


def test_ece_weighs_bins_by_size_when_two_bins_err_in_opposite_ways() -> None:
    prob = np.array([[0.95, 0.05]] * 2 + [[0.55, 0.45]] * 2)

    assert expected_calibration_error([0, 1, 0, 0], prob) == pytest.approx(0.5 * 0.45 + 0.5 * 0.45)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_temperature_is_recovered_when_labels_follow_the_scaled_logits(temperature: float) -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 3, (20_000, 4))
    prob = softmax(logits / temperature, axis=1)
    truth = (prob.cumsum(axis=1) > generator.random((20_000, 1))).argmax(axis=1)

    assert fit_temperature(logits, truth) == pytest.approx(temperature, rel=0.08)


def test_platt_is_recovered_when_labels_follow_a_shrunk_logit() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, 40_000)
    truth = generator.random(40_000) < 1 / (1 + np.exp(-(0.4 * logits + 0.3)))

    assert fit_platt(logits, truth) == pytest.approx((0.4, 0.3), abs=0.05)


def test_platt_falls_back_to_the_base_rate_when_logits_point_the_wrong_way() -> None:
    truth = np.array([0, 1, 1, 1] * 50)

    scale, offset = fit_platt(-2.0 * truth, truth)

    assert scale == pytest.approx(0.0, abs=1e-3)
    assert 1 / (1 + np.exp(-offset)) == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize(
    ("logits", "truth"),
    [([3.0, -3.0, 2.0, -2.0], [1, 0, 1, 0]), ([0.0, 0.0], [1, 0]), ([1.0, 2.0], [1, 1]), ([5.0], [0])],
    ids=["separable", "constant", "one class", "one row"],
)
def test_platt_stays_finite_when_there_is_no_finite_optimum(logits: list[float], truth: list[int]) -> None:
    scale, offset = fit_platt(logits, truth)

    assert 0.0 <= scale <= 100.0
    assert abs(offset) <= 20.0


def test_platt_agrees_with_scikit_learn_when_left_alone() -> None:
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(0)
    logits = generator.normal(1, 3, 500)
    truth = (logits + generator.normal(0, 4, 500) > 0).astype(int)

    oracle = LogisticRegression(C=np.inf, tol=1e-10).fit(logits[:, None], truth)

    assert fit_platt(logits, truth) == pytest.approx((oracle.coef_[0, 0], oracle.intercept_[0]), abs=1e-4)


def test_bootstrap_is_wider_when_rows_of_a_person_repeat_each_other() -> None:
    values = np.repeat(np.random.default_rng(0).normal(size=30), 20)

    by_person = bootstrap_interval(values, np.repeat(np.arange(30), 20))
    by_row = bootstrap_interval(values, np.arange(600))

    assert by_person.low < values.mean() < by_person.high
    assert by_person.high - by_person.low > 3 * (by_row.high - by_row.low)


def test_bootstrap_takes_a_function_when_the_statistic_is_not_a_mean() -> None:
    values = np.arange(100.0)

    interval = bootstrap_interval(lambda rows: float(np.median(values[rows])), np.arange(100), resamples=200)

    assert 25 < interval.low < 49.5 < interval.high < 75


def test_bootstrap_collapses_when_there_is_one_group() -> None:
    assert bootstrap_interval([0.0, 1.0], ["x", "x"], resamples=10) == (0.5, 0.5)
