"""Score and export what `torch_fit` trained: `python -m services.video.training.finish --data DIR`.

Two models come out, `face_emotion` and its class activation maps, and the average map per emotion. Needs no
PyTorch: the averaged weights of the last epoch lie in the run's folder as NumPy arrays.
"""

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from services.common.contracts.labels import EMOTIONS
from services.common.contracts.model_ref import ModelRef
from services.common.serving.registry import FACE_EMOTION, Manifest, load_manifest
from services.common.settings import REPOSITORY
from services.training.artifacts import data_hash, export_model, load_tensorflow, next_version
from services.training.card import with_interval
from services.video.features import CROP, CROP_SIZE_PX, network_input
from services.video.settings import VideoSettings
from services.video.training.activation import Release, average_maps, export_activation, write_averages
from services.video.training.batches import LabelledFaces, load_labelled
from services.video.training.card import Wording, write_card
from services.video.training.dataset import held_out_rows, partition_path
from services.video.training.evaluate import corpus_name
from services.video.training.measure import Measured, measure
from services.video.training.recipe import LOOKS, ResidualRecipe
from services.video.training.torch_fit import (
    HELD_OUT_SHARE,
    HISTORY_FILE,
    WEIGHTS_FILE,
    run_folder,
)
from services.video.training.train import LICENCE, manifest_metrics

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
DEPLOY = REPOSITORY / "deploy"
VOTES = """Beside the FER2013 labels the network learnt the FER+ votes (Barsoum et al. 2016, MIT licence) of
the same images, with a second head that is not served: {accuracy} % of the {n:,} images of `public`
with a FER+ majority, eight classes."""
log = logging.getLogger(__name__)


class NotBetterError(ValueError):
    """The run is not finished, or what it reached is no reason to replace the served model."""


def load_run(folder: Path, recipe: ResidualRecipe) -> Any:
    """The Keras network with the averaged weights of a run's last epoch.

    Raises:
        FileNotFoundError: the run has no whole epoch yet.
        KeyError, ValueError: the weights belong to another recipe.
    """
    load_tensorflow()
    from services.video.training.residual import put_weights, residual_network

    network = residual_network(recipe)
    with np.load(folder / WEIGHTS_FILE, allow_pickle=False) as weights:
        put_weights(network, recipe, dict(weights))
    return network


def finish(
    data: Path,
    *,
    folder: Path,
    recipe: ResidualRecipe,
    seed: int,
    deploy_dir: Path,
    only_score: bool = False,
    trial: bool = False,
) -> tuple[Measured, Manifest | None]:
    """Score a run, and export it as the next version where it beats the served one on `public`.

    Args:
        data: folder of the corpora.
        folder: of the run.
        recipe: of the run.
        seed: of the run.
        deploy_dir: holds `models/`; the average maps go to its `results/face_activation/` and `images/`.
        only_score: export nothing; allowed before the last epoch.
        trial: export whatever the run has reached, better or not; for a `deploy_dir` of its own.

    Raises:
        NotBetterError: epochs are missing, or the served model is at least as good. Nothing was written.
        FileNotFoundError: the run or the data are missing.
    """
    done = len(json.loads((folder / HISTORY_FILE).read_text(encoding="utf-8")))
    if done < recipe.epochs and not (only_score or trial):
        raise NotBetterError(f"{done} of {recipe.epochs} epochs are done")
    network = load_run(folder, recipe)
    from services.video.training.residual import looking

    networks = {name: looking(network, looks) for name, looks in LOOKS.items()}
    train, public = load_labelled(data, "train"), load_labelled(data, "public")
    kept, held_out = held_out_rows(train.faces, share=HELD_OUT_SHARE, seed=seed)
    measured = measure(networks, held_out=train.take(held_out), public=public, trained_images=len(kept))
    if only_score:
        return measured, None
    served_accuracy = _accuracy_of_served(deploy_dir / "models")
    if measured.figures.public.accuracy <= served_accuracy and not trial:
        raise NotBetterError(
            f"{measured.figures.public.accuracy:.4f} on public, the served model has {served_accuracy:.4f}"
        )
    release = Release(
        explains=ModelRef(name=FACE_EMOTION, version=next_version(deploy_dir / "models", FACE_EMOTION)),
        preprocessing=_preprocessing(measured, recipe),
        training_data={corpus_name("train"): data_hash([partition_path(data, "train")])},
        seed=seed,
        models_dir=deploy_dir / "models",
        check_batch=network_input(public.images[:64]),
    )
    model = networks[measured.looks]
    _export_maps(network, model, measured, release, public=public, deploy_dir=deploy_dir)
    return measured, _export(model, measured, release, recipe=recipe)


