"""Score and export what `torch_fit` trained: `python -m services.video.training.finish --data DIR`.

Needs no PyTorch: the averaged weights of the last epoch lie in the run's folder as NumPy arrays.
"""

import argparse
import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from services.common.contracts.labels import EMOTIONS
from services.common.serving.registry import FACE_EMOTION, Manifest, load_manifest
from services.common.settings import REPOSITORY
from services.training.artifacts import data_hash, export_model, load_tensorflow
from services.training.card import with_interval
from services.video.features import CROP, CROP_SIZE_PX, network_input
from services.video.training.batches import load_labelled
from services.video.training.card import Wording, write_card
from services.video.training.dataset import FloatArray, held_out_rows, partition_path
from services.video.training.evaluate import corpus_name
from services.video.training.measure import Measured, measure
from services.video.training.recipe import ResidualRecipe
from services.video.training.torch_fit import (
    HELD_OUT_SHARE,
    HISTORY_FILE,
    WEIGHTS_FILE,
    run_folder,
)
from services.video.training.train import LICENCE, manifest_metrics

PROTOCOL = (
    "trained on train with FER+ votes, fixed number of epochs, averaged weights; temperature and mirroring "
    "from a held-out tenth of train; public chose between recipes"
)
HELD_OUT_PROTOCOL = "a tenth of train, which chose temperature and mirroring"
CHOSEN = """The number of epochs
({epochs}) was fixed beforehand; the averaged weights of the last one are served. That tenth chose the
temperature (least negative log-likelihood) and whether to mirror; `public` chose between recipes."""
LOOKS = """Served: {looks};
accuracy on `public` without mirroring {one_way:.1f}, with it {both_ways:.1f}."""
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
    models_dir: Path,
    only_score: bool = False,
) -> tuple[Measured, Manifest | None]:
    """Score a run, and export it as the next version where it beats the served one on `public`.

    Args:
        data: folder of the corpora.
        folder: of the run.
        recipe: of the run.
        seed: of the run.
        models_dir: where versions are written.
        only_score: export nothing; allowed before the last epoch.

    Raises:
        NotBetterError: epochs are missing, or the served model is at least as good. Nothing was written.
        FileNotFoundError: the run or the data are missing.
    """
    done = len(json.loads((folder / HISTORY_FILE).read_text(encoding="utf-8")))
    if done < recipe.epochs and not only_score:
        raise NotBetterError(f"{done} of {recipe.epochs} epochs are done")
    network = load_run(folder, recipe)
    from services.video.training.residual import both_ways

    mirroring = both_ways(network)
    train, public = load_labelled(data, "train"), load_labelled(data, "public")
    kept, held_out = held_out_rows(train.faces, share=HELD_OUT_SHARE, seed=seed)
    measured = measure(
        network, mirroring, held_out=train.take(held_out), public=public, trained_images=len(kept)
    )
    if only_score:
        return measured, None
    served_accuracy = _accuracy_of_served(models_dir)
    if measured.figures.public.accuracy <= served_accuracy:
        raise NotBetterError(
            f"{measured.figures.public.accuracy:.4f} on public, the served model has {served_accuracy:.4f}"
        )
    model = mirroring if measured.mirrored else network
    digest = data_hash([partition_path(data, "train")])
    return measured, _export(
        model,
        measured,
        recipe=recipe,
        seed=seed,
        models_dir=models_dir,
        training_data={corpus_name("train"): digest},
        check_batch=network_input(public.images[:64]),
    )


def _accuracy_of_served(models_dir: Path) -> float:
    """Accuracy on `public` by the manifest of the newest version; 0 where there is none."""
    if not (models_dir / FACE_EMOTION).is_dir():
        return 0.0
    return load_manifest(models_dir, FACE_EMOTION).metrics[0].value


def _export(
    model: Any,
    measured: Measured,
    *,
    recipe: ResidualRecipe,
    seed: int,
    models_dir: Path,
    training_data: dict[str, str],
    check_batch: FloatArray,
) -> Manifest:
    from services.video.training.residual import served

    figures = measured.figures
    return export_model(
        served(model, temperature=figures.temperature),
        name=FACE_EMOTION,
        labels=[str(emotion) for emotion in EMOTIONS],
        preprocessing={
            "crop_px": CROP_SIZE_PX,
            "channels": "grey",
            "range": [0.0, 1.0],
            "crop_geometry": CROP._asdict(),
            "temperature": figures.temperature,
            "mirrored_second_look": measured.mirrored,
            "recipe": asdict(recipe),
        },
        training_data=training_data,
        metrics=manifest_metrics(figures, protocol=PROTOCOL, held_out_protocol=HELD_OUT_PROTOCOL),
        seed=seed,
        licence=LICENCE,
        card=write_card(figures, wording=_wording(measured, recipe), seed=seed),
        models_dir=models_dir,
        check_batch=check_batch,
    )


def _wording(measured: Measured, recipe: ResidualRecipe) -> Wording:
    return Wording(
        chosen=CHOSEN.format(epochs=recipe.epochs),
        looks=LOOKS.format(
            looks="crop and mirror image, averaged" if measured.mirrored else "one crop",
            one_way=100 * measured.one_way,
            both_ways=100 * measured.both_ways,
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
    parser.add_argument("--models-dir", type=Path, default=REPOSITORY / "deploy" / "models")
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
        models_dir=chosen.models_dir,
        only_score=chosen.only_score,
    )
    log.info("%s", json.dumps(measured.summary(), indent=1))
    if manifest is not None:
        log.info("exported %s version %d", manifest.name, manifest.version)


if __name__ == "__main__":
    main()
