"""`candor models`: what is served and why, what was measured about it, and which version to serve."""

import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from candor.exits import unusable

if TYPE_CHECKING:
    from services.common.serving.registry import Manifest, Metric

LATEST = "latest"


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifests as a JSON array.")] = False,
    use: Annotated[
        str | None,
        typer.Option(
            metavar="NAME@VERSION",
            help="Serve this version from the next start on, NAME@latest the highest again.",
        ),
    ] = None,
    models_dir: Annotated[
        Path | None, typer.Option(help="Folder of the models (deploy/models by default).")
    ] = None,
) -> None:
    """List the served models with their measured figures, or choose which version is served."""
    from services.common.serving.registry import load_manifest
    from services.common.settings import CommonSettings

    folder = models_dir or CommonSettings().models_dir
    if use is not None:
        _use(folder, use)
        return
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    manifests = [load_manifest(folder, name) for name in names]
    if as_json:
        served = [manifest.model_dump(mode="json") | _choice(folder, manifest.name) for manifest in manifests]
        typer.echo(json.dumps(served))
    else:
        typer.echo("\n".join(line for manifest in manifests for line in _lines(folder, manifest)))


def _use(folder: Path, choice: str) -> None:
    """Pin a model to a version, or take its pin off, and say what is served now."""
    from services.common.serving.registry import read_manifest
    from services.common.serving.versions import list_versions, pin_version, unpin_version

    name, _, version = choice.partition("@")
    known = list_versions(folder, name) if Path(name).name == name else []
    if not known or not (version == LATEST or (version.isdecimal() and int(version) in known)):
        versions = f"versions of {name}: {', '.join(map(str, known))}" if known else f"no model {name!r}"
        raise unusable(f"cannot use {choice!r}; {folder} has {versions}, or NAME@latest.")
    if version == LATEST:
        unpin_version(folder, name)
    else:
        read_manifest(folder / name / str(int(version)))
        pin_version(folder, name, int(version))
    typer.echo(f"{name} {_why(folder, name)}: served from the next start of the workers")


def _choice(folder: Path, name: str) -> dict[str, object]:
    """Return which versions of a model there are, and whether the served one is pinned."""
    from services.common.serving.versions import list_versions, read_pinned_version

    return {"versions": list_versions(folder, name), "pinned": read_pinned_version(folder, name) is not None}


def _why(folder: Path, name: str) -> str:
    """Return the served version and why it is that one, as in `v1 (pinned; the latest is 2)`."""
    from services.common.serving.versions import find_served_version, list_versions, read_pinned_version

    latest = list_versions(folder, name)[-1]
    reason = "latest" if read_pinned_version(folder, name) is None else f"pinned; the latest is {latest}"
    return f"v{find_served_version(folder, name)} ({reason})"


def _lines(folder: Path, manifest: "Manifest") -> list[str]:
    lines = [f"{manifest.name} {_why(folder, manifest.name)}  {manifest.licence}"]
    for protocol, metrics in groupby(manifest.metrics, key=lambda metric: metric.protocol):
        measured = list(metrics)
        counted = f" (n = {measured[0].n})" if measured[0].n is not None else ""
        lines.append(f"  {protocol}{counted}:")
        lines += [f"    {metric.name:<28} {_figure(metric)}" for metric in measured]
    return lines


def _figure(metric: "Metric") -> str:
    interval = metric.low is not None and metric.high is not None
    return f"{metric.value:.3f}" + (f"  [{metric.low:.3f}, {metric.high:.3f}]" if interval else "")