def _accuracy_of_served(models_dir: Path) -> float:
    """Accuracy on `public` by the manifest of the newest version; 0 where there is none."""
    if not (models_dir / FACE_EMOTION).is_dir():
        return 0.0
    return load_manifest(models_dir, FACE_EMOTION).metrics[0].value


def _preprocessing(measured: Measured, recipe: ResidualRecipe) -> dict[str, Any]:
    return {
        "crop_px": CROP_SIZE_PX,
        "channels": "grey",
        "range": [0.0, 1.0],
        "crop_geometry": CROP._asdict(),
        "temperature": measured.figures.temperature,
        "looks": [look._asdict() for look in LOOKS[measured.looks]],
        "recipe": asdict(recipe),
    }


def _export_maps(
    network: Any,
    model: Any,
    measured: Measured,
    release: Release,
    *,
    public: LabelledFaces,
    deploy_dir: Path,
) -> None:
    """Before the model itself: a version that is served always finds its maps."""
    from services.video.training.residual import activation_maps

    maps = activation_maps(network, LOOKS[measured.looks])
    bias = network.get_layer("fer2013").get_weights()[1]
    export_activation(maps, model, release, bias=bias)
    write_averages(
        average_maps(maps, bias, public, VideoSettings()),
        explains=release.explains,
        results_dir=deploy_dir / "results" / "face_activation",
        images_dir=deploy_dir / "images",
    )


def _export(model: Any, measured: Measured, release: Release, *, recipe: ResidualRecipe) -> Manifest:
    from services.video.training.residual import served

    figures = measured.figures
    return export_model(
        served(model, temperature=figures.temperature),
        name=FACE_EMOTION,
        labels=[str(emotion) for emotion in EMOTIONS],
        preprocessing=release.preprocessing,
        training_data=release.training_data,
        metrics=manifest_metrics(figures, protocol=PROTOCOL, held_out_protocol=HELD_OUT_PROTOCOL),
        seed=release.seed,
        licence=LICENCE,
        card=write_card(figures, wording=_wording(measured, recipe), seed=release.seed),
        models_dir=release.models_dir,
        check_batch=release.check_batch,
        version=release.explains.version,
    )


def _wording(measured: Measured, recipe: ResidualRecipe) -> Wording:
    return Wording(
        chosen=CHOSEN.format(epochs=recipe.epochs),
        looks=LOOKED.format(
            looks=measured.looks,
            accuracies="; ".join(f"{name} {100 * share:.1f}" for name, share in measured.accuracies.items()),
        ),
        votes=VOTES.format(
            accuracy=with_interval(measured.ferplus.accuracy, measured.ferplus_interval), n=measured.ferplus.n
        )
        if recipe.votes_weight
        else "",
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data")
    parser.add_argument(
        "--trial", type=Path, help="export what the run has reached, better or not, into this folder"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-votes", action="store_true", help="the run without the FER+ labels")
    parser.add_argument("--only-score", action="store_true", help="export nothing; any epoch will do")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe = ResidualRecipe(votes_weight=0.0) if chosen.no_votes else ResidualRecipe()
    measured, manifest = finish(
        chosen.data,
        folder=run_folder(recipe, seed=chosen.seed, data=chosen.data),
        recipe=recipe,
        seed=chosen.seed,
        deploy_dir=chosen.trial or DEPLOY,
        only_score=chosen.only_score,
        trial=chosen.trial is not None,
    )
    log.info("%s", json.dumps(measured.summary(), indent=1))
    if manifest is not None:
        log.info("exported %s and its maps, version %d", manifest.name, manifest.version)


if __name__ == "__main__":
    main()
