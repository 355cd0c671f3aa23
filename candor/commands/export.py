"""`candor export`: every answer of a server with its scores, as one file."""

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer


class ExportFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


def export(
    file_format: Annotated[
        ExportFormat,
        typer.Option("--format", help="CSV with a column per score, or JSON Lines with reports."),
    ] = ExportFormat.CSV,
    out: Annotated[
        Path | None, typer.Option(help="Where to write it; standard output by default.", dir_okay=False)
    ] = None,
    candidate: Annotated[str | None, typer.Option(help="Answers of this person only.")] = None,
    question: Annotated[str | None, typer.Option(help="Answers to this question only: q_…")] = None,
    tag: Annotated[str | None, typer.Option(help="Answers with this tag only.")] = None,
) -> None:
    """Write every answer with its scores, newest first, as it comes; memory stays flat."""
    from candor.remote import remote_client

    chosen = {"candidate": candidate, "question": question, "tag": tag}
    filters: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    with remote_client() as client:
        rows = client.exports.csv if file_format is ExportFormat.CSV else client.exports.json_lines
        pieces = rows(**filters)
        if out is None:
            _write(pieces, sys.stdout.buffer)
            return
        _write_whole(pieces, out)
    typer.echo(f"{out}: {out.stat().st_size} bytes", err=True)


def _write(pieces: Iterator[bytes], file: BinaryIO) -> None:
    for piece in pieces:
        file.write(piece)
    file.flush()


def _write_whole(pieces: Iterator[bytes], out: Path) -> None:
    """Write under another name until it is whole, so that half an export is never taken for one."""
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as file:
            _write(pieces, file)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
