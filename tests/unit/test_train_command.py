"""`candor train`: results as tables, and systems by name. Nothing is fitted here."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from candor.cli import app
from candor.commands.train import report_outcomes
from services.common.serving.registry import Manifest, TensorSpec
from services.common.serving.versions import pin_version
from services.common.settings import REPOSITORY
from services.training.publishing import Comparison, HeldOut, Outcome, Served, compare
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


def comparison(right: int) -> Comparison:
    """A model with that many of ten rows right, beside a served version with five."""

    def rows(hits: int) -> HeldOut:
        return HeldOut.of(
            [float(row < hits) for row in range(10)],
            range(10),
            metric="accuracy",
            protocol="ten rows",
            data={"rows": "0" * 64},
        )

    return compare("voice_emotion", rows(right), Served(manifest(1), rows(5)))


def manifest(version: int) -> Manifest:
    spec = TensorSpec(name="x", shape=[None, 1])
    return Manifest(
        name="voice_emotion",
        version=version,
        labels=[],
        input=spec,
        output=spec,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        licence="none",
    )


def test_the_command_ends_with_a_code_of_its_own_when_a_model_is_not_better(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    outcomes = [Outcome(comparison(9), manifest(2)), Outcome(comparison(5), None)]
    with pytest.raises(typer.Exit) as end:
        report_outcomes(outcomes, models_dir=tmp_path)
    assert end.value.exit_code == 3
    said = capsys.readouterr()
    assert [Manifest.model_validate_json(line).version for line in said.out.splitlines()] == [2]
    assert said.err.rstrip().endswith(
        "voice_emotion: not better, not published; --publish-anyway would publish it all the same"
    )


def test_the_command_ends_well_when_every_model_is_published(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report_outcomes([Outcome(comparison(9), manifest(2))], models_dir=tmp_path)
    assert "published as version 2" in capsys.readouterr().err


def test_the_pin_is_told_when_it_keeps_an_older_version_served(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "voice_emotion" / "1").mkdir(parents=True)
    pin_version(tmp_path, "voice_emotion", 1)
    report_outcomes([Outcome(comparison(9), manifest(2))], models_dir=tmp_path)
    assert "pinned to version 1, which stays served" in capsys.readouterr().err


def test_the_reader_is_told_what_to_install_when_the_face_lacks_pytorch(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    done = run("face", "--data", tmp_path, "--models-dir", tmp_path, "--runs-dir", tmp_path)
    assert done.exit_code == 2
    assert "needs PyTorch" in done.stderr
    assert "make venv-face-training" in done.stderr


def test_the_reader_is_told_when_the_corpora_of_a_training_are_missing(run: Run, tmp_path: Path) -> None:
    done = run("text", "--data", tmp_path, "--models-dir", tmp_path, "--runs-dir", tmp_path)
    assert done.exit_code == 2
    assert "essays" in done.stderr


@pytest.mark.parametrize("option", ["--epochs", "--limit"])
def test_only_the_face_has_short_runs_when_one_is_asked_for(run: Run, option: str) -> None:
    done = run("voice", option, 128)
    assert done.exit_code == 2
    assert "a run of the face shorter" in done.stderr


def test_help_says_what_training_needs_and_how_long_it_takes(run: Run) -> None:
    said = " ".join(run("face", "--help").stdout.split())
    for statement in ("make venv-face-training", "--publish-anyway", "How long", "last checkpoint"):
        assert statement in said
