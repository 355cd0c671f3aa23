"""`candor train`: fit and export a new version of a model."""

import logging
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

EXIT_UNUSABLE = 2


class ModelChoice(StrEnum):
    """What can be trained, by the name that people use."""

    TEXT = "text"
    VOICE = "voice"
    FACE = "face"

    @property
    def package(self) -> str:
        """The training package of the service that serves the model."""
        services = {"text": "text", "voice": "audio", "face": "video"}
        return f"services.{services[self]}.training"


def train(
    model: Annotated[ModelChoice, typer.Argument(help="Which model.")],
    data: Annotated[Path | None, typer.Option(envvar="CANDOR_DATA", help="Folder of the corpora.")] = None,
    models_dir: Annotated[
        Path | None, typer.Option(help="Where the new version is written (deploy/models by default).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of folds, weights and augmentation.")] = 0,
) -> None:
    """Train on the corpora, measure out of fold, calibrate, export the next version. Takes a while."""
    from importlib import import_module

    from deploy.progress import progress_display
    from services.common.settings import CommonSettings

    require_training_packages()
    settings = CommonSettings()
    folder = require_folder(data or settings.data)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    with progress_display(visible=sys.stderr.isatty()) as display:
        task = display.add_task(f"training {model}", total=1.0)
        manifest = import_module(f"{model.package}.train").train(
            folder,
            models_dir=models_dir or settings.models_dir,
            seed=seed,
            progress=lambda share: display.update(task, completed=share),
        )
    typer.echo(manifest.model_dump_json())


def require_folder(folder: Path) -> Path:
    """`folder`, or exit with what to do about it."""
    if folder.is_dir():
        return folder
    typer.echo(f"candor: there is no folder {folder}; name the corpora with --data or CANDOR_DATA.", err=True)
    raise typer.Exit(EXIT_UNUSABLE)


def require_training_packages() -> None:
    """Exit with what to install, where TensorFlow is missing."""
    from importlib.util import find_spec

    if find_spec("tensorflow") is None:
        typer.echo("candor: training needs TensorFlow; install it with: make venv-dev", err=True)
        raise typer.Exit(EXIT_UNUSABLE)
