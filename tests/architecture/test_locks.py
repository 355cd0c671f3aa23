"""What a lock installs must hold everything that its packages ask for: pip is told not to look."""

import json
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, requires
from itertools import product
from typing import Any

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from services.common.settings import REPOSITORY

REQUIREMENTS = REPOSITORY / "deploy" / "requirements"
LOCKS = {
    "gateway": ["gateway"],
    "fusion": ["fusion"],
    "text": ["text", "tf-serving"],
    "audio": ["audio", "tf-serving"],
    "video": ["video", "tf-serving"],
    "model-server": ["tf-serving"],
    "local": ["local"],
    "training": ["local", "training"],
    "face-training": ["face-training"],
    "dev": ["dev"],
}
"""Extras of each lock."""
BEYOND_DEVELOPMENT = ("face-training",)
"""PyTorch is in no other lock: with CUDA it is larger than all the rest."""
IN_IMAGES_OF_WORKERS = ("text", "audio", "video")
PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
PYTHONS = [
    python
    for minor, patch in product(range(20), (0, 99))  # markers tell patches apart: `< '3.11.3'`
    if (python := f"3.{minor}.{patch}") in SpecifierSet(PROJECT["requires-python"])
]


def environment(python: str) -> dict[str, str]:
    """Return the values of the markers' variables on Linux with `python`, such as "3.13.0"."""
    minor = python.rsplit(".", 1)[0]
    return {
        **default_environment(),
        "sys_platform": "linux",
        "python_full_version": python,
        "python_version": minor,
    }


def applies(marker: Marker | None, python: str, extras: tuple[str, ...] = ()) -> bool:
    """Return True where a requirement with `marker` counts for `python`, with or without `extras`."""
    values = environment(python)
    return marker is None or any(marker.evaluate({**values, "extra": extra}) for extra in ("", *extras))


def requirements(file: str) -> list[Requirement]:
    """Return the lines of a lock, or of a file of excluded packages, without their hashes."""
    lines = (REQUIREMENTS / file).read_text(encoding="utf-8").splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if line and line[0].isalnum()]


def locked(lock: str, python: str) -> dict[str, str]:
    """Return the version of each package that `lock` installs with `python`."""
    return {
        canonicalize_name(line.name): str(line.specifier).removeprefix("==")
        for line in requirements(f"{lock}.txt")
        if applies(line.marker, python)
    }


def own_requirements(extras: list[str]) -> Iterator[Requirement]:
    """Yield what pyproject.toml lists for `extras`, following extras that name other extras."""
    for line in (line for extra in extras for line in PROJECT["optional-dependencies"][extra]):
        wanted = Requirement(line)
        if wanted.name == PROJECT["name"]:
            yield from own_requirements(sorted(wanted.extras))
        else:
            yield wanted


@cache
def asked_by(package: str) -> list[Requirement]:
    """Return what an installed package asks for; nothing for one that only another Python or system needs."""
    try:
        return [Requirement(line) for line in requires(package) or []]
    except PackageNotFoundError:
        return []


def asked_for(extras: list[str], left_out: set[str], python: str) -> Iterator[tuple[Requirement, str]]:
    """Yield every requirement that the extras lead to with `python`, with the package that asks for it."""
    own = [*map(Requirement, PROJECT["dependencies"]), *own_requirements(extras)]
    waiting = [("candor", wanted) for wanted in own]
    seen: set[str] = set()
    while waiting:
        asker, wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in left_out or str(wanted) in seen:
            continue
        seen.add(str(wanted))
        yield wanted, asker
        extras_here = tuple(wanted.extras)
        waiting += [(name, line) for line in asked_by(name) if applies(line.marker, python, extras_here)]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_what_its_packages_ask_for_when_a_python_is_supported(lock: str, python: str) -> None:
    excludes = "excludes-serving.txt" if lock in IN_IMAGES_OF_WORKERS else "excludes.txt"
    left_out = {canonicalize_name(line.name) for line in requirements(excludes)}
    versions = locked(lock, python)

    missing = {
        str(wanted): asker
        for wanted, asker in asked_for(LOCKS[lock], left_out, python)
        if (version := versions.get(canonicalize_name(wanted.name))) is None
        or version not in wanted.specifier
    }

    assert missing == {}, "run `make lock`, and mind what the excludes leave out"


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_versions_agree_with_those_for_development_when_a_lock_is_a_part_of_it(
    lock: str, python: str
) -> None:
    versions, development = locked(lock, python), locked("dev", python)
    if lock in BEYOND_DEVELOPMENT:
        versions = {name: version for name, version in versions.items() if name in development}
    assert versions.items() <= development.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_address_when_it_was_written_by_any_machine(lock: str) -> None:
    text = (REQUIREMENTS / f"{lock}.txt").read_text(encoding="utf-8")

    assert "://" not in text
    assert text.count("--hash=sha256:") >= len(requirements(f"{lock}.txt"))


def test_lock_of_the_page_names_no_address_when_it_holds_every_package_by_its_hash() -> None:
    text = (REPOSITORY / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: package for name, package in json.loads(text)["packages"].items() if name}

    assert "://" not in text
    assert [name for name, package in packages.items() if not package.get("integrity")] == []


def test_registries_are_told_the_same_pythons_when_some_are_admitted() -> None:
    told = {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if ":: Python :: 3." in line}

    assert {python.rsplit(".", 1)[0] for python in PYTHONS} == told
