"""`candor watch`: follow one answer on a server until its report is there."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from candor_client import Client
    from candor_client.models import Assessment

EXIT_FAILED = 1


def watch(
    assessment: Annotated[str, typer.Argument(help="Its identifier: asm_…")],
    timeout_s: Annotated[float, typer.Option(min=1, help="How long to wait, in seconds.")] = 3600.0,
) -> None:
    """Show how far the analysis is until it ends. Exit code 1 if nothing came out of it."""
    from candor.remote import has_failed, remote_client

    with remote_client() as client:
        ended = follow(client, assessment, timeout_s=timeout_s)
    typer.echo(f"{ended.id}: {ended.status.replace('_', ' ')}")
    for modality, state in ended.modalities.items():
        typer.echo(f"  {modality:<6} {state.status}" + (f"  {state.reason}" if state.reason else ""))
    if has_failed(ended):
        raise typer.Exit(EXIT_FAILED)


def follow(client: "Client", assessment_id: str, *, timeout_s: float = 3600.0) -> "Assessment":
    """Wait, with a bar per modality where somebody looks."""
    from candor.views.progress import modality_bars
    from candor_client import Progress
    from services.common.contracts.labels import Modality

    known = {str(modality): modality for modality in Modality}
    with modality_bars(assessment_id, visible=sys.stderr.isatty()) as update:

        def tell(progress: Progress) -> None:
            for modality, state in progress.modalities.items():
                if modality in known and state.status != "skipped":
                    update(known[modality], state.progress)

        return client.assessments.wait(assessment_id, timeout_s=timeout_s, progress=tell)
