"""Everything that the servers hold, as bytes to search for what should not be there any more."""

import base64
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from redis import Redis
from sqlalchemy import Engine, text


def in_redis(client: Redis) -> bytes:
    """Every key and value of the server, and the bodies of messages, which are base64."""
    parts: list[bytes] = []
    for key in client.scan_iter():
        parts += [key, *_values(client, key)]
    bodies = [base64.b64decode(body) for part in parts for body in re.findall(rb'"body": ?"([^"]+)"', part)]
    return b"\n".join([*parts, *bodies])


def _values(client: Any, key: bytes) -> Iterator[bytes]:
    kind = client.type(key)
    if kind == b"string":
        yield client.get(key) or b""
    elif kind == b"list":
        yield from client.lrange(key, 0, -1)
    elif kind == b"hash":
        yield from (part for pair in client.hgetall(key).items() for part in pair)
    elif kind == b"set":
        yield from client.smembers(key)
    elif kind == b"zset":
        yield from client.zrange(key, 0, -1)
    elif kind == b"stream":
        yield from (part for _, fields in client.xrange(key) for pair in fields.items() for part in pair)
    else:
        assert kind == b"none", kind


def in_postgres(engine: Engine) -> bytes:
    """Every row of every table, as text; bytes as text where they are that, else in hexadecimal."""
    parts: list[str] = []
    with engine.connect() as connection:
        tables = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " AND relkind IN ('r', 'p', 'm')"
            )
        ).scalars()
        for table in tables.all():
            rows = connection.execute(text(f'SELECT * FROM "{table}"')).mappings()
            parts += [f"{table}.{name}={_plain(value)}" for row in rows for name, value in row.items()]
    return "\n".join(parts).encode()


def _plain(value: Any) -> str:
    return value.decode("utf-8", errors="backslashreplace") if isinstance(value, bytes) else str(value)


def in_folder(folder: Path) -> bytes:
    """Name and content of every file."""
    files: Iterable[Path] = (path for path in folder.rglob("*") if path.is_file())
    return b"\n".join(part for path in files for part in (str(path).encode(), path.read_bytes()))
