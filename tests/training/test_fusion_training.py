"""Learning how channels are combined: nothing of a tested actor leaks, and the pool is the served one."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax

from fusion.combine import Channel, pool_emotions
from fusion.reliability import EXPONENT, FUSION, ModelCards
from fusion.settings import FusionSettings
from fusion.training import networks, transfer
from fusion.training.measure import seven_rows
from fusion.training.methods import STACKING, UNITS, VOICE, Material, methods, without
from fusion.training.networks import NETWORKS, PRESENT, fold_answers
from fusion.training.pairs import Pairs, by_own_clips, read_pairs
from fusion.training.pooling import PoolRule, Sample, fit_pool, nll, pool
from fusion.training.protocol import CLEAN, Held, as_seven, conditions, outer_fold, run_seed
from fusion.training.tables import SMALLEST_P, paired, row_of
from fusion.training.train import final_rule, publish_measured
from fusion.training.transfer import (
    ARMS,
    JOINT,
    SIZE,
    Pictures,
    clip_answers,
    face_images,
    run_transfer,
    standardised,
)
from fusion.training.units import LOWER_FACE, degraded
from services.common.contracts.labels import EMOTIONS, Modality
from services.common.serving.registry import load_manifest
from services.common.settings import CommonSettings
from services.training.folders import Folders
from services.training.publishing import read_served
from services.training.results import Figure
from tests.published import untouched_publications

ACTORS, CLIPS_EACH, CLASSES = 10, 24, 8
GROUPS = np.array([6, 6, 3, 4, 0, 2, 1, 5])
NAMES = ("AU01_r", "AU12_r", "AU45_r")


def sample(sharpness: tuple[float, float], *, n: int = 600, classes: int = 7, seed: int = 0) -> Sample:
    """Two calibrated channels that err independently: logits are `sharpness · evidence`, evidence normal."""
    generator = np.random.default_rng(seed)
    truth = np.arange(n) % classes
    channels = []
    for size in sharpness:
        evidence = generator.standard_normal((n, classes)) + size * np.eye(classes)[truth]
        channels.append(log_softmax(size * evidence, axis=1))
    people = np.array([f"p{number % 20}" for number in range(n)])
    return Sample(channels[0], channels[1], np.ones((n, 2)), truth, people)


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    """Ten actors whose units and voices carry the class, each actor with an offset."""
    generator = np.random.default_rng(1)
    n = ACTORS * CLIPS_EACH
    labels = np.arange(n) % CLASSES
    actor = np.repeat(np.arange(ACTORS), CLIPS_EACH)
    people = np.array([f"ravdess-{number:02d}" for number in actor])
    direction = generator.standard_normal((CLASSES, len(NAMES)))
    offsets = generator.standard_normal((ACTORS, len(NAMES)))
    units = direction[labels] + offsets[actor] + 0.5 * generator.standard_normal((n, len(NAMES)))
    logits = generator.standard_normal((1, 5, 2, 2, n, CLASSES)) + 2.0 * np.eye(CLASSES)[labels]
    return Pairs(
        people=people,
        labels=labels,
        classes=tuple(f"class {number}" for number in range(CLASSES)),
        groups=GROUPS,
        seeds=(0,),
        fold=(actor % 5)[np.newaxis],
        conditions=("clean", "noise"),
        snr_db=np.array([30.0, 0.0]),
        voice=np.exp(log_softmax(logits, axis=-1)).astype(np.float32),
        embeddings=generator.standard_normal((2, n, 6)).astype(np.float32),
        copies=generator.standard_normal((1, n, 6)).astype(np.float32),
        speech_share=np.full(n, 0.5),
        units=units,
        unit_names=NAMES,
        digests={"ravdess": "a" * 64},
    )


def changed(pairs: Pairs, **changes: object) -> Pairs:
    values = {name: getattr(pairs, name) for name in Pairs.__slots__}
    return Pairs(**(values | changes))  # type: ignore[arg-type]


def test_training_pools_as_serving_does_when_weights_differ() -> None:
    rule = PoolRule((0.7, 0.3), 1.6)
    both = sample((1.5, 1.0), n=30)
    ours = np.exp(pool(rule, both))
    for row in range(30):
        channels = [
            Channel(modality, dict(zip(EMOTIONS, np.exp(scores[row]), strict=True)), weight)
            for modality, scores, weight in zip(
                (Modality.AUDIO, Modality.VIDEO), (both.voice, both.units), rule.weights, strict=True
            )
        ]
        theirs = pool_emotions(channels, exponent=rule.exponent)
        assert list(theirs.values()) == pytest.approx(ours[row], abs=1e-5)


def test_channels_are_multiplied_when_they_err_independently() -> None:
    rule = fit_pool(sample((1.5, 1.5), n=4_000))
    assert rule.weights[0] == pytest.approx(0.5, abs=0.05)
    assert rule.exponent > 1.8


def test_a_channel_counts_for_nothing_when_it_says_nothing_true() -> None:
    useful = sample((2.0, 1.0), n=2_000)
    noise = log_softmax(np.random.default_rng(5).standard_normal(useful.units.shape), axis=1)
    both = Sample(useful.voice, noise, useful.quality, useful.truth, useful.people)
    rule = fit_pool(both)
    assert rule.weights[1] < 0.1
    assert nll(pool(rule, both), both.truth) == pytest.approx(nll(both.voice, both.truth), abs=0.01)


def test_poor_quality_lowers_a_weight_when_it_hides_the_truth() -> None:
    good = sample((1.5, 1.5), n=1_500)
    noise = log_softmax(1.5 * np.random.default_rng(6).standard_normal(good.units.shape), axis=1)
    every = Sample(
        np.concatenate([good.voice, good.voice]),
        np.concatenate([good.units, noise]),
        np.repeat([[1.0, 1.0], [1.0, 0.25]], 1_500, axis=0),
        np.tile(good.truth, 2),
        np.tile(good.people, 2),
    )
    rule = fit_pool(every, quality=True)
    assert rule.quality[1] > 1.0
    assert nll(pool(rule, every), every.truth) < nll(pool(fit_pool(every), every), every.truth) - 0.05


def test_nothing_of_tested_actors_is_used_when_a_fold_is_scored(pairs: Pairs) -> None:
    _, test = pairs.split(0, 2)
    labels, voice = pairs.labels.copy(), pairs.voice.copy()
    labels[test] = (labels[test] + 3) % CLASSES
    before = outer_fold(pairs, 0, 2, known=True)
    after = outer_fold(changed(pairs, labels=labels, voice=voice), 0, 2, known=True)
    learn = [
        Material(fold.samples[CLEAN].of(fold.train), fold.samples[1, 1].of(fold.train))
        for fold in (before, after)
    ]
    for condition in conditions(pairs):
        np.testing.assert_array_equal(before.samples[condition].units, after.samples[condition].units)
        np.testing.assert_array_equal(before.samples[condition].voice, after.samples[condition].voice)
    for fit in methods().values():
        first, second = (fit(one)(before.samples[CLEAN].of(test)) for one in learn)
        np.testing.assert_allclose(first, second)


@pytest.fixture(scope="module")
def answered(pairs: Pairs) -> tuple[Held, Held]:
    """Held-out answers of one seed, over eight classes and over seven labels."""
    return run_seed(pairs, 0, known=True)


def test_the_pool_is_published_once_when_it_is_measured_twice(
    pairs: Pairs, answered: tuple[Held, Held], tmp_path: Path
) -> None:
    seven = {False: [answered[1]], True: [answered[1]]}
    rows = [row for known in seven for row in seven_rows(seven[known], known=known)]
    folders = Folders(tmp_path / "models", tmp_path / "results", tmp_path / "runs")
    with untouched_publications():
        first = publish_measured(pairs, seven, rows, folders, anyway=False)
        written = (tmp_path / "results" / "fusion" / "fusion.json").read_bytes()
        again = publish_measured(pairs, seven, rows[:1], folders, anyway=False)
    assert first.manifest is not None
    manifest = load_manifest(folders.models, FUSION)
    assert manifest == first.manifest
    uar = next(metric for metric in manifest.metrics if metric.name == "uar")
    served = read_served(folders.models, FUSION)
    assert served is not None
    assert served.held_out is not None
    assert served.held_out.figure.value == pytest.approx(uar.value, abs=2e-6)
    assert served.held_out.protocol == uar.protocol
    assert again.manifest is None
    assert again.comparison.difference == Figure(value=0.0, low=0.0, high=0.0)
    assert (tmp_path / "results" / "fusion" / "fusion.json").read_bytes() == written
    assert not folders.runs.exists()


def test_every_clip_is_answered_and_fusion_gains_when_both_channels_carry_the_class(
    pairs: Pairs, answered: tuple[Held, Held]
) -> None:
    eight, seven = answered
    for held, classes in ((eight, CLASSES), (seven, len(EMOTIONS))):
        for answer in held.answers.values():
            assert answer.shape == (len(pairs.labels), classes)
            np.testing.assert_allclose(np.exp(answer).sum(axis=1), 1.0)
    truth = eight.samples[CLEAN].truth
    right = {name: (eight.answers[name, CLEAN].argmax(axis=1) == truth).mean() for name in methods()}
    assert right[STACKING] > max(right[VOICE], right[UNITS])


def test_seven_labels_add_calm_to_neutral_when_classes_are_merged(pairs: Pairs) -> None:
    seven = as_seven(outer_fold(pairs, 0, 0, known=False), GROUPS)
    assert set(seven.samples[CLEAN].truth[pairs.labels <= 1]) == {EMOTIONS.index("neutral")}


def test_a_missing_channel_leaves_the_other_as_it_is_when_channels_are_pooled() -> None:
    both = sample((1.5, 1.0))
    for name in ("mean", "learned weights and exponent"):
        predict = methods()[name](Material(both, both))
        np.testing.assert_allclose(predict(without(both, UNITS)), both.voice)
        np.testing.assert_allclose(predict(without(both, VOICE)), both.units)


def test_own_clips_leave_out_the_clip_itself_when_it_is_normalised() -> None:
    values = np.array([[1.0], [3.0], [100.0]])
    out = by_own_clips(values, np.array(["a"] * 3))
    assert out[2, 0] == pytest.approx((100.0 - 2.0) / 1.0)


def test_only_the_lower_face_is_hidden_when_units_are_degraded() -> None:
    rows = np.ones((4, 3))
    views = degraded(rows, NAMES, seed=0)
    assert "AU12" in LOWER_FACE
    np.testing.assert_array_equal(views[1], [[1.0, 0.0, 1.0]] * 4)
    assert np.abs(views[2] - rows).mean() > 1.0


def test_the_gain_is_sure_when_every_actor_shows_it() -> None:
    truth = np.arange(200) % 4
    people = np.array([f"p{number // 10}" for number in range(200)])
    right = np.log(np.eye(4)[truth] * 0.9 + 0.025)
    wrong = right.copy()
    wrong[::5] = wrong[::5, ::-1]
    gain, p = paired([right], [wrong], truth, people)
    assert gain.value == pytest.approx(0.2)
    assert gain.low is not None
    assert gain.low > 0.1
    assert p <= 10 * SMALLEST_P
    nothing, by_chance = paired([right], [right], truth, people)
    assert (nothing.value, by_chance) == (0.0, 1.0)


def test_the_gain_is_over_the_better_channel_when_a_row_is_made() -> None:
    both = sample((2.0, 0.5))
    row = row_of(
        [both.voice],
        both.truth,
        both.people,
        seeds=[0],
        title="voice",
        group="g",
        protocol="p",
        classes=[emotion.value for emotion in EMOTIONS],
        singles=[[both.units], [both.voice]],
    )
    assert row.figures["gain"].value == 0.0
    assert "p = 1.0000" in row.note


def test_only_rules_that_serving_knows_are_fitted_when_numbers_are_written() -> None:
    with pytest.raises(ValueError, match="not served"):
        final_rule(sample((1.0, 1.0)), STACKING)


def test_the_reader_is_told_when_voices_are_not_scored_yet(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no action units"):
        read_pairs(tmp_path / "voice.npz", tmp_path)
    table = tmp_path / "ravdess_action_units" / "action_units.csv"
    table.parent.mkdir()
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([["clip", *NAMES], ["01-01-01-01-01-01-01", 1, 2, 3]])
    with pytest.raises(FileNotFoundError, match="candor train fusion"):
        read_pairs(tmp_path / "voice.npz", tmp_path)


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    """Five actors, two clips of each of two classes, with one or two pictures; forty faces."""
    generator = np.random.default_rng(2)
    labels = np.tile([0, 1], 10)
    clip = np.sort(np.concatenate([np.arange(20), np.arange(0, 20, 2), np.arange(20)]))
    return Pictures(
        faces=face_images(generator.integers(0, 255, (40, 48, 48), dtype=np.uint8)),
        face_labels=np.tile([0, 1], 20),
        face_classes=("neutral", "happy"),
        voices=standardised(generator.standard_normal((len(clip), SIZE, SIZE, 3)).astype(np.float32)),
        clip=clip,
        labels=labels,
        classes=("calm", "happy"),
        people=np.repeat([f"p{number}" for number in range(5)], 4),
        digests={"ravdess": "b" * 64},
    )


def test_faces_fill_the_picture_when_they_are_enlarged() -> None:
    grey = np.tile(np.arange(48, dtype=np.uint8), (1, 48, 1))
    image = face_images(grey)
    assert image.shape == (1, SIZE, SIZE, 3)
    assert image.mean() == pytest.approx(0.0, abs=1e-4)
    assert (np.diff(image[0, 0, :, 0]) > 0).all()


def test_a_clip_is_answered_by_all_of_its_pictures_when_it_has_several() -> None:
    logits = np.array([[0.0, 2.0], [4.0, 0.0], [0.0, 1.0]])
    rows = clip_answers(logits, np.array([0, 0, 1]), np.array([0, 1]))
    assert rows.argmax(axis=1).tolist() == [0, 1]
    np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1.0)


@pytest.mark.slow
def test_every_arm_answers_every_clip_and_nothing_runs_twice_when_it_is_kept(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("EPOCHS", "FURTHER_EPOCHS", "FACE_EPOCHS"):
        monkeypatch.setattr(transfer, name, 1)
    monkeypatch.setattr(transfer, "BATCH_SIZE", 4)
    monkeypatch.setattr(transfer, "FOLDS", 2)
    first = run_transfer(pictures, seeds=(0,), kept=tmp_path)
    assert set(first) == set(ARMS)
    for (answer,) in first.values():
        np.testing.assert_allclose(np.exp(answer).sum(axis=1), 1.0)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = run_transfer(pictures, seeds=(0,), kept=tmp_path)
    np.testing.assert_array_equal(first[JOINT][0], again[JOINT][0])
    assert files == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_learns_when_both_channels_carry_the_class(
    pairs: Pairs, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "MAX_EPOCHS", 4)
    carried = changed(
        pairs, embeddings=np.eye(CLASSES, dtype=np.float32)[pairs.labels][np.newaxis].repeat(2, 0)
    )
    carried = changed(carried, copies=carried.embeddings[:1])
    test, logits = fold_answers(name, carried, row=0, fold=0, known=False)
    truth = pairs.labels[test]
    right = {
        present: (rows.argmax(axis=1) == truth).mean() for present, rows in zip(PRESENT, logits, strict=True)
    }
    assert right["both"] > 0.6
    assert right["action units alone"] < right["voice alone"]


def _learned(folder: Path, **numbers: object) -> ModelCards:
    manifest = {
        "name": FUSION,
        "version": 2,
        "labels": [],
        "input": {"name": "probabilities", "shape": [None, 2, 7]},
        "output": {"name": "probabilities", "shape": [None, 7]},
        "preprocessing": numbers,
        "created_at": "2026-01-01T00:00:00Z",
        "licence": "none",
    }
    path = folder / FUSION / "2" / "manifest.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(manifest))
    return ModelCards(folder)


def test_a_channel_gets_its_learned_weight_when_it_is_as_it_was_then(tmp_path: Path) -> None:
    cards = _learned(
        tmp_path,
        weights={"audio": 0.6, "video": 0.4},
        reliability={"audio": 0.8, "video": 0.5},
        coverage={"audio": 0.5, "video": 1.0},
    )
    factors = cards.learned()
    assert max(factors.values()) == 1.0
    voice = factors[Modality.AUDIO] * 0.8 * 0.5
    face = factors[Modality.VIDEO] * 0.5 * 1.0
    assert voice / (voice + face) == pytest.approx(0.6)


def test_nothing_is_scaled_when_nothing_was_learned(tmp_path: Path) -> None:
    assert set(ModelCards(tmp_path).learned().values()) == {1.0}
    assert set(_learned(tmp_path, weights={"audio": 1.0}).learned().values()) == {1.0}


def test_the_exponent_is_the_learned_one_when_nobody_sets_another() -> None:
    manifest = load_manifest(CommonSettings().models_dir, FUSION)
    assert manifest.preprocessing[EXPONENT] == pytest.approx(FusionSettings().pool_exponent, abs=1e-3)
