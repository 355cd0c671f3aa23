"""From a trained network and what it reached to a version of `face_emotion` and of its maps."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.common.contracts.labels import EMOTIONS
from services.common.contracts.model_ref import ModelRef
from services.common.serving.registry import FACE_EMOTION, Manifest, Metric
from services.training.artifacts import export_model, next_version
from services.training.card import with_interval
from services.training.results import ResultRow, write_results
from services.video.features import CROP, CROP_SIZE_PX, network_input
from services.video.settings import VideoSettings
from services.video.training.activation import Release, average_maps, export_activation, write_averages
from services.video.training.batches import LabelledFaces
from services.video.training.card import LICENCE, Figures, Wording, write_card
from services.video.training.evaluate import corpus_name
from services.video.training.measure import Measured
from services.video.training.recipe import LOOKS, ResidualRecipe
from services.video.training.report import SUBJECT
from services.video.training.tables import SYSTEM, served_rows

PROTOCOL = (
    "trained on train with FER+ votes, fixed number of epochs, averaged weights; temperature and looks "
    "from a held-out tenth of train; public chose between recipes"
)
HELD_OUT_PROTOCOL = "a tenth of train, which chose temperature and looks"
CHOSEN = """The number of epochs
({epochs}) was fixed beforehand; the averaged weights of the last one are served. That tenth chose the
temperature and the looks (least negative log-likelihood); `public` chose between recipes."""
LOOKED = """Served: the mean over {looks}.
Accuracy on `public` by looks: {accuracies}."""
VOTES = """Beside the FER2013 labels the network learnt the FER+ votes (Barsoum et al. 2016, MIT licence) of
the same images, with a second head that is not served: {accuracy} % of the {n:,} images of `public`
with a FER+ majority, eight classes."""


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """A trained network and what it reached.

    Attributes:
        network: of `residual.residual_network`, with the trained weights.
        networks: the same by name of its looks.
        measured: what it reached.
        recipe: of the run.
        seed: of the run.
        public: what it was scored on.
        digests: partition to SHA-256 of what was trained on and scored.
    """

    network: Any
    networks: Mapping[str, Any]
    measured: Measured
    recipe: ResidualRecipe
    seed: int
    public: LabelledFaces
    digests: Mapping[str, str]


def publish(run: ScoredRun, *, models_dir: Path, results_dir: Path | None) -> Manifest:
    """Export the network and its class activation maps as the next version, and write its results.

    The maps come first, so that a version that is served always finds them. Everything is measured before
    anything is written.

    Args:
        run: what is published.
        models_dir: where both versions are written.
        results_dir: where rows and average maps are written; None to write none.
    """
    from services.video.training.residual import activation_maps

    release = Release(
        explains=ModelRef(name=FACE_EMOTION, version=next_version(models_dir, FACE_EMOTION)),
        preprocessing=_preprocessing(run),
        training_data={corpus_name("train"): run.digests["train"]},
        seed=run.seed,
        models_dir=models_dir,
        check_batch=network_input(run.public.images[:64]),
    )
    maps = activation_maps(run.network, LOOKS[run.measured.looks])
    bias = run.network.get_layer("fer2013").get_weights()[1]
    rows, averages = [], []
    if results_dir is not None:
        rows, averages = _rows(run), average_maps(maps, bias, run.public, VideoSettings())
    export_activation(maps, run.networks[run.measured.looks], release, bias=bias)
    manifest = _export(run, release)
    if results_dir is not None:
        digests = {corpus_name(part): digest for part, digest in run.digests.items()}
        write_results(rows, subject=SUBJECT, system=SYSTEM, data_hash=digests, folder=results_dir)
        write_averages(averages, explains=release.explains, folder=results_dir / "face_activation")
    return manifest


def _preprocessing(run: ScoredRun) -> dict[str, Any]:
    return {
        "crop_px": CROP_SIZE_PX,
        "channels": "grey",
        "range": [0.0, 1.0],
        "crop_geometry": CROP._asdict(),
        "temperature": run.measured.figures.temperature,
        "looks": [look._asdict() for look in LOOKS[run.measured.looks]],
        "recipe": asdict(run.recipe),
        "trained_images": run.measured.figures.trained_images,
    }


def _export(run: ScoredRun, release: Release) -> Manifest:
    from services.video.training.residual import served

    figures = run.measured.figures
    return export_model(
        served(run.networks[run.measured.looks], temperature=figures.temperature),
        name=FACE_EMOTION,
        labels=[str(emotion) for emotion in EMOTIONS],
        preprocessing=release.preprocessing,
        training_data=release.training_data,
        metrics=manifest_metrics(figures),
        seed=release.seed,
        licence=LICENCE,
        card=write_card(figures, wording=_wording(run), seed=release.seed),
        models_dir=release.models_dir,
        check_batch=release.check_batch,
        version=release.explains.version,
    )


def _rows(run: ScoredRun) -> list[ResultRow]:
    return served_rows(
        run.networks,
        looks=run.measured.looks,
        temperature=run.measured.figures.temperature,
        public=run.public,
        seed=run.seed,
    )


def _wording(run: ScoredRun) -> Wording:
    measured = run.measured
    return Wording(
        chosen=CHOSEN.format(epochs=run.recipe.epochs),
        looks=LOOKED.format(
            looks=measured.looks,
            accuracies="; ".join(f"{name} {100 * share:.1f}" for name, share in measured.accuracies.items()),
        ),
        votes=VOTES.format(
            accuracy=with_interval(measured.ferplus.accuracy, measured.ferplus_interval), n=measured.ferplus.n
        )
        if run.recipe.votes_weight
        else "",
    )


def manifest_metrics(figures: Figures) -> list[Metric]:
    """Return the figures of a manifest, accuracy on `public` first."""
    scores = figures.public
    found = [
        Metric(
            name=name,
            value=getattr(scores, name),
            low=interval.low,
            high=interval.high,
            n=scores.n,
            protocol=PROTOCOL,
        )
        for name, interval in figures.intervals.items()
    ]
    return [
        *found,
        Metric(name="macro_f1", value=scores.macro_f1, n=scores.n, protocol=PROTOCOL),
        Metric(name="ece", value=scores.ece, n=scores.n, protocol=PROTOCOL),
        Metric(name="ece_uncalibrated", value=figures.before.ece, n=scores.n, protocol=PROTOCOL),
        Metric(name="nll", value=scores.nll, n=scores.n, protocol=PROTOCOL),
        Metric(name="majority", value=scores.majority, n=scores.n, protocol="always the most frequent label"),
        Metric(
            name="accuracy", value=figures.held_out.accuracy, n=figures.held_out.n, protocol=HELD_OUT_PROTOCOL
        ),
    ]
