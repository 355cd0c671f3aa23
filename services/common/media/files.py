"""A media file on local disk, as the pipelines get it, and the callback for their progress."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.common.contracts.labels import MediaKind

Progress = Callable[[float], None]
"""Called with the share of the work that is done, 0..1, never decreasing."""


def ignore_progress(share: float) -> None:
    """Ignore `share`: the `Progress` of a caller who does not want any."""


def scale_progress(progress: Progress, start: float, end: float) -> Progress:
    """Return a callback for one part of the work: its 0 is `start` of the whole, its 1 is `end`.

    Args:
        progress: of the whole.
        start: share of the whole that is done before, 0..1.
        end: share that is done after, 0..1; a larger share of the part is reported as `end`.
    """
    return lambda share: progress(start + (end - start) * min(max(share, 0.0), 1.0))


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A readable local file.

    Attributes:
        path: where it is; read it in pieces, never whole, unless it is a small document.
        kind: what the candidate handed in.
        content_type: the sniffed media type, for example `video/mp4`.
    """

    path: Path
    kind: MediaKind
    content_type: str
