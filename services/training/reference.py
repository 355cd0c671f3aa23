"""What the rebuilt systems of every model share: their list, their names, and what is kept between runs."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.common.media import Progress

LineT = TypeVar("LineT")


@dataclass(frozen=True, slots=True)
class System(Generic[LineT]):
    """A rebuilt system.

    Attributes:
        name: what it is trained by.
        about: one line for the list.
        lines: makes its lines of the table.
        n_seeds: how many seeds its figures are means of.
    """

    name: str
    about: str
    lines: Callable[[], Sequence[LineT]]
    n_seeds: int = 3


class UnknownSystemError(ValueError):
    """There is no system of that name."""


def system_named(name: str, systems: Mapping[str, System[LineT]], *, subject: str) -> System[LineT]:
    """The system of that name.

    Raises:
        UnknownSystemError: there is none.
    """
    if name not in systems:
        raise UnknownSystemError(f"no system {name!r} for {subject}; known are {', '.join(systems)}")
    return systems[name]


def keep_array(path: Path, array: NDArray[np.generic]) -> None:
    """Write an array whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".partial.npy")
    np.save(unfinished, array)
    unfinished.replace(path)


def recipe_key(title: str, recipe: str) -> str:
    """Folder name of a line: readable, and new whenever its recipe is."""
    readable = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return f"{readable}-{hashlib.sha256(recipe.encode()).hexdigest()[:8]}"


def part_of(progress: Progress, done: int, parts: int) -> Progress:
    """Progress of one of several equal parts."""
    return lambda share: progress((done + share) / parts)
