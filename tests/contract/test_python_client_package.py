"""The Python client is a distribution of its own: it builds, is typed, and needs nothing else of Candor's."""

import ast
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

SOURCE = REPOSITORY / "clients" / "python"
PACKAGE = SOURCE / "candor_client"
IGNORED = shutil.ignore_patterns("__pycache__", "build", "dist", "*.egg-info")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an installation of the wheel puts into `site-packages`, built from a copy."""
    folder = tmp_path_factory.mktemp("client")
    copy = shutil.copytree(SOURCE, folder / "source", ignore=IGNORED)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(copy)], check=True)
    (wheel,) = folder.glob("candor_client-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site-packages")
    return folder / "site-packages"


def test_every_module_and_the_mark_of_types_are_in_the_wheel(installed: Path) -> None:
    expected = {path.relative_to(SOURCE) for path in PACKAGE.rglob("*.py")} | {Path("candor_client/py.typed")}
    found = {path.relative_to(installed) for path in (installed / "candor_client").rglob("*")}
    assert {path for path in found if path.suffix} == expected


def test_it_is_imported_when_nothing_of_candor_is_around(installed: Path, tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import candor_client as client\n"
        "assert client.__file__.startswith(sys.argv[1]), client.__file__\n"
        "print(sorted({'bench', 'candor', 'clients', 'gateway', 'services', 'fusion'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, str(installed)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_only_declared_dependencies_are_imported() -> None:
    project = tomllib.loads((SOURCE / "pyproject.toml").read_text())["project"]
    declared = {requirement.partition(">")[0] for requirement in project["dependencies"]}
    allowed = {*sys.stdlib_module_names, *declared, "candor_client"}
    for path in PACKAGE.rglob("*.py"):
        assert imported(path) <= allowed, f"{path.name} imports {imported(path) - allowed}"


def imported(path: Path) -> set[str]:
    """Top-level names of what a module imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in plain | named}
