"""What an embedded installation keeps between starts: its secret, and the key of its one tenant."""

import os
import secrets
from pathlib import Path

from gateway.provisioning import create_tenant
from gateway.tenancy.authentication import find_holder
from services.common.db.bootstrap import DatabaseUrls
from services.common.db.session import create_engine_for

KEY_SECRET_FILE = "key-secret"  # noqa: S105 - a file name
API_KEY_FILE = "api-key"
TENANT_NAME = "this computer"


def local_key_secret(home: Path) -> str:
    """Return the secret that keys the hashes of API keys; made on the first start."""
    path = home / KEY_SECRET_FILE
    if not path.exists():
        _write_private(path, secrets.token_urlsafe(32))
    return path.read_text(encoding="utf-8").strip()


def local_api_key(home: Path, *, urls: DatabaseUrls, key_secret: str) -> str:
    """Return the API key of this installation. The first start makes a tenant for it, with its questions.

    A key that the database does not know, because the database was removed, say, is replaced.
    """
    path = home / API_KEY_FILE
    if path.exists():
        key = path.read_text(encoding="utf-8").strip()
        if _is_valid(key, url=urls.gateway, key_secret=key_secret):
            return key
    engine = create_engine_for(urls.admin)
    try:
        key = create_tenant(engine, TENANT_NAME, key_secret=key_secret).key
    finally:
        engine.dispose()
    _write_private(path, key)
    return key


def _is_valid(key: str, *, url: str, key_secret: str) -> bool:
    engine = create_engine_for(url)
    try:
        holder = find_holder(engine, key, key_secret=key_secret)
    finally:
        engine.dispose()
    return holder is not None and holder.is_good


def _write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content + "\n")
