"""How the command `candor` ends."""

import typer

EXIT_FAILED = 1
"""It went wrong while running."""
EXIT_UNUSABLE = 2
"""Wrong usage, or a file that cannot be used at all."""
EXIT_NOT_BETTER = 3
"""A model was trained, but is not better than the one that is served."""
EXIT_INTERRUPTED = 130
"""Somebody pressed Ctrl-C: 128 and the number of SIGINT, as shells have it."""


def unusable(reason: object) -> typer.Exit:
    """Say on stderr why nothing can be done, and return the exit to raise."""
    typer.echo(f"candor: {reason}", err=True)
    return typer.Exit(EXIT_UNUSABLE)
