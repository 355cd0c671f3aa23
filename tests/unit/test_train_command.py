"""`candor train`: results as tables, and systems by name. Nothing is fitted here."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from candor.cli import app
from services.common.settings import REPOSITORY
from services.training.results import REFERENCE, SERVED, Figure, ResultRow, read_folder, write_results

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    return lambda *arguments: CliRunner().invoke(app, ["train", *map(str, arguments)])


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A served model and one system of the reference under two protocols."""

    def row(title: str, group: str, protocol: str, uar: float) -> ResultRow:
        return ResultRow(
            system=title,
            title=title,
            group=group,
            protocol=protocol,
            n=1200,
            people=20,
            seeds=[0, 1, 2],
            figures={"uar": Figure(value=uar, low=uar - 0.04, high=uar + 0.04, sd=0.01, seeds=3)},
        )

    forest = [row("forest", REFERENCE, "by actor, 5 folds", 0.45), row("forest", REFERENCE, "leaky", 0.7)]
    served = [row("one clip", SERVED, "by actor, 5 folds", 0.64)]
    for system, rows in (("forest", forest), ("served", served)):
        write_results(rows, subject="voice", system=system, data_hash={"ravdess": "c" * 64}, folder=tmp_path)
    return tmp_path


def test_every_system_is_in_the_table_when_results_are_reported(run: Run, results: Path) -> None:
    done = run("voice", "--report", "--results-dir", results)
    assert done.exit_code == 0, done.output
    text = " ".join(done.stdout.split())
    assert text.index(SERVED) < text.index("64.0 ± 1.0 [60.0, 68.0]") < text.index(REFERENCE)
    line = next(line for line in done.stdout.splitlines() if "forest" in line and "45.0" in line)
    assert line.index("45.0 ± 1.0") < line.index("70.0 ± 1.0")
    assert "data ravdess cccccccccc" in text


def test_the_table_is_markdown_when_that_is_asked_for(run: Run, results: Path) -> None:
    done = run("voice", "--report", "--markdown", "--results-dir", results)
    assert "| forest | 45.0 ± 1.0 [41.0, 49.0] | – | – | 70.0 ± 1.0 [66.0, 74.0] | – | – |" in done.stdout


def test_the_reader_is_told_when_there_are_no_results(run: Run, tmp_path: Path) -> None:
    done = run("voice", "--report", "--results-dir", tmp_path)
    assert done.exit_code == 2
    assert "no results in" in done.stderr
    assert done.stdout == ""


def test_the_names_are_listed_when_a_system_is_unknown(run: Run, tmp_path: Path) -> None:
    done = run("voice", "--system", "svm-36", "--data", tmp_path)
    assert done.exit_code == 2
    assert "no system 'svm-36' for voice; known are svm-360, mfcc-svc" in done.stderr
    listed = run("voice", "--list-systems").stdout.splitlines()
    assert all(line.split()[0] in done.stderr for line in listed)


def test_the_reader_is_told_when_the_corpus_is_missing(run: Run, tmp_path: Path) -> None:
    done = run("voice", "--system", "mfcc-svc", "--data", tmp_path, "--results-dir", tmp_path)
    assert done.exit_code == 2
    assert "no ravdess recordings" in done.stderr


def test_a_model_that_is_not_trained_here_says_so_when_asked_for_systems(run: Run) -> None:
    done = run("speech", "--list-systems")
    assert done.exit_code == 2
    assert "candor evaluate speech" in done.stderr


def test_the_systems_of_words_are_listed_when_asked_for(run: Run) -> None:
    done = run("text", "--list-systems")
    assert done.exit_code == 0
    assert "naive-bayes" in done.stdout


def test_every_published_row_names_its_data_and_commit_when_read() -> None:
    files = read_folder("voice", folder=REPOSITORY / "deploy" / "results")
    assert files
    for file in files:
        assert file.commit
        assert len(file.data_hash["ravdess"]) == 64
        assert all(row.seeds and row.figures for row in file.rows)


def test_norms_say_how_they_are_made_when_results_are_asked_for(run: Run) -> None:
    done = run("norms", "--report")
    assert done.exit_code == 2
    assert "make them with: candor train norms" in done.stderr
