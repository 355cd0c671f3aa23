"""Measure the analyses on one core and print what they cost; about five minutes."""

import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from bench.memory import Growth
    from bench.paths import Measurement

EXIT_NOTHING_MEASURED = 2
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
TABLE_CELLS = 128
LOOPS = 30
SHORT_S, LONG_S, LONGEST_S = 60.0, 600.0, 3600.0
WORDS = 300
HD_FRAMES = 240
PAGES = 50
FER_PYTHON = ".venv-fer/bin/python"


@dataclass(slots=True)
class Findings:
    """What was measured so far, and why the rest was not."""

    measurements: list["Measurement"] = field(default_factory=list)
    growths: list["Growth"] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def bench(
    data: Annotated[Path | None, typer.Option(envvar="CANDOR_DATA", help="Folder of the corpora.")] = None,
    runs: Annotated[int, typer.Option(min=3, max=20, help="Timed rounds, after one to warm up.")] = 5,
    memory: Annotated[bool, typer.Option(help="Also measure memory, the longer half.")] = True,
    results: Annotated[Path | None, typer.Option("--json", help="Also write the results here.")] = None,
) -> None:
    """Time every analysis on one core beside its limit, and weigh short and long recordings."""
    cores = usable_cores()
    core = take_one_core(cores)
    import cv2
    from rich.console import Console

    from bench import table
    from bench.results import document
    from services.common.settings import CommonSettings

    cv2.setNumThreads(1)
    console, found = Console(width=max(TABLE_CELLS, Console().width)), Findings()
    with tempfile.TemporaryDirectory(prefix="candor-bench-") as folder:
        measure(data or CommonSettings().data, Path(folder), found, runs=runs, cores=cores if memory else [])
    written = document(found.measurements, found.growths, found.skipped, core=core)
    if found.measurements:
        console.print(table.times_table(found.measurements))
    if found.growths:
        console.print(table.memory_table(found.growths))
    _print_notes(console, written)
    if results is not None:
        results.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if not found.measurements:
        raise typer.Exit(EXIT_NOTHING_MEASURED)


def usable_cores() -> list[int]:
    """Return cores that this process may run on; none where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def take_one_core(cores: list[int]) -> int | None:
    """Keep this process to its last core, and every library to one thread. Before NumPy loads."""
    for name in THREAD_VARIABLES:
        os.environ[name] = "1"
    if not cores:
        return None
    os.sched_setaffinity(0, cores[-1:])
    return cores[-1]


def measure(data: Path, folder: Path, found: Findings, *, runs: int, cores: list[int]) -> None:
    """Measure what the corpora allow; `folder` takes what is made of them. No `cores`: no memory."""
    from bench import paths, recordings

    clip, speech, essays = data / recordings.CLIP, data / recordings.SPEECH, data / recordings.ESSAYS
    if _is_there(clip, "face", found):
        found.measurements.append(paths.measure_video(clip, runs=runs, fer=_fer(found)))
        enlarged = folder / "1080p.mp4"
        recordings.enlarge_video(clip, enlarged, frames=HD_FRAMES)
        found.measurements.append(paths.measure_video(enlarged, runs=runs, title="face, 1080p"))
    if _is_there(speech, "voice", found):
        for duration_s in (SHORT_S, LONG_S):
            sound = _speech(speech, folder, duration_s)
            found.measurements.append(paths.measure_voice(sound, runs=runs))
    _measure_speech(data / recordings.SENTENCES, folder, found, runs=runs)
    if _is_there(essays, "words", found):
        text = folder / "head of an essay.txt"
        text.write_text(recordings.essay_head(essays, words=WORDS), encoding="utf-8")
        found.measurements.append(paths.measure_text(text, runs=runs))
        _measure_documents(essays, folder, found, runs=runs)
    if cores:
        _weigh(clip, speech, folder, found, cores=cores)


def _measure_speech(clips: Path, folder: Path, found: Findings, *, runs: int) -> None:
    """Measure the transcription of a minute of sentences."""
    from bench import paths, recordings

    sentences = folder / "sentences.wav"
    try:
        recordings.join_speech(clips, sentences, duration_s=SHORT_S, files=recordings.SENTENCE_FILES)
        found.measurements.append(paths.measure_speech(sentences, runs=runs))
    except (FileNotFoundError, ValueError) as fault:
        found.skipped.append(f"speech written down: {fault}")


def _measure_documents(essays: Path, folder: Path, found: Findings, *, runs: int) -> None:
    """Measure documents of many pages, with the words of essays."""
    from bench import documents, paths

    pages = documents.essay_pages(essays, pages=PAGES)
    for name, write in (("essays.pdf", documents.write_pdf), ("essays.docx", documents.write_docx)):
        write(pages, folder / name)
        found.measurements.append(paths.measure_document(folder / name, pages=PAGES, runs=runs))


def _is_there(path: Path, name: str, found: Findings) -> bool:
    if not path.exists():
        found.skipped.append(f"{name}: no {path}; set CANDOR_DATA to the folder of the corpora")
    return path.exists()


def _fer(found: Findings) -> Path | None:
    """Return the interpreter beside which the `fer` package is installed, if it is."""
    python = Path(os.environ.get("CANDOR_FER_PYTHON", FER_PYTHON))
    if not python.exists():
        found.skipped.append("the fer package as a peer of the face: `make bench-fer` installs it")
        return None
    return python


def _speech(clips: Path, folder: Path, duration_s: float) -> Path:
    """Return speech of this length, joined on first demand."""
    from bench.recordings import join_speech

    sound = folder / f"{duration_s:.0f} s.wav"
    if not sound.exists():
        join_speech(clips, sound, duration_s=duration_s)
    return sound


def _weigh(clip: Path, speech: Path, folder: Path, found: Findings, *, cores: list[int]) -> None:
    """Measure peak memory of recordings of growing length; the longest of all starts first, beside the
    others.
    """
    from bench.memory import Growth, footprints
    from bench.recordings import loop_video, video_duration_s
    from services.common.contracts.labels import Modality

    kinds: list[tuple[Modality, dict[float, Path]]] = []
    if clip.exists():
        looped = folder / "looped.mp4"
        loop_video(clip, looped, times=LOOPS)
        kinds.append((Modality.VIDEO, {video_duration_s(path): path for path in (clip, looped)}))
    if speech.exists():
        sounds = {s: _speech(speech, folder, s) for s in (SHORT_S, LONG_S, LONGEST_S)}
        kinds.append((Modality.AUDIO, sounds))
    files = [(modality, path) for modality, paths in kinds for path in reversed(paths.values())]
    sizes = iter(footprints(files, cores=cores))
    for modality, paths in kinds:
        weighed = [next(sizes) for _ in paths]
        found.growths.append(Growth(modality, tuple(paths), tuple(reversed(weighed))))


def _print_notes(console: "Console", written: dict[str, object]) -> None:
    """Print what a reader must know to judge the tables."""
    machine = written["machine"]
    assert isinstance(machine, dict)
    console.print(
        f"{machine['processor']}, {machine['cores']} cores, load {machine['load_average'][0]}; "
        f"Python {machine['python']}; commit {written['commit']}.",
        highlight=False,
    )
    if written["processor_share"] is not None:
        console.print(
            f"The core was ours {written['processor_share']:.0%} of the time; "
            "times leave the rest out, and each ratio is of two runs of one round.",
            highlight=False,
        )
    skipped = written["skipped"]
    assert isinstance(skipped, list)
    for reason in skipped:
        console.print(f"[yellow]Skipped[/yellow] {reason}.", highlight=False)


if __name__ == "__main__":
    typer.run(bench)
