"""The publishing gate: a trained model is published only where it is better than the served one."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from services.common.serving.registry import Manifest, Metric, TensorSpec
from services.common.serving.versions import pin_version
from services.training.metrics import recall_shares
from services.training.publishing import (
    HELD_OUT_FILE,
    Comparison,
    HeldOut,
    Served,
    compare,
    describe,
    publish_if_better,
    read_served,
)
from services.training.results import confusion_of, uar_of

MODEL, PROTOCOL, DATA = "voice", "five folds", {"corpus": "ab" * 32}
SPEC = TensorSpec(name="x", shape=[None, 1])
PEOPLE = np.repeat(np.arange(40), 5)


def held_out(right: float, *, seed: int = 0, **changes: object) -> HeldOut:
    """200 rows of 40 people, of which about that share is right."""
    hits = (np.random.default_rng(seed).random(len(PEOPLE)) < right).astype(float)
    values = {"metric": "accuracy", "protocol": PROTOCOL, "data": DATA, "seeds": [0]} | changes
    return HeldOut.of(hits, PEOPLE, **values)  # type: ignore[arg-type]


def manifest(version: int = 3, value: float = 0.5, **changes: object) -> Manifest:
    metric = Metric(name="accuracy", value=value, low=value - 0.1, high=value + 0.1, protocol=PROTOCOL)
    values = {"training_data": DATA, "seed": 0, "metrics": [metric]} | changes
    return Manifest(
        name=MODEL,
        version=version,
        labels=[],
        input=SPEC,
        output=SPEC,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        licence="none",
        **values,  # type: ignore[arg-type]
    )


def test_the_difference_is_paired_when_both_are_known_row_by_row() -> None:
    ours, theirs = held_out(0.9), held_out(0.6, seed=1)
    found = compare(MODEL, ours, Served(manifest(), theirs))
    assert found.better
    assert found.served == theirs.figure
    gains = np.subtract(ours.shares, theirs.shares)
    assert found.difference is not None
    assert found.difference.value == pytest.approx(gains.mean(), abs=1e-6)
    assert found.difference.low is not None
    assert 0 < found.difference.low < found.difference.value
    assert not compare(MODEL, theirs, Served(manifest(), ours)).better


def test_pairing_narrows_the_interval_when_both_err_on_the_same_rows() -> None:
    theirs = held_out(0.6)
    shares = np.array(theirs.shares)
    shares[np.flatnonzero(shares == 0)[:4]] = 1.0
    ours = theirs.model_copy(update={"shares": shares.tolist()})
    found = compare(MODEL, ours, Served(manifest(), theirs))
    alone, paired = found.held_out.figure, found.difference
    assert paired is not None
    assert (paired.high or 0) - (paired.low or 0) < ((alone.high or 0) - (alone.low or 0)) / 2


def test_a_model_is_not_better_than_itself_when_it_is_trained_again() -> None:
    same = held_out(2 / 3)
    assert not compare(MODEL, same, Served(manifest(), same)).better
    rounded = round(float(np.mean(same.shares)), 6)
    assert not compare(MODEL, same, Served(manifest(value=rounded), None)).better


def test_published_figures_are_compared_when_the_served_version_kept_no_rows() -> None:
    better = compare(MODEL, held_out(0.7), Served(manifest(value=0.5), None))
    assert better.better
    assert better.difference is None
    assert "kept no scores of single rows" in "\n".join(describe(better))
    assert not compare(MODEL, held_out(0.7), Served(manifest(value=0.9), None)).better


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"protocol": "leaky"}, "another protocol"),
        ({"data": {"corpus": "cd" * 32}}, "other data"),
        ({"seeds": [1]}, "folds of other seeds"),
        ({"metric": "r2"}, "another metric"),
    ],
)
def test_a_model_is_not_better_when_it_was_measured_otherwise(
    changes: dict[str, object], reason: str
) -> None:
    found = compare(MODEL, held_out(1.0, **changes), Served(manifest(), held_out(0.1)))
    assert not found.better
    assert found.obstacle == f"it was measured with {reason}."


@pytest.mark.parametrize(
    ("served", "reason"),
    [
        ({"training_data": {}}, "other data"),
        ({"seed": 4}, "folds are of seed 4; name that one with --seed"),
        ({"metrics": []}, "no accuracy of that protocol"),
    ],
)
def test_a_manifest_is_no_measure_when_it_tells_of_something_else(
    served: dict[str, object], reason: str
) -> None:
    found = compare(MODEL, held_out(1.0), Served(manifest(**served), None))
    assert not found.better
    assert reason in found.obstacle


def test_the_first_version_is_published_when_nothing_is_served(tmp_path: Path) -> None:
    outcome = publish_if_better(MODEL, held_out(0.1), read_served(tmp_path, MODEL), lambda: manifest(1))
    assert outcome.manifest == manifest(1)
    assert "nothing is served yet" in outcome.text
    assert outcome.text.endswith("voice: published as version 1")


def test_nothing_is_exported_when_the_trained_model_is_not_better() -> None:
    exported: list[str] = []

    def export() -> Manifest:
        exported.append("written")
        return manifest(4)

    served = Served(manifest(), held_out(0.8, seed=1))
    outcome = publish_if_better(MODEL, held_out(0.4), served, export)
    assert (outcome.manifest, exported) == (None, [])
    assert "not better, not published" in outcome.text
    assert "--publish-anyway" in outcome.text
    told = publish_if_better(MODEL, held_out(0.4), served, export, anyway=True)
    assert told.manifest is not None
    assert "published as version 4, though it is not better" in told.text


def test_both_figures_have_intervals_when_a_comparison_is_described() -> None:
    found = compare(MODEL, held_out(0.9), Served(manifest(), held_out(0.6, seed=1)))
    head, trained, served, difference = describe(found)
    assert head == "voice: accuracy in percent, five folds, n 200"
    assert trained.split("trained now")[1].count("[") == 1
    assert served.startswith("  served version 3 ")
    assert served.count("[") == 1
    assert difference.endswith("its interval excludes 0")
    level = Comparison(MODEL, held_out(0.5), 3, held_out(0.5, seed=2).figure, held_out(0.5).figure)
    zero = level.held_out.figure.model_copy(update={"value": 0.0, "low": -0.1, "high": 0.1})
    assert "includes 0" in describe(Comparison(MODEL, held_out(0.5), 3, zero, zero))[-1]


def test_rows_are_read_back_when_a_version_kept_them(tmp_path: Path) -> None:
    rows = held_out(0.7)
    for version in (1, 2):
        folder = tmp_path / MODEL / str(version)
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(manifest(version).model_dump_json())
    for name, content in rows.asset.items():
        (tmp_path / MODEL / "1" / name).write_bytes(content)
    newest = read_served(tmp_path, MODEL)
    assert newest == Served(manifest(2), None)
    pin_version(tmp_path, MODEL, 1)
    assert read_served(tmp_path, MODEL) == Served(manifest(1), rows)
    assert list(rows.asset) == [HELD_OUT_FILE]


def test_shares_sum_to_the_recall_when_classes_are_uneven() -> None:
    generator = np.random.default_rng(0)
    truth, named = generator.choice(3, 60, p=[0.7, 0.2, 0.1]), generator.integers(3, size=60)
    shares = recall_shares(truth, named, classes=5)
    assert shares.sum() == pytest.approx(uar_of(confusion_of(truth, named, 5)))
