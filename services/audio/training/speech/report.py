"""What was measured on writing speech down, as the file that the record and the README quote.

`python -m services.audio.training.speech.report DATA` measures everything anew; half an hour on one core.
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.audio.training.dataset import find_clips
from services.audio.training.speech.cost import cost, make_recording
from services.audio.training.speech.evaluate import CORPORA, evaluate
from services.training.artifacts import data_hash
from services.training.results import Figure, ResultRow, write_results

SUBJECT = "speech"
WORDS, OTHER_LANGUAGE, COST = "Words", "Another language", "Cost"
PROTOCOLS = {
    "ravdess": ("RAVDESS", "three clips of each of 20 actors, two sentences"),
    "ravdess_noise_10_db": ("RAVDESS, noise", "one clip of each of 20 actors with white noise at 10 dB"),
    "grid": ("GRID", "ten people, one sentence of a command language each"),
    "synthesiser": (
        "Synthesiser",
        "Flite, three voices: two answers with hesitations, six of First Impressions",
    ),
    "emodb": ("EMO-DB (German)", "per speaker three sentences, and 20 s of sentences in a row"),
}
DURATIONS = {"a minute": (60.0, 1), "a minute, two threads": (60.0, 2), "half an hour": (1800.0, 1)}
MEBIBYTE = 2.0**20


def rows(reports: Mapping[str, Mapping[str, Any]], costs: Mapping[str, Mapping[str, Any]]) -> list[ResultRow]:
    """Return one row per corpus, from `evaluate`, and one per recording whose cost was measured.

    Raises:
        KeyError: a report lacks a figure.
    """
    found = [_row_of_words(name, report) for name, report in reports.items()]
    return found + [_row_of_cost(title, measured) for title, measured in costs.items()]


def _row_of_words(name: str, report: Mapping[str, Any]) -> ResultRow:
    title, protocol = PROTOCOLS[name]
    count = report["recordings"]
    without = {code: Figure(value=number / count) for code, number in report["without_words"].items()}
    certainty = {"median_certainty": Figure(value=report["certainty"]["median"])}
    figures = without | certainty
    if "word_error_rate" in report:
        low, high = report["interval"]
        figures = {
            "word_error_rate": Figure(value=report["word_error_rate"], low=low, high=high),
            "exact": Figure(value=report["exact"]),
            **{f"{kind}_words": Figure(value=report[kind]) for kind in ("substituted", "missing", "added")},
            **figures,
        }
        if report["fillers_said"]:
            figures["fillers_found"] = Figure(value=report["fillers_found"] / report["fillers_said"])
    return ResultRow(
        system=report["model"],
        title=title,
        group=OTHER_LANGUAGE if name == "emodb" else WORDS,
        protocol=protocol,
        n=count,
        people=report["speakers"],
        seeds=[0],
        figures=figures,
    )


def _row_of_cost(title: str, measured: Mapping[str, Any]) -> ResultRow:
    return ResultRow(
        system="whisper-tiny.en",
        title=title,
        group=COST,
        protocol="GRID clips in a row, a process of its own",
        n=1,
        seeds=[0],
        figures={
            "real_time_factor": Figure(value=measured["cpu_s"] / measured["duration_s"]),
            "processor_s": Figure(value=measured["cpu_s"]),
            "load_s": Figure(value=measured["load_s"]),
            "loaded_mib": Figure(value=measured["base_bytes"] / MEBIBYTE),
            "peak_mib": Figure(value=measured["peak_bytes"] / MEBIBYTE),
        },
    )


def main(data: Path, results: Path) -> None:
    """Measure and write `speech/whisper-tiny.en.json` into a folder of results."""
    reports = {name: evaluate(data, corpus=name) for name in CORPORA}
    with tempfile.TemporaryDirectory() as folder:
        costs = {
            title: cost(make_recording(data, Path(folder) / "answer.wav", seconds=seconds), threads=threads)
            for title, (seconds, threads) in DURATIONS.items()
        }
    write_results(
        rows(reports, costs),
        subject=SUBJECT,
        system="whisper-tiny.en",
        data_hash=hashes(data),
        folder=results,
    )


def hashes(data: Path) -> dict[str, str]:
    """Return SHA-256 of the recordings by corpus."""
    found = {name: [clip.path for clip in find_clips(data, name)[0]] for name in ("ravdess", "emodb")}
    found["grid"] = sorted((data / "clips").glob("grid_*"))
    return {name: data_hash(paths) for name, paths in found.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
