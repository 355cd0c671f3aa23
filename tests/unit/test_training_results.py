import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import f1_score, recall_score

from services.training.result_tables import figure_text, markdown, tables
from services.training.results import (
    REFERENCE,
    SERVED,
    Figure,
    Predictions,
    ResultRow,
    ResultsFile,
    figures_of,
    read_folder,
    read_results,
    write_results,
)

FOLDS, LEAKY = "actor folds, 5 of 4", "leaky split, 80/20"


def row(title: str = "svc", protocol: str = FOLDS, *, group: str = REFERENCE, **changes: object) -> ResultRow:
    figures = {"uar": Figure(value=0.5421, low=0.5, high=0.58, sd=0.008, seeds=3)}
    fields = {"system": "s", "n": 1200, "people": 20, "seeds": [0, 1, 2], "figures": figures} | changes
    return ResultRow(title=title, protocol=protocol, group=group, **fields)


def write(rows: list[ResultRow], folder: Path, system: str = "s") -> list[ResultsFile]:
    write_results(rows, subject="voice", system=system, data_hash={"ravdess": "ab" * 32}, folder=folder)
    return read_folder("voice", folder=folder)


def predictions(seed: int, *, n: int = 200, right: float = 0.6) -> Predictions:
    generator = np.random.default_rng(seed)
    truth = generator.choice(3, size=n, p=[0.6, 0.3, 0.1])
    wrong = generator.integers(3, size=n)
    predicted = np.where(generator.random(n) < right, truth, wrong)
    return Predictions(seed, truth, predicted, np.arange(n) % 10)


def test_a_file_reads_back_equal_when_written(tmp_path: Path) -> None:
    rows = [row(), row(protocol=LEAKY, labels=["a", "b"], confusion=[[3, 1], [0, 4]], note="n")]
    (file,) = write(rows, tmp_path)
    assert file.rows == rows
    assert file.data_hash == {"ravdess": "ab" * 32}
    assert file.created_at.tzinfo is not None


def test_each_row_is_a_line_when_written(tmp_path: Path) -> None:
    write([row("a"), row("b")], tmp_path)
    lines = (tmp_path / "voice" / "s.json").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line.strip().rstrip(","))["title"] for line in lines if '"title"' in line] == [
        "a",
        "b",
    ]


def test_a_stranger_is_refused_when_a_file_is_no_results_file(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"subject": "voice"}', encoding="utf-8")
    with pytest.raises(ValidationError, match="rows"):
        read_results(tmp_path / "x.json")


def test_nothing_is_written_when_there_are_no_rows(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="s has no results"):
        write([], tmp_path)
    assert read_folder("voice", folder=tmp_path) == []


def test_figures_agree_with_scikit_learn_when_there_is_one_seed() -> None:
    run = predictions(0)
    figures = figures_of([run], 3, resamples=50)
    assert figures["uar"].value == pytest.approx(
        recall_score(run.truth, run.predicted, average="macro"), abs=1e-6
    )
    assert figures["macro_f1"].value == pytest.approx(
        f1_score(run.truth, run.predicted, average="macro"), abs=1e-6
    )
    assert figures["accuracy"].value == pytest.approx((run.truth == run.predicted).mean(), abs=1e-6)
    assert figures["majority"].value == pytest.approx(np.bincount(run.truth).max() / 200, abs=1e-6)
    assert figures["uar"].sd is None


def test_figures_are_the_mean_over_seeds_and_not_the_best_when_there_are_several() -> None:
    runs = [predictions(0, right=0.2), predictions(1, right=0.9), predictions(2, right=0.5)]
    alone = [figures_of([run], 3, resamples=20)["uar"].value for run in runs]
    figure = figures_of(runs, 3, resamples=200)["uar"]
    assert figure.value == pytest.approx(np.mean(alone), abs=1e-5)
    assert figure.sd == pytest.approx(np.std(alone, ddof=1), abs=1e-5)
    assert figure.seeds == 3
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low < figure.value < figure.high < max(alone)


def test_a_figure_is_in_percent_when_it_is_a_share() -> None:
    figure = Figure(value=0.5421, low=0.501, high=0.58, sd=0.0084)
    assert figure_text(figure) == "54.2 ± 0.8 [50.1, 58.0]"
    assert figure_text(Figure(value=1.234), share=False) == "1.23"
    assert figure_text(None) == "–"


def test_protocols_stand_side_by_side_when_systems_are_the_references(tmp_path: Path) -> None:
    leaky = row("svc", LEAKY, figures={"uar": Figure(value=0.9)}, n=210)
    (table,) = tables(write([row("svc"), leaky, row("forest")], tmp_path))
    assert table.columns[:2] == ("system", "actor folds: UAR")
    assert [line[0] for line in table.rows] == ["svc", "forest"]
    assert table.rows[0][table.columns.index("leaky split: UAR")] == "90.0"
    assert table.rows[1][table.columns.index("leaky split: UAR")] == "–"
    assert any(note.startswith(f"{LEAKY}: n = 210") for note in table.notes)


def test_protocols_head_the_columns_in_full_when_their_beginnings_agree(tmp_path: Path) -> None:
    (table,) = tables(write([row(protocol="folds, 5"), row(protocol="folds, 10")], tmp_path))
    assert table.columns[1::3] == ("folds, 5: UAR", "folds, 10: UAR")


def test_the_served_model_comes_first_when_its_file_is_last(tmp_path: Path) -> None:
    write([row()], tmp_path, "a")
    served = row("one clip", group=SERVED, figures={"nll": Figure(value=1.5), "uar": Figure(value=0.64)})
    files = write([served, row("men", group="Slices")], tmp_path, "z")
    made = tables(files)
    assert [table.title for table in made] == [SERVED, "Slices", REFERENCE]
    assert made[0].columns[4:] == ("UAR", "NLL")
    assert made[0].rows[0][4:] == ("64.0", "1.50")


def test_equal_notes_share_a_number_when_rows_repeat_them(tmp_path: Path) -> None:
    rows = [row("a", note="small budget"), row("b", note="other"), row("a", LEAKY, note="small budget")]
    (table,) = tables(write(rows, tmp_path))
    assert [line[0] for line in table.rows] == ["a (1)", "b (2)"]
    assert table.notes[:2] == ("(1) small budget", "(2) other")


def test_every_line_has_the_same_cells_when_printed_as_markdown(tmp_path: Path) -> None:
    text = markdown(write([row("a|b"), row("c", LEAKY)], tmp_path))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
    assert "| a\\|b | 54.2 ± 0.8 [50.0, 58.0] |" in text
    assert "data ravdess ababababab" in text
