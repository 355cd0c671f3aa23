"""The reference of the command `candor`, from the same descriptions as its `--help`."""

from typer import Context
from typer.cli import get_docs_for_click
from typer.main import get_command

from candor.cli import app
from services.common.settings import REPOSITORY


def command_line_reference() -> str:
    """Return every command with its arguments and options in Markdown, below headings of the second level."""
    command = get_command(app)
    text = get_docs_for_click(obj=command, ctx=Context(command), indent=1, name="candor")
    return text.replace(f"{REPOSITORY}/", "")
