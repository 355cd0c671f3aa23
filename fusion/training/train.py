"""Measure ways to combine channels, choose one on inner folds, and write the numbers that are served.

`candor train fusion` first lets the voice model score RAVDESS out of fold (`runs/fusion/voice.npz`).
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fusion.combine import reliability_from_uar
from fusion.reliability import COVERAGE, EXPONENT, FUSION, RELIABILITY, WEIGHTS_KEY
from fusion.training.card import write_card
from fusion.training.measure import (
    NETWORK_SYSTEM,
    SETTINGS,
    Helds,
    chosen_method,
    measure,
    measure_networks,
    save,
)
from fusion.training.methods import PRODUCT, UNITS, VOICE, WEIGHTS
from fusion.training.pairs import Pairs, read_pairs
from fusion.training.pooling import PoolRule, Sample, fit_pool, joined
from fusion.training.protocol import CLEAN
from services.common.contracts.labels import EMOTIONS, Modality
from services.common.media.files import Progress, ignore_progress
from services.common.serving.registry import Manifest, Metric, TensorSpec
from services.common.settings import REPOSITORY
from services.training.artifacts import git_commit, next_version
from services.training.results import RESULTS, ResultRow, confusion_of, uar_of

RUNS = REPOSITORY / "runs" / "fusion"
VOICE_FILE = RUNS / "voice.npz"
KEPT = RUNS / "kept"
LICENCE = "CC-BY-NC-SA-4.0"
SEEDS = (0, 1, 2)
PROTOCOL = "RAVDESS voice and action units, actors 01-20, nested folds of 4 actors, 7 labels"
log = logging.getLogger(__name__)


def train(
    data: Path,
    *,
    models_dir: Path,
    seed: int = 0,
    progress: Progress = ignore_progress,
    voice: Path = VOICE_FILE,
    results: Path = RESULTS,
    networks: bool = True,
) -> Manifest:
    """Run the whole comparison, write the results and a new version of the pool's numbers.

    Args:
        data: folder of the corpora.
        models_dir: where the version is written.
        seed: recorded in the manifest; folds and inner folds use the seeds of the voice file.
        progress: told the share of the work done.
        voice: held-out scores of the voice model.
        results: folder of the results files.
        networks: also measure the systems that learn both channels at once; they need TensorFlow.

    Raises:
        FileNotFoundError: a corpus or the voice file is missing.
    """
    pairs = read_pairs(voice, data)
    rows, eight, seven = measure(pairs, kept=KEPT, progress=lambda share: progress(0.5 * share))
    log.info("results: %s", save(rows, pairs, folder=results).name)
    if networks:
        joint = measure_networks(pairs, eight, kept=KEPT, progress=lambda share: progress(0.5 + 0.5 * share))
        log.info("results: %s", save(joint, pairs, folder=results, system=NETWORK_SYSTEM).name)
    chosen = chosen_method(seven)
    log.info("inner folds choose: %s", chosen)
    manifest = publish(pairs, seven, rows, chosen=chosen, seed=seed, models_dir=models_dir)
    progress(1.0)
    return manifest


def publish(
    pairs: Pairs, seven: Helds, rows: Sequence[ResultRow], *, chosen: str, seed: int, models_dir: Path
) -> Manifest:
    """Fit the chosen rule on every held-out score and write it with its figures and card."""
    every = _everything(seven)
    rule = final_rule(every, chosen)
    version = next_version(models_dir, FUSION)
    manifest = Manifest(
        name=FUSION,
        version=version,
        labels=[emotion.value for emotion in EMOTIONS],
        input=TensorSpec(name="probabilities", shape=[None, len(rule.weights), len(EMOTIONS)]),
        output=TensorSpec(name="probabilities", shape=[None, len(EMOTIONS)]),
        preprocessing={
            "method": chosen,
            EXPONENT: round(rule.exponent, 4),
            WEIGHTS_KEY: _by_channel(rule.weights),
            RELIABILITY: _by_channel(_reliability(every)),
            COVERAGE: _by_channel((float(pairs.speech_share.mean()), 1.0)),
        },
        training_data=pairs.digests,
        metrics=_metrics(rows, chosen),
        seed=seed,
        commit=git_commit(),
        created_at=datetime.now(UTC).replace(microsecond=0),
        licence=LICENCE,
        served_by_tf_serving=False,
    )
    folder = models_dir / FUSION / str(version)
    folder.mkdir(parents=True)
    (folder / "CARD.md").write_text(write_card(manifest, rows), encoding="utf-8")
    (folder / "manifest.json").write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return manifest


def _everything(seven: Helds) -> Sample:
    """Return scores of all clips by models that never met their actor: both settings, all seeds, clean."""
    return joined([held.samples[CLEAN] for helds in seven.values() for held in helds])


def final_rule(sample: Sample, chosen: str) -> PoolRule:
    """Return the numbers to serve.

    Raises:
        ValueError: the method has no rule of that form.
    """
    if chosen == PRODUCT:
        trust = _reliability(sample)
        return PoolRule((trust[0] / sum(trust), trust[1] / sum(trust)))
    if chosen == WEIGHTS:
        return fit_pool(sample)
    raise ValueError(f"{chosen!r} is not served")


def _reliability(sample: Sample) -> tuple[float, float]:
    """Compute the reliability of voice and action units on these clips, as serving does from a manifest's
    recall.
    """
    classes = sample.voice.shape[1]
    voice, units = (
        reliability_from_uar(uar_of(confusion_of(sample.truth, one.argmax(axis=1), classes)), classes=classes)
        for one in (sample.voice, sample.units)
    )
    return voice, units


def _by_channel(pair: tuple[float, float]) -> dict[str, float]:
    return {Modality.AUDIO.value: round(pair[0], 4), Modality.VIDEO.value: round(pair[1], 4)}


def _metrics(rows: Sequence[ResultRow], chosen: str) -> list[Metric]:
    """Return figures of the chosen method and of both single channels over the product's labels."""
    found = []
    for row in rows:
        setting = next((name for name in SETTINGS.values() if row.protocol.endswith(name)), None)
        if "7 labels" not in row.protocol or row.title not in (chosen, VOICE, UNITS) or setting is None:
            continue
        part = {VOICE: "_voice", UNITS: "_units"}.get(row.title, "")
        found += [
            Metric(
                name=f"{name}{part}",
                value=figure.value,
                low=figure.low,
                high=figure.high,
                n=row.n,
                protocol=f"{PROTOCOL}, {setting}",
            )
            for name, figure in row.figures.items()
            if name in ("uar", "accuracy", "macro_f1", "ece", "nll", "gain")
        ]
    return found
