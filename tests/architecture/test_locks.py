"""What an image installs must hold everything that its packages ask for: pip is told not to look."""

import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from services.common.settings import REPOSITORY

LOCKS = REPOSITORY / "deploy" / "requirements"
IMAGES = {
    "gateway": ["gateway"],
    "fusion": ["fusion"],
    "text": ["text", "tf-serving"],
    "audio": ["audio", "tf-serving"],
    "video": ["video", "tf-serving"],
}
"""Extras of each image."""


def named(file: str) -> set[str]:
    """The packages that a lock or a file of overrides names."""
    lines = (LOCKS / file).read_text(encoding="utf-8").splitlines()
    return {
        canonicalize_name(Requirement(line.rstrip(" \\")).name)
        for line in lines
        if line and line[0].isalnum()
    }


def asked_for(extras: list[str], left_out: set[str]) -> Iterator[tuple[str, str]]:
    """Every package that the extras lead to, with the one that asks for it."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = [
        *project["dependencies"],
        *(line for extra in extras for line in project["optional-dependencies"][extra]),
    ]
    waiting = [("candor", Requirement(line)) for line in own]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        asker, wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in left_out or (name, frozenset(wanted.extras)) in seen:
            continue
        seen.add((name, frozenset(wanted.extras)))
        yield name, asker
        try:
            lines = requires(name) or []
        except PackageNotFoundError:
            continue
        for one in map(Requirement, lines):
            chosen = [{"extra": extra} for extra in ("", *wanted.extras)]
            if one.marker is None or any(one.marker.evaluate(extra) for extra in chosen):
                waiting.append((name, one))


@pytest.mark.parametrize("image", IMAGES)
def test_lock_holds_what_its_packages_ask_for_when_an_image_is_built(image: str) -> None:
    in_workers = "tf-serving" in IMAGES[image]
    left_out = named("overrides-serving.txt" if in_workers else "overrides.txt")
    locked = named(f"{image}.txt")

    missing = {name: asker for name, asker in asked_for(IMAGES[image], left_out) if name not in locked}

    assert missing == {}, "run `make lock`, and mind what the overrides leave out"
