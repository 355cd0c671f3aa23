"""Measure ways to combine channels, choose one on inner folds, and write the numbers that are served.

`candor train fusion` first lets the voice model score RAVDESS out of fold (`voice_file`).
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from fusion.combine import reliability_from_uar
from fusion.reliability import COVERAGE, EXPONENT, FUSION, RELIABILITY, WEIGHTS_KEY
from fusion.training.card import write_card
from fusion.training.measure import (
    NETWORK_SYSTEM,
    SETTINGS,
    SUBJECT,
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
from services.training.artifacts import git_commit, next_version
from services.training.folders import Folders
from services.training.metrics import recall_shares
from services.training.publishing import HeldOut, Outcome, publish_if_better, read_served
from services.training.results import ResultRow, confusion_of, uar_of

LICENCE = "CC-BY-NC-SA-4.0"
SEEDS = (0, 1, 2)
PROTOCOL = "RAVDESS voice and action units, actors 01-20, nested folds of 4 actors, 7 labels"
log = logging.getLogger(__name__)


def voice_file(runs: Path) -> Path:
    """Return the place of the voice's held-out scores among the runs; the audio service writes them."""
    return runs / SUBJECT / "voice.npz"


def train(
    data: Path,
    folders: Folders,
    *,
    seed: int = 0,
    publish_anyway: bool = False,
    progress: Progress = ignore_progress,
    networks: bool = True,
) -> list[Outcome]:
    """Run the whole comparison, and publish the pool's numbers where they are better than the served ones.

    Args:
        data: folder of the corpora.
        folders: where the version and the results are written; the runs hold `voice_file`.
        seed: the first seed of the folds, by which the voice was scored.
        publish_anyway: publish them, better or not.
        progress: told the share of the work done.
        networks: with the results, also measure the systems that learn both channels at once; they need
            TensorFlow.

    Returns:
        What became of the pool.

    Raises:
        FileNotFoundError: a corpus or the voice file is missing.
        ValueError: the voice file has folds of other seeds.
    """
    pairs, kept = read_pairs(voice_file(folders.runs), data), folders.runs / SUBJECT / "kept"
    if pairs.seeds[0] != seed:
        raise ValueError(f"the voice was scored with seed {pairs.seeds[0]}, not {seed}")
    rows, eight, seven = measure(pairs, kept=kept, progress=lambda share: progress(0.5 * share))
    outcome = publish_measured(pairs, seven, rows, folders, anyway=publish_anyway)
    if networks and folders.results is not None and outcome.manifest is not None:
        joint = measure_networks(pairs, eight, kept=kept, progress=lambda share: progress(0.5 + 0.5 * share))
        save(joint, pairs, folder=folders.results, system=NETWORK_SYSTEM)
    progress(1.0)
    return [outcome]


def publish_measured(
    pairs: Pairs, seven: Helds, rows: Sequence[ResultRow], folders: Folders, *, anyway: bool
) -> Outcome:
    """Choose the method, compare it with what is served, and publish it where it is better.

    Args:
        pairs: the clips.
        seven: held-out answers over the product's labels, by setting.
        rows: everything that was measured.
        folders: where the version and the results are written.
        anyway: publish it, better or not.
    """
    chosen = chosen_method(seven)
    log.info("inner folds choose: %s", chosen)
    held_out = held_out_scores(pairs, seven, chosen=chosen)
    outcome = publish_if_better(
        FUSION,
        held_out,
        read_served(folders.models, FUSION),
        lambda: publish(pairs, seven, rows, chosen=chosen, held_out=held_out, models_dir=folders.models),
        anyway=anyway,
    )
    if folders.results is not None and outcome.manifest is not None:
        log.info("results: %s", save(rows, pairs, folder=folders.results).name)
    return outcome


def held_out_scores(pairs: Pairs, seven: Helds, *, chosen: str) -> HeldOut:
    """Return what each clip adds to the recall of the chosen method, person unknown; mean over the seeds."""
    helds = seven[False]
    truth = helds[0].samples[CLEAN].truth
    answers = [held.answers[chosen, CLEAN] for held in helds]
    each = [len(truth) * recall_shares(truth, one.argmax(axis=1), classes=one.shape[1]) for one in answers]
    return HeldOut.of(
        np.mean(each, axis=0),
        helds[0].samples[CLEAN].people,
        metric="uar",
        protocol=f"{PROTOCOL}, {SETTINGS[False]}",
        data=pairs.digests,
        seeds=pairs.seeds,
    )


def publish(
    pairs: Pairs,
    seven: Helds,
    rows: Sequence[ResultRow],
    *,
    chosen: str,
    held_out: HeldOut,
    models_dir: Path,
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
        seed=pairs.seeds[0],
        commit=git_commit(),
        created_at=datetime.now(UTC).replace(microsecond=0),
        licence=LICENCE,
        served_by_tf_serving=False,
    )
    folder = models_dir / FUSION / str(version)
    folder.mkdir(parents=True)
    (folder / "CARD.md").write_text(write_card(manifest, rows), encoding="utf-8")
    for name, content in held_out.asset.items():
        (folder / name).write_bytes(content)
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
