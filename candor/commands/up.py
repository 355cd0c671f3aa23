"""`candor up`: everything on this machine, with nothing installed beforehand."""

from pathlib import Path
from typing import Annotated

import typer

HOME = Path(__file__).resolve().parents[2] / "var"


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port of the page and the API.")] = 8000,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 opens it to the network, without TLS.")
    ] = "127.0.0.1",
    data_dir: Annotated[
        Path, typer.Option(envvar="CANDOR_HOME", help="Folder of database, queue, media, key and logs.")
    ] = HOME,
) -> None:
    """Start database, queue, gateway and workers, print the address, stop them all on Ctrl-C."""
    from candor.embedded.run import LocalRun

    LocalRun(home=data_dir.expanduser().resolve(), host=host, port=port, report=typer.echo).run()
