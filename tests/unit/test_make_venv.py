"""`deploy/make-venv.sh` with Pythons that only pretend, so that every machine of a newcomer is at hand."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from services.common.settings import REPOSITORY

SCRIPT = REPOSITORY / "deploy" / "make-venv.sh"
TOOLS = ("awk", "bash", "cat", "cp", "df", "dirname", "mkdir", "rm", "sed", "sha256sum")

PYTHON = """#!/bin/bash
case "$*" in
  *sys.version_info*) echo {version} ;;
  *ensurepip*) exit {without_venv} ;;
  "-m venv --clear "*) rm -rf "$4"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python" ;;
  "-m pip install "*) echo "$*" >>"{log}" ;;
esac
"""
FULL_DISK = "#!/bin/bash\necho head\necho /dev/x 9000 8488 512 95% /\n"
BROKEN = "#!/bin/bash\necho 'pyenv: command not found' >&2\nexit 127\n"


class Machine:
    """A folder that is all of PATH, and the environment that is made with it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bin"
        self.path.mkdir()
        self.venv = folder / "environment"
        self.log = folder / "pip.log"
        for tool in TOOLS:
            (self.path / tool).symlink_to(shutil.which(tool) or tool)

    def add(self, name: str, script: str) -> Path:
        """Put a program on PATH in place of one of that name."""
        program = self.path / name
        program.unlink(missing_ok=True)
        program.write_text(script, encoding="utf-8")
        program.chmod(0o755)
        return program

    def add_python(self, name: str, version: str, *, has_venv: bool = True) -> Path:
        """Put a Python on PATH that says it is `version`."""
        script = PYTHON.format(version=version, without_venv=int(not has_venv), log=self.log)
        return self.add(name, script)

    def run(self, *, python: str = "") -> subprocess.CompletedProcess[str]:
        """Run the script as `make venv` does."""
        environment = {"PATH": str(self.path), "PYTHON": python}
        command = [self.path / "bash", SCRIPT, self.venv, "local"]
        return subprocess.run(command, env=environment, text=True, capture_output=True, check=False)

    def version(self) -> str:
        """Return the version of the environment's Python."""
        command = [self.venv / "bin" / "python", "-c", "print(sys.version_info)"]
        return subprocess.run(command, text=True, capture_output=True, check=True).stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def sentence(run: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence of a run that did not get further."""
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
    assert run.stderr.endswith("run this again.\n")
    return run.stderr


def test_newest_that_is_admitted_is_taken_when_there_are_several(machine: Machine) -> None:
    for version in ("3.10", "3.11", "3.12", "3.13", "3.14"):
        machine.add_python(f"python{version}", version)
    machine.add_python("python3", "3.14")

    assert machine.run().returncode == 0
    assert machine.version() == "3.13"


def test_python3_is_taken_when_no_name_has_a_number(machine: Machine) -> None:
    machine.add_python("python3", "3.12")

    assert machine.run().returncode == 0
    assert machine.version() == "3.12"


def test_older_one_is_taken_when_the_newest_cannot_be_used(machine: Machine) -> None:
    machine.add("python3.13", BROKEN)
    machine.add_python("python3.12", "3.12", has_venv=False)
    machine.add_python("python3.11", "3.11")

    assert machine.run().returncode == 0
    assert machine.version() == "3.11"


def test_named_one_is_taken_when_a_newer_one_is_there(machine: Machine) -> None:
    machine.add_python("python3.13", "3.13")
    named = machine.add_python("mine", "3.11")

    assert machine.run(python=str(named)).returncode == 0
    assert machine.version() == "3.11"


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        pytest.param(lambda machine: None, "python3 does not run", id="no Python"),
        pytest.param(lambda machine: machine.add("python3.13", BROKEN), "python3 does not run", id="broken"),
        pytest.param(
            lambda machine: machine.add_python("python3", "3.9"), "python3 is Python 3.9", id="too old"
        ),
        pytest.param(
            lambda machine: machine.add_python("python3", "3.14"), "python3 is Python 3.14", id="too new"
        ),
    ],
)
def test_python_is_asked_for_when_none_is_admitted(
    machine: Machine, prepare: Callable[[Machine], object], words: str
) -> None:
    prepare(machine)

    said = sentence(machine.run())

    assert "Candor runs on Python 3.11 to 3.13" in said
    assert words in said


@pytest.mark.parametrize(("python", "words"), [("old", "old is Python 3.9"), ("gone", "gone does not run")])
def test_named_one_is_refused_when_it_cannot_be_used(machine: Machine, python: str, words: str) -> None:
    machine.add_python("python3.13", "3.13")
    machine.add_python("old", "3.9")

    assert words in sentence(machine.run(python=python))


def test_package_is_named_when_the_venv_module_is_missing(machine: Machine) -> None:
    machine.add_python("python3.13", "3.13", has_venv=False)

    assert "apt-get install python3.13-venv" in sentence(machine.run())


def test_disk_is_asked_for_when_too_little_is_free(machine: Machine) -> None:
    machine.add_python("python3.13", "3.13")
    machine.add("df", FULL_DISK)

    run = machine.run()

    assert run.returncode == 1
    assert "2500 MB, and 512 MB are free in" in run.stderr
    assert not machine.log.exists()


def test_no_disk_is_asked_for_when_an_environment_is_brought_up_to_date(machine: Machine) -> None:
    machine.add_python("python3.13", "3.13")
    machine.run()
    (machine.venv / ".installed-local").write_text("an earlier lock", encoding="utf-8")
    machine.add("df", FULL_DISK)

    assert machine.run().returncode == 0
    assert machine.log.read_text(encoding="utf-8").count("--require-hashes") == 2


def test_environment_stays_when_it_has_another_python_than_the_newest(machine: Machine) -> None:
    machine.add_python("python3.11", "3.11")
    machine.run()
    installed = machine.log.read_text(encoding="utf-8")
    machine.add_python("python3.13", "3.13")

    run = machine.run()

    assert (run.returncode, run.stdout) == (0, "")
    assert machine.version() == "3.11"
    assert machine.log.read_text(encoding="utf-8") == installed


def test_environment_is_made_and_filled_again_when_its_python_is_gone(machine: Machine) -> None:
    machine.add_python("python3.11", "3.11")
    machine.run()
    (machine.venv / "bin" / "python").unlink()
    machine.log.unlink()
    machine.add_python("python3.13", "3.13")

    assert machine.run().returncode == 0
    assert machine.version() == "3.13"
    assert "--require-hashes" in machine.log.read_text(encoding="utf-8")


def test_environment_is_left_alone_when_its_python_is_not_admitted(machine: Machine) -> None:
    machine.add_python("python3.13", "3.13")
    program = machine.venv / "bin" / "python"
    program.parent.mkdir(parents=True)
    shutil.copy(machine.add_python("old", "3.10"), program)

    assert "holds Python 3.10" in sentence(machine.run())
    assert machine.version() == "3.10"


def test_lock_is_installed_again_when_pip_was_interrupted(machine: Machine) -> None:
    python = machine.add_python("python3.13", "3.13")
    works = python.read_text(encoding="utf-8")
    machine.add("python3.13", works.replace('>>"', "&& exit 1 #"))
    assert machine.run().returncode == 1
    shutil.copy(machine.add("python3.13", works), machine.venv / "bin" / "python")

    assert machine.run().returncode == 0
    assert machine.log.read_text(encoding="utf-8").count("pip install") == 2
