"""What README and documentation say that no page runs: commands, paths, figures."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from candor.cli import app
from docs.generate.readme import README, with_table
from gateway.admin import _parser
from services.common.contracts.results import ErrorCode
from tests.conftest import REPOSITORY
from tests.markdown_examples import blocks, documentation

LARGEST_README = 8 * 1024
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
SERVICES = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
OURS = ("bench", "candor", "clients", "deploy", "docs", "fusion", "gateway", "services", "tests")
"""Folders of the repository: a path that begins with one of them has to be there."""
NAMED_PATH = re.compile(r"`((?:[\w.-]+/)+[\w.*{},-]*)`")
PAGES = [pytest.param(path, id=str(path.relative_to(REPOSITORY))) for path in documentation()]


def told_commands() -> Iterator[tuple[Path, str]]:
    """Yield the lines of every block that no test runs, and the `make` targets that sentences name."""
    for path in documentation():
        for block in blocks(path):
            if block.reason is not None and block.language == "sh":
                lines = block.body.replace("\\\n", " ").splitlines()
                yield from ((path, line) for line in lines if shlex.split(line, comments=True))
        for target in re.findall(r"`(make [a-z][^`]*)`", path.read_text(encoding="utf-8")):
            yield path, target


@pytest.mark.parametrize(
    ("path", "line"), [pytest.param(p, c, id=f"{p.relative_to(REPOSITORY)}: {c}") for p, c in told_commands()]
)
def test_a_command_exists_when_it_is_told_and_not_run(path: Path, line: str) -> None:
    words = shlex.split(line.replace("$HEAD", "1:0"), comments=True)
    if words[0] == "make":
        assert {word for word in words[1:] if re.fullmatch(r"[a-z-]+", word)} <= TARGETS
    elif words[0] == "candor":
        command = get_command(app).commands[words[1]]  # type: ignore[attr-defined]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words[2:] if word.startswith("--")} <= known
    elif words[:4] == ["docker", "compose", "run", "--rm"]:
        assert words[4] in SERVICES
        _parser().parse_args(words[5:])
    elif words[:3] == ["docker", "compose", "exec"]:
        assert next(word for word in words[3:] if not word.startswith("-")) in SERVICES
    else:
        assert words[:2] == ["python", "-m"], f"no test knows {words[0]}"
        assert (REPOSITORY / Path(*words[2].split("."))).with_suffix(".py").is_file()


@pytest.mark.parametrize("path", PAGES)
def test_every_block_has_a_language_that_a_test_knows(path: Path) -> None:
    fences = re.findall(r"^ *```(\w*)$", path.read_text(encoding="utf-8"), re.MULTILINE)[::2]
    assert set(fences) <= {"sh", "python", "text"}
    assert len(fences) == len(blocks(path))


@pytest.mark.parametrize("path", PAGES)
def test_a_path_is_there_when_it_is_named(path: Path) -> None:
    named = NAMED_PATH.findall(path.read_text(encoding="utf-8"))
    ours = [name for name in named if name.partition("/")[0] in OURS and not re.search(r"[<>*{}$]", name)]
    assert [name for name in ours if not (REPOSITORY / name).exists()] == []


def test_the_table_of_the_readme_says_what_the_manifests_say() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_table(text), "run: make docs"


def test_every_error_code_is_explained_to_whoever_hands_in_an_answer() -> None:
    told = (REPOSITORY / "docs" / "guide" / "answers.md").read_text(encoding="utf-8")
    assert [code for code in ErrorCode if f"`{code}`" not in told] == []


def test_the_readme_stays_short() -> None:
    assert len(README.read_bytes()) < LARGEST_README


def test_figures_of_pages_come_from_results_files() -> None:
    """Hold sentences to macros: nothing keeps a bare figure with an interval or a decimal true."""
    figure = re.compile(r"\d+\.\d+ ?(?:%|\[|±)|\[\d+\.\d+, \d+\.\d+\]")
    for path in documentation():
        if path == README or "clients" in path.parts:
            continue
        prose = re.sub(r"\{\{.*?\}\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert figure.findall(prose) == [], path
