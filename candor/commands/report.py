"""`candor report`: one report of a server, as `candor analyze` shows its own."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from candor_client import Client


def report(
    assessment: Annotated[str, typer.Argument(help="Its identifier: asm_…")],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as one line of JSON instead.")] = False,
) -> None:
    """Print the report of one answer."""
    from candor.remote import remote_client

    with remote_client() as client:
        show_report(client, assessment, title=assessment, as_json=as_json)


def show_report(client: "Client", assessment_id: str, *, title: str, as_json: bool) -> None:
    """Fetch a report and print it.

    Raises:
        RemoteError: the server is newer than this program, and holds what it cannot show.
    """
    from pydantic import ValidationError

    from candor.remote import RemoteError
    from candor.views.report import print_report
    from services.common.contracts.results import Report

    document = client.reports.get(assessment_id).model_dump(mode="json", exclude_unset=True)
    if as_json:
        import json

        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    try:
        print_report(Report.model_validate(document), title=title)
    except ValidationError as fault:
        raise RemoteError("The server is of another version; update this program, or use --json.") from fault
