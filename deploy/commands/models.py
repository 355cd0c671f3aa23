"""`candor models`: what is served, and what was measured about it."""

import json
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.common.serving.registry import Manifest, Metric


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifests as a JSON array.")] = False,
) -> None:
    """List the served models with their measured figures and how these were measured."""
    from services.common.serving.registry import load_manifest
    from services.common.settings import CommonSettings

    folder = CommonSettings().models_dir
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    manifests = [load_manifest(folder, name) for name in names]
    if as_json:
        typer.echo(json.dumps([manifest.model_dump(mode="json") for manifest in manifests]))
    else:
        typer.echo("\n".join(line for manifest in manifests for line in _lines(manifest)))


def _lines(manifest: "Manifest") -> list[str]:
    lines = [f"{manifest.name} v{manifest.version}  ({manifest.licence})"]
    for protocol, metrics in groupby(manifest.metrics, key=lambda metric: metric.protocol):
        measured = list(metrics)
        counted = f" (n = {measured[0].n})" if measured[0].n is not None else ""
        lines.append(f"  {protocol}{counted}:")
        lines += [f"    {metric.name:<28} {_figure(metric)}" for metric in measured]
    return lines


def _figure(metric: "Metric") -> str:
    interval = metric.low is not None and metric.high is not None
    return f"{metric.value:.3f}" + (f"  [{metric.low:.3f}, {metric.high:.3f}]" if interval else "")
