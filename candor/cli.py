"""The command `candor`.

Exit codes: 0 done; 1 it went wrong while running; 2 wrong usage, or a file that cannot be used at
all; 3 trained, but not better than what is served; 130 interrupted.
"""

import sys
from typing import Annotated

import typer

from candor.commands import analyze, evaluate, export, login, models, report, sheet, submit, train, up, watch
from candor.exits import EXIT_FAILED, EXIT_INTERRUPTED
from services.common.version import VERSION

app = typer.Typer(
    name="candor",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Candor: words, voice and face of an interview answer, and how far they agree.",
    epilog=(
        "Exit codes: 0 done, 1 went wrong, 2 wrong usage or unusable file, 3 trained, but not better than "
        "what is served, 130 interrupted."
    ),
)


def _print_version(asked: bool) -> None:
    """Print the version and end, where it was asked for."""
    if asked:
        typer.echo(f"candor {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


app.command("up")(up.up)
app.command("analyze")(analyze.analyze)
app.command("sheet")(sheet.sheet)
app.command("login")(login.login)
app.command("submit")(submit.submit)
app.command("watch")(watch.watch)
app.command("report")(report.report)
app.command("export")(export.export)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("models")(models.models)


def main() -> None:
    """Run the script `candor`; faults that we foresaw become one line and an exit code."""
    try:
        from services.common.errors import CandorError

        try:
            app()
        except CandorError as fault:
            typer.echo(f"candor: {fault}", err=True)
            sys.exit(EXIT_FAILED)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
