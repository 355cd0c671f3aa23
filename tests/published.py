"""What training must leave alone: the published models and results, and the runs of the checkout."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.common.settings import REPOSITORY

PUBLISHED = ("deploy/models", "deploy/results", "docs/images", "fusion/norms", "runs")


def _files() -> dict[str, tuple[int, int]]:
    """Return size and time of change of every published file."""
    found = [path for name in PUBLISHED for path in (REPOSITORY / name).rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


@contextmanager
def untouched_publications() -> Iterator[None]:
    """Fail where a published file is written, added or removed inside the block."""
    before = _files()
    assert before
    yield
    assert _files() == before
