"""`candor evaluate`: score the served artefact on labelled data."""

import inspect
import json
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.train import EXIT_UNUSABLE, ModelChoice, require_folder


def evaluate(
    model: Annotated[ModelChoice, typer.Argument(help="Which served model.")],
    data: Annotated[Path | None, typer.Option(envvar="CANDOR_DATA", help="Folder of the corpora.")] = None,
    corpus: Annotated[
        str | None,
        typer.Option(help="text: essays, first_impressions; voice: ravdess, emodb, savee, tess."),
    ] = None,
    partition: Annotated[str | None, typer.Option(help="face: train, public, private.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on one line.")] = False,
) -> None:
    """Score what is served, through the code that serves it, on any data in the layout of the corpora."""
    from importlib import import_module

    from services.common.serving.client import open_predictor
    from services.common.settings import CommonSettings

    settings = CommonSettings()
    folder = require_folder(data or settings.data)
    scorer = import_module(f"{model.package}.evaluate").evaluate
    choices = {"corpus": corpus, "partition": partition}
    known = inspect.signature(scorer).parameters
    unknown = [name for name, value in choices.items() if value is not None and name not in known]
    if unknown:
        typer.echo(f"candor: the {model} model has no --{unknown[0]}.", err=True)
        raise typer.Exit(EXIT_UNUSABLE)
    chosen = {name: value for name, value in choices.items() if value is not None}
    try:
        report = scorer(folder, predictor=open_predictor(settings), **chosen)
    except (FileNotFoundError, ValueError) as fault:
        typer.echo(f"candor: {fault}", err=True)
        raise typer.Exit(EXIT_UNUSABLE) from fault
    typer.echo(json.dumps(report, indent=None if as_json else 2))
