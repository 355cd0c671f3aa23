"""`candor train`: fit and export a new version of a model, or measure a system it is compared with."""

import json
import logging
import sys
from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from candor.exits import EXIT_UNUSABLE


class ModelChoice(StrEnum):
    """What can be trained and scored, by the name that people use; speech is only scored, norms only made."""

    TEXT = "text"
    VOICE = "voice"
    FACE = "face"
    SPEECH = "speech"
    FUSION = "fusion"
    NORMS = "norms"

    @property
    def package(self) -> str:
        """The package that trains and scores the model, of the process that serves it."""
        packages = {
            "text": "services.text.training",
            "voice": "services.audio.training",
            "face": "services.video.training",
            "speech": "services.audio.training.speech",
            "fusion": "fusion.training",
            "norms": "fusion.training",
        }
        return packages[self]


def train(
    model: Annotated[ModelChoice, typer.Argument(help="Which model.")],
    data: Annotated[Path | None, typer.Option(envvar="CANDOR_DATA", help="Folder of the corpora.")] = None,
    models_dir: Annotated[
        Path | None, typer.Option(help="Where the new version is written (deploy/models by default).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of folds, weights and augmentation.")] = 0,
    system: Annotated[
        str | None,
        typer.Option(help="Measure a system that the model is compared with instead; nothing is exported."),
    ] = None,
    list_systems: Annotated[bool, typer.Option("--list-systems", help="List those systems.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Print the table of all results.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="With --report: in Markdown.")] = False,
    results_dir: Annotated[
        Path | None, typer.Option(help="Folder of the results files (deploy/results by default).")
    ] = None,
) -> None:
    """Train on the corpora, measure out of fold, calibrate, export the next version. Takes a while."""
    if model is ModelChoice.SPEECH:
        raise _unusable(
            "what writes speech down is not trained here; measure it with: candor evaluate speech"
        )
    require_training_packages()
    if model is ModelChoice.NORMS:
        if list_systems or report or markdown or system is not None:
            raise _unusable("norms have no systems and no results; make them with: candor train norms")
        _make_norms(data, models_dir=models_dir)
    elif list_systems:
        _list_systems(model)
    elif report or markdown:
        _show(model, _results(results_dir), as_markdown=markdown)
    elif system is not None:
        _measure(model, system, data, seed=seed, results=_results(results_dir))
    else:
        _train(model, data, models_dir=models_dir, seed=seed)


def _results(folder: Path | None) -> Path:
    from services.common.settings import REPOSITORY

    return folder or REPOSITORY / "deploy" / "results"


def _train(model: ModelChoice, data: Path | None, *, models_dir: Path | None, seed: int) -> None:
    from candor.views.progress import progress_display
    from services.common.settings import CommonSettings

    settings = CommonSettings()
    folder = require_folder(data or settings.data)
    _log_to_stderr()
    with progress_display(visible=sys.stderr.isatty()) as display:
        if model is ModelChoice.FUSION:
            _score_voice(folder, models_dir=models_dir or settings.models_dir, display=display)
        task = display.add_task(f"training {model}", total=1.0)
        manifest = import_module(f"{model.package}.train").train(
            folder,
            models_dir=models_dir or settings.models_dir,
            seed=seed,
            progress=lambda share: display.update(task, completed=share),
        )
    typer.echo(manifest.model_dump_json())


def _make_norms(data: Path | None, *, models_dir: Path | None) -> None:
    """Write `fusion/norms/*.json` (`FUSION_NORMS_DIR`) for the served models."""
    from candor.reference_norms import make_norms
    from candor.views.progress import progress_display
    from fusion.settings import FusionSettings
    from services.common.settings import CommonSettings

    settings = CommonSettings()
    folder = require_folder(data or settings.data)
    norms_dir = FusionSettings().norms_dir
    _log_to_stderr()
    with progress_display(visible=sys.stderr.isatty()) as display:

        def stage(name: str) -> Callable[[float], None]:
            task = display.add_task(f"norms: {name}", total=1.0)
            return lambda share: display.update(task, completed=share)

        try:
            people = make_norms(
                folder, models_dir=models_dir or settings.models_dir, folder=norms_dir, stage=stage
            )
        except FileNotFoundError as fault:
            raise _unusable(fault) from fault
    typer.echo(json.dumps({str(norms_dir / name): count for name, count in people.items()}))


def _score_voice(data: Path, *, models_dir: Path, display: Any) -> None:
    """Let the voice model score the clips that the fusion learns from: fusion imports no service."""
    from services.audio.training.held_out import write_held_out

    fusion = import_module("fusion.training.train")
    task = display.add_task("scoring voices", total=1.0)
    write_held_out(
        data,
        fusion.VOICE_FILE,
        models_dir=models_dir,
        seeds=fusion.SEEDS,
        progress=lambda share: display.update(task, completed=share),
    )


def _draw_voices(data: Path, path: Path, *, display: Any) -> None:
    """Let the audio service draw RAVDESS as log-mel pictures, for the same reason."""
    from services.audio.training.mel_images import write_mel_images

    task = display.add_task("drawing voices", total=1.0)
    write_mel_images(data, path, progress=lambda share: display.update(task, completed=share))


def _list_systems(model: ModelChoice) -> None:
    systems = _part(model, "reference.systems").SYSTEMS.systems
    width = max(len(system.name) for system in systems)
    for system in systems:
        typer.echo(f"{system.name:<{width}}  {system.about}")


def _measure(model: ModelChoice, system: str, data: Path | None, *, seed: int, results: Path) -> None:
    from candor.views.progress import progress_display
    from services.common.settings import REPOSITORY, CommonSettings

    reference = _part(model, "reference.systems")
    try:
        reference.SYSTEMS.find(system)
    except ValueError as fault:
        raise _unusable(fault) from fault
    folder, runs = require_folder(data or CommonSettings().data), REPOSITORY / "runs"
    _log_to_stderr()
    with progress_display(visible=sys.stderr.isatty()) as display:
        if model is ModelChoice.FUSION and not (mel_file := reference.mel_file(runs)).exists():
            _draw_voices(folder, mel_file, display=display)
        task = display.add_task(f"measuring {system}", total=1.0)
        try:
            reference.SYSTEMS.measure(
                system,
                folder,
                seed=seed,
                results=results,
                runs=runs,
                progress=lambda share: display.update(task, completed=share),
            )
        except FileNotFoundError as fault:
            raise _unusable(fault) from fault
    _show(model, results, system=system)


def _show(model: ModelChoice, folder: Path, *, as_markdown: bool = False, system: str | None = None) -> None:
    """Print the results of all systems, or of one."""
    from candor.views.results import print_tables

    report = _part(model, "report")
    try:
        files = report.results(folder, system=system)
    except FileNotFoundError as fault:
        raise _unusable(fault) from fault
    if as_markdown:
        typer.echo(report.markdown(files))
    else:
        print_tables(report.tables(files), footnotes=report.footnotes(files))


def _part(model: ModelChoice, name: str) -> Any:
    """Return a module of the model's training package."""
    return import_module(f"{model.package}.{name}")


def _unusable(fault: object) -> typer.Exit:
    """Say what is wrong; the exit to raise."""
    typer.echo(f"candor: {fault}", err=True)
    return typer.Exit(EXIT_UNUSABLE)


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)


def require_folder(folder: Path) -> Path:
    """Return `folder`, or exit and say what to do about it."""
    if folder.is_dir():
        return folder
    raise _unusable(f"there is no folder {folder}; name the corpora with --data or CANDOR_DATA.")


def require_training_packages() -> None:
    """Exit with what to install, where TensorFlow is missing."""
    if find_spec("tensorflow") is None:
        raise _unusable("training needs TensorFlow; install it with: make venv-dev")
