"""`candor login`: which server the other commands speak to."""

import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def login(
    server: Annotated[
        str | None,
        typer.Argument(envvar="CANDOR_API_URL", help="Its address, such as https://candor.example.com."),
    ] = None,
) -> None:
    """Sign in to a server: the key is asked for, or read from standard input, and tried.

    Server and key are kept in your configuration folder, in a file that only you can read. The variables
    CANDOR_API_URL and CANDOR_API_KEY count more than that file.
    """
    from candor.credentials import Credentials, save_credentials
    from candor.remote import remote_client

    address = _checked(server or typer.prompt("Server"))
    credentials = Credentials(server=address, key=_asked_key())
    with remote_client(credentials) as client:
        own = client.api_keys.own()
    path = save_credentials(credentials)
    scopes = ", ".join(own.scopes)
    typer.echo(f"Signed in to {address} with the key {own.name!r} ({scopes}); kept in {path}.", err=True)


def _checked(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise typer.BadParameter(
            f"{address} is no address; it starts with https:// or http://", param_hint="SERVER"
        )
    if parts.username or parts.query or parts.fragment:
        raise typer.BadParameter("give the address only; the key is asked for", param_hint="SERVER")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        typer.echo("candor: without https, everybody on the way can read the key.", err=True)
    return address.rstrip("/")


def _asked_key() -> str:
    """Read the key from a prompt that does not show it, or one line of standard input; never from the command
    line.
    """
    key: str = typer.prompt("Key", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not key.strip():
        raise typer.BadParameter("no key was given; send it as one line of standard input", param_hint="KEY")
    return key.strip()
