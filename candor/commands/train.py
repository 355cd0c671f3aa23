"""`candor train`: train a model and publish it if it is better, or measure a system it is compared with."""

import json
import logging
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from candor.exits import EXIT_NOT_BETTER, unusable

if TYPE_CHECKING:
    from services.training.folders import Folders
    from services.training.publishing import Outcome


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
        Path | None,
        typer.Option(help="The served models, and where a better one is written (deploy/models by default)."),
    ] = None,
    results_dir: Annotated[
        Path | None,
        typer.Option(
            help=(
                "Folder of the results files (deploy/results by default; none are written where --models-dir "
                "alone is given, and those of --system go to the runs)."
            )
        ),
    ] = None,
    runs_dir: Annotated[
        Path | None,
        typer.Option(help="Checkpoints and what is slow to make (runs/ by default, ignored by git)."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of folds, weights and augmentation.")] = 0,
    publish_anyway: Annotated[
        bool, typer.Option("--publish-anyway", help="Publish the model even where it is not better.")
    ] = False,
    epochs: Annotated[int | None, typer.Option(min=1, help="face: so many epochs instead of 48.")] = None,
    limit: Annotated[int | None, typer.Option(min=128, help="face: train on so many images only.")] = None,
    system: Annotated[
        str | None,
        typer.Option(help="Measure a system that the model is compared with instead; nothing is exported."),
    ] = None,
    list_systems: Annotated[bool, typer.Option("--list-systems", help="List those systems.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Print the table of all results.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="With --report: in Markdown.")] = False,
) -> None:
    """Train a model, compare it with what is served on the same folds, publish it where it is better.

    A model that is not better is not published (exit code 3), unless --publish-anyway is given. Stop a run
    when you like: the same command goes on from its last checkpoint.

    All need the training packages (make venv-dev), the face PyTorch as well (make venv-face-training).

    How long on two cores: text half an hour and voice ten minutes, once every corpus was read (far longer the
    first time); face hours. For a trial: candor train face --epochs 1 --limit 2000, a few minutes.
    """
    if model is ModelChoice.SPEECH:
        raise unusable("what writes speech down is not trained here; measure it with: candor evaluate speech")
    if model is not ModelChoice.FACE and (epochs or limit):
        raise unusable("--epochs and --limit make a run of the face shorter; the other models have none")
    require_training_packages()
    from services.training.folders import RUNS
    from services.training.results import RESULTS

    runs = runs_dir or RUNS
    if model is ModelChoice.NORMS:
        if list_systems or report or markdown or system is not None:
            raise unusable("norms have no systems and no results; make them with: candor train norms")
        _make_norms(data, models_dir=models_dir, runs=runs)
    elif list_systems:
        _list_systems(model)
    elif report or markdown:
        _show(model, results_dir or RESULTS, as_markdown=markdown)
    elif system is not None:
        _measure(model, system, data, seed=seed, results=results_dir or runs / "results", runs=runs)
    else:
        short = {"epochs": epochs, "limit": limit}
        _train(
            model,
            data,
            folders=_folders(models_dir, results_dir, runs),
            seed=seed,
            publish_anyway=publish_anyway,
            **{name: number for name, number in short.items() if number is not None},
        )


def _folders(models_dir: Path | None, results_dir: Path | None, runs: Path) -> "Folders":
    """Return where to write; published results are left alone unless the published models are meant."""
    from services.common.settings import CommonSettings
    from services.training.folders import Folders
    from services.training.results import RESULTS

    results = results_dir if results_dir or models_dir else RESULTS
    return Folders(models_dir or CommonSettings().models_dir, results, runs)


def _train(
    model: ModelChoice, data: Path | None, *, folders: "Folders", seed: int, **more: int | bool
) -> None:
    """Train, say how the models did and print the manifests of those that were published."""
    from candor.views.progress import progress_display
    from services.common.settings import CommonSettings

    if model is ModelChoice.FACE and find_spec("torch") is None:
        raise unusable(
            "training the face needs PyTorch, which nothing else here does; install it with: "
            "make venv-face-training"
        )
    corpora = require_folder(data or CommonSettings().data)
    _log_to_stderr()
    with progress_display(visible=sys.stderr.isatty()) as display:
        try:
            if model is ModelChoice.FUSION:
                _score_voice(corpora, folders=folders, seed=seed, display=display)
            task = display.add_task(f"training {model}", total=1.0)
            outcomes = import_module(f"{model.package}.train").train(
                corpora,
                folders,
                seed=seed,
                progress=lambda share: display.update(task, completed=share),
                **more,
            )
        except (FileNotFoundError, BlockingIOError) as fault:
            raise unusable(fault) from fault
    report_outcomes(outcomes, models_dir=folders.models)


def report_outcomes(outcomes: Sequence["Outcome"], *, models_dir: Path) -> None:
    """Print how the models did and the manifests of those that were published.

    Raises:
        typer.Exit: 3, a model was not published.
    """
    from services.common.serving.versions import read_pinned_version

    for outcome in outcomes:
        typer.echo(outcome.text, err=True)
        if outcome.manifest is not None:
            typer.echo(outcome.manifest.model_dump_json())
            name, pinned = outcome.manifest.name, read_pinned_version(models_dir, outcome.manifest.name)
            if pinned is not None:
                hint = f"pinned to version {pinned}, which stays served; candor models --use {name}@latest"
                typer.echo(f"{name}: {hint}", err=True)
    if any(outcome.manifest is None for outcome in outcomes):
        raise typer.Exit(EXIT_NOT_BETTER)


def _make_norms(data: Path | None, *, models_dir: Path | None, runs: Path) -> None:
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
                folder,
                models_dir=models_dir or settings.models_dir,
                folder=norms_dir,
                runs=runs,
                stage=stage,
            )
        except FileNotFoundError as fault:
            raise unusable(fault) from fault
    typer.echo(json.dumps({str(norms_dir / name): count for name, count in people.items()}))


def _score_voice(data: Path, *, folders: "Folders", seed: int, display: Any) -> None:
    """Let the voice model score the clips that the fusion learns from: fusion imports no service."""
    from services.audio.training.embeddings import CACHE
    from services.audio.training.held_out import write_held_out

    fusion = import_module("fusion.training.train")
    task = display.add_task("scoring voices", total=1.0)
    write_held_out(
        data,
        fusion.voice_file(folders.runs),
        models_dir=folders.models,
        cache=folders.runs / CACHE,
        seeds=[seed + number for number in fusion.SEEDS],
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


def _measure(
    model: ModelChoice, system: str, data: Path | None, *, seed: int, results: Path, runs: Path
) -> None:
    """Measure a system, write its results file into `results`, and print it."""
    from candor.views.progress import progress_display
    from services.common.settings import CommonSettings

    reference = _part(model, "reference.systems")
    try:
        reference.SYSTEMS.find(system)
    except ValueError as fault:
        raise unusable(fault) from fault
    folder = require_folder(data or CommonSettings().data)
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
            raise unusable(fault) from fault
    typer.echo(f"written to {results}", err=True)
    _show(model, results, system=system)


def _show(model: ModelChoice, folder: Path, *, as_markdown: bool = False, system: str | None = None) -> None:
    """Print the results of all systems, or of one."""
    from candor.views.results import print_tables

    report = _part(model, "report")
    try:
        files = report.results(folder, system=system)
    except FileNotFoundError as fault:
        raise unusable(fault) from fault
    if as_markdown:
        typer.echo(report.markdown(files))
    else:
        print_tables(report.tables(files), footnotes=report.footnotes(files))


def _part(model: ModelChoice, name: str) -> Any:
    """Return a module of the model's training package."""
    return import_module(f"{model.package}.{name}")


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)


def require_folder(folder: Path) -> Path:
    """Return `folder`, or exit and say what to do about it."""
    if folder.is_dir():
        return folder
    raise unusable(f"there is no folder {folder}; name the corpora with --data or CANDOR_DATA.")


def require_training_packages() -> None:
    """Exit with what to install, where TensorFlow is missing."""
    if find_spec("tensorflow") is None:
        raise unusable("training needs TensorFlow; install it with: make venv-dev")
