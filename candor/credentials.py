"""Which server the commands speak to, and with which key: from the environment, or from `candor login`."""

import json
import os
import tempfile
from pathlib import Path

import typer
from pydantic import BaseModel, ValidationError

from services.common.errors import CandorError

URL_VARIABLE, KEY_VARIABLE = "CANDOR_API_URL", "CANDOR_API_KEY"


class NotSignedInError(CandorError):
    """No server is known; the message says what to do."""


class Credentials(BaseModel):
    """A server and a key of it."""

    server: str
    key: str


def credentials_file() -> Path:
    """Return the file in the user's own configuration folder (`XDG_CONFIG_HOME`)."""
    return Path(typer.get_app_dir("candor")) / "credentials.json"


def load_credentials() -> Credentials:
    """Load the environment's values, and those that were stored where it has none.

    Raises:
        NotSignedInError: a value is nowhere to be found, or the file is damaged.
    """
    server, key = os.environ.get(URL_VARIABLE), os.environ.get(KEY_VARIABLE)
    if server and key:
        return Credentials(server=server, key=key)
    stored = _stored()
    if stored is None:
        raise NotSignedInError(f"Run `candor login` first, or set {URL_VARIABLE} and {KEY_VARIABLE}.")
    if server and server.rstrip("/") != stored.server:
        raise NotSignedInError(
            f"{URL_VARIABLE} is {server}, but the stored key is for {stored.server}: set {KEY_VARIABLE} too."
        )
    return stored.model_copy(update={"key": key} if key else {})


def save_credentials(credentials: Credentials) -> Path:
    """Store them where only their owner can read them; returns the file."""
    path = credentials_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes its file with mode 0600, so the key never lies open, not even for a moment
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".credentials-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(credentials.model_dump_json() + "\n")
    Path(name).replace(path)
    return path


def _stored() -> Credentials | None:
    path = credentials_file()
    try:
        return Credentials.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ValidationError) as fault:
        raise NotSignedInError(f"{path} cannot be used; run `candor login` again.") from fault
