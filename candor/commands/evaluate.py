"""`candor evaluate`: score the served artefact on labelled data."""

import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from candor.commands.train import ModelChoice, require_folder
from candor.exits import unusable

DEFAULTS: dict[ModelChoice, dict[str, str]] = {
    ModelChoice.TEXT: {"corpus": "essays"},
    ModelChoice.VOICE: {"corpus": "ravdess"},
    ModelChoice.FACE: {"partition": "public"},
    ModelChoice.SPEECH: {"corpus": "ravdess"},
}
"""What each model is scored on by default, and so which of the two options it has."""


def evaluate(
    model: Annotated[ModelChoice, typer.Argument(help="Which served model.")],
    data: Annotated[Path | None, typer.Option(envvar="CANDOR_DATA", help="Folder of the corpora.")] = None,
    corpus: Annotated[
        str | None,
        typer.Option(
            help=(
                "text: essays, first_impressions; voice: ravdess, emodb, savee, tess; "
                "speech: ravdess, ravdess_noise_10_db, grid, synthesiser, emodb."
            )
        ),
    ] = None,
    partition: Annotated[str | None, typer.Option(help="face: train, public, private.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on one line.")] = False,
) -> None:
    """Score what is served, through the code that serves it, on any data in the layout of the corpora."""
    from services.common.settings import CommonSettings

    if model not in DEFAULTS:
        advice = "is measured by `candor train fusion --report`"
        if model is ModelChoice.NORMS:
            advice = "have no score; they are made by `candor train norms`"
        raise unusable(f"{model} {advice}.")
    settings = CommonSettings()
    folder = require_folder(data or settings.data)
    chosen = _selection(model, {"corpus": corpus, "partition": partition})
    try:
        report = _score(model, folder, settings=settings, chosen=chosen)
    except (FileNotFoundError, ValueError) as fault:
        raise unusable(fault) from fault
    typer.echo(json.dumps(report, indent=None if as_json else 2))


def _selection(model: ModelChoice, given: dict[str, str | None]) -> dict[str, str]:
    """Return the one option that selects the data of `model`; exits where the other one was given."""
    default = DEFAULTS[model]
    if model is ModelChoice.FACE and given["corpus"] == "fer2013":
        given["corpus"] = None
    for name, value in given.items():
        if value is not None and name not in default:
            raise unusable(f"the {model} model has no --{name}; use --{next(iter(default))}.")
    return {name: given[name] or value for name, value in default.items()}


def _score(model: ModelChoice, folder: Path, *, settings: Any, chosen: dict[str, str]) -> dict[str, Any]:
    from importlib import import_module

    from candor.views.progress import add_bar, progress_display
    from services.common.serving.client import open_predictor

    scorer: Callable[..., dict[str, Any]] = import_module(f"{model.package}.evaluate").evaluate
    taken = inspect.signature(scorer).parameters
    with progress_display(visible=sys.stderr.isatty()) as display:
        given: dict[str, Any] = dict(chosen)
        if "predictor" in taken:
            given["predictor"] = open_predictor(settings)
        if "progress" in taken:
            given["progress"] = add_bar(display, f"scoring {model}")
        return scorer(folder, **given)
