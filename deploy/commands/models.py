"""`candor models`: what is served, and what was measured about it."""

import json
from typing import Annotated

import typer


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifests as a JSON array.")] = False,
) -> None:
    """List the served models with their measured figures."""
    from services.common.serving.registry import Manifest, load_manifest
    from services.common.settings import CommonSettings

    folder = CommonSettings().models_dir
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    manifests: list[Manifest] = [load_manifest(folder, name) for name in names]
    if as_json:
        typer.echo(json.dumps([manifest.model_dump(mode="json") for manifest in manifests]))
        return
    for manifest in manifests:
        typer.echo(f"{manifest.name} v{manifest.version}  ({manifest.licence})")
        for metric in manifest.metrics:
            interval = (
                f" [{metric.low:.3f}, {metric.high:.3f}]"
                if metric.low is not None and metric.high is not None
                else ""
            )
            counted = f", n = {metric.n}" if metric.n is not None else ""
            typer.echo(f"    {metric.name:<12} {metric.value:.3f}{interval}{counted}  {metric.protocol}")
