"""The folders of the repository, a line each, and what the package needs."""

import ast
import tomllib
from pathlib import Path

from packaging.specifiers import SpecifierSet

from services.common.settings import REPOSITORY

SAID = {
    "clients": "The Python client, and calls with curl",
    "deploy": "Images, locks, models, results files, the promised interface, configuration of the servers",
    "docs": "This documentation, and what generates parts of it",
    "gateway/web": "The page: plain modules without a build step",
    "tests": "Tests by layer: unit, contract, architecture, integration, end to end, training",
}
"""Folders that are no package, or whose package says something else."""
PACKAGES = (
    "bench",
    "candor",
    "candor/views",
    "fusion",
    "gateway",
    "gateway/assessments",
    "gateway/benchmarks",
    "gateway/http",
    "gateway/interviews",
    "gateway/law",
    "gateway/openapi",
    "gateway/rights",
    "gateway/routes",
    "gateway/tenancy",
    "gateway/uploads",
    "gateway/webhooks",
    "services/audio",
    "services/common",
    "services/common/interviews",
    "services/common/media",
    "services/common/serving",
    "services/common/statistics",
    "services/common/work",
    "services/text",
    "services/training",
    "services/video",
)
MINORS = ("3.11", "3.12", "3.13", "3.14", "3.15")


def folders_table() -> str:
    """Return a line per folder, from the docstrings of the packages.

    Raises:
        FileNotFoundError: a folder is not there any more.
        ValueError: a package has no docstring.
    """
    said = SAID | {name: _first_sentence(REPOSITORY / name) for name in PACKAGES}
    if gone := [name for name in said if not (REPOSITORY / name).is_dir()]:
        raise FileNotFoundError(f"the floor plan names folders that are gone: {', '.join(gone)}")
    rows = [f"| `{name}/` | {said[name]} |" for name in sorted(said)]
    return "\n".join(["| folder | what it is for |", "|---|---|", *rows])


def _first_sentence(package: Path) -> str:
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")))
    if not docstring:
        raise ValueError(f"{package.name}/__init__.py has no docstring; say in one sentence what it is for")
    return " ".join(docstring.split("\n\n")[0].split()).removesuffix(".")


def python_versions() -> str:
    """Return the versions of Python that the package admits, as `3.11 to 3.13`."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    admitted = SpecifierSet(project["requires-python"])
    found = [minor for minor in MINORS if admitted.contains(f"{minor}.9")]
    return f"{found[0]} to {found[-1]}"
