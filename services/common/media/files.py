"""Media on local disk, as pipelines see it, and the progress that they report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.common.contracts.labels import MediaKind

Progress = Callable[[float], None]
"""Called with the share of the work that is done, 0..1, never decreasing."""


def no_progress(share: float) -> None:
    """The `Progress` of a caller who does not want any."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A readable local file.

    Attributes:
        path: where it lies; read it in pieces, never whole, unless it is a small document.
        kind: what the candidate handed in.
        content_type: the sniffed media type, for example `video/mp4`.
    """

    path: Path
    kind: MediaKind
    content_type: str
