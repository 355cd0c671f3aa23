"""The pure parts of `python -m bench`: ratios, shares, formats, and the loop of a clip."""

import io
import subprocess
import sys
import wave
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import av
import pytest
from rich.console import Console

from bench import documents, paths, recordings, table
from bench.memory import Footprint, Growth
from bench.paths import LIMIT, PEER, WHOLE, Measurement
from bench.stages import StageClock, replaced
from bench.timing import (
    Run,
    Spread,
    interleave,
    paired_ratio,
    processor_share,
    stage_shares,
    stage_times,
)
from services.common.contracts.labels import MediaKind, Modality
from services.common.media.files import MediaFile
from services.common.settings import REPOSITORY
from services.text.documents import read_document
from services.text.settings import TextSettings
from tests.media_video import make_video_file, make_video_frames

RUNS = [
    Run(2.0, 4.0, {"decode": 0.5, "network": 1.0}),
    Run(4.0, 8.0, {"decode": 1.0, "network": 2.0}),
    Run(3.0, 3.0, {"decode": 1.0, "network": 1.0}),
]


def test_ratio_ignores_drift_when_both_runs_of_a_round_slow_down() -> None:
    assert paired_ratio([2.0, 20.0, 200.0], [1.0, 10.0, 100.0]) == Spread(2.0, 2.0, 2.0)


def test_ratio_is_refused_when_rounds_are_missing() -> None:
    with pytest.raises(ValueError, match="zip"):
        paired_ratio([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="no run"):
        paired_ratio([], [])


def test_shares_sum_to_one_when_stages_leave_a_rest() -> None:
    shares = stage_shares(RUNS)
    assert shares == pytest.approx({"decode": 2.5 / 9, "network": 4 / 9, "rest": 2.5 / 9})
    assert stage_times(RUNS)["rest"] == Spread(1.0, 0.5, 1.0)
    assert processor_share(RUNS) == pytest.approx(9 / 15)


def test_jobs_take_turns_and_warm_up_when_interleaved() -> None:
    calls: list[str] = []

    def job(name: str) -> dict[str, float]:
        calls.append(name)
        return {"stage": 0.25} if name == "whole" else {}

    done = interleave({name: lambda name=name: job(name) for name in ("limit", "whole")}, runs=2, repeats=2)
    assert calls == ["limit", "limit", "whole", "whole"] * 3
    assert [len(runs) for runs in done.values()] == [2, 2]
    assert done["whole"][0].stages == {"stage": 0.25}
    assert done["limit"][0].stages == {}


def test_generator_counts_its_own_work_only_when_its_caller_is_slow() -> None:
    def spin(until: int) -> int:
        return sum(range(until))

    def produce() -> Iterator[int]:
        yield 1
        yield 2

    clock = StageClock("steps")
    seen = []
    for item in clock.timed_generator("steps", produce)():
        seen.append(item)
        spin(2_000_000)
    assert seen == [1, 2]
    assert clock.take()["steps"] < 0.01
    assert clock.take() == {"steps": 0.0}


def test_function_is_put_back_when_a_run_fails() -> None:
    class Stage:
        def work(self) -> int:
            return 1

    def fail() -> None:
        with replaced(Stage, "work", lambda f: lambda self: f(self) + 1):
            assert Stage().work() == 2
            raise RuntimeError

    original = Stage.work
    with pytest.raises(RuntimeError):
        fail()
    assert Stage.work is original


@pytest.mark.parametrize(
    ("times_s", "written"),
    [
        (Spread(2.3779, 2.31, 2.52), "2.38 s (2.31–2.52)"),
        (Spread(0.0123, 0.009, 1.5), "12.3 ms (9.00–1500)"),
        (Spread(26.3e-6, 25e-6, 0.4e-6), "26.3 µs (25.0–0.400)"),
        (Spread(0.0, 0.0, 0.0), "0.000 µs (0.000–0.000)"),
    ],
)
def test_duration_keeps_three_digits_when_written(times_s: Spread, written: str) -> None:
    assert table.duration(times_s) == written


def test_ratio_and_share_are_short_when_written() -> None:
    assert table.ratio(Spread(6.612, 0.5, 184.4)) == "6.61 (0.500–184)"
    assert table.ratio(Spread(6.612, 0.5, 184.4), ranged=False) == "6.61"
    assert [table.percent(share) for share in (1.0, 0.0998, 0.042)] == ["100 %", "10 %", "4.2 %"]


def test_tables_show_limit_peer_and_growth_when_printed() -> None:
    other = [Run(0.5, 0.5), Run(1.0, 1.0), Run(0.75, 0.75)]
    voice = Measurement(
        "voice",
        Modality.AUDIO,
        "bare decode",
        "MFCC",
        30.0,
        480_000,
        "",
        {WHOLE: RUNS, LIMIT: other, PEER: other},
    )
    words = Measurement(
        "words", Modality.TEXT, "network alone", None, None, 300, "words", {WHOLE: RUNS, LIMIT: other}
    )
    growth = Growth(
        Modality.AUDIO,
        (60.0, 600.0, 1140.0),
        (Footprint(0, 1, 1.0), Footprint(0, 2**20, 1.0), Footprint(0, 10 * 2**20, 9.0)),
    )
    assert growth.extra_bytes_per_s == pytest.approx(9 * 2**20 / 540)
    console = Console(file=io.StringIO(), width=140)
    console.print(table.times_table([voice, words]), table.memory_table([growth]))
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "4.00 (4.00–4.00)" in printed
    assert "words · 300 words" in printed
    assert "10.0 MiB (1140 s)" in printed
    assert "+1024 KiB" in printed


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_loop_lasts_n_times_as_long_when_packets_are_copied(tmp_path: Path, suffix: str) -> None:
    source = make_video_file(tmp_path / f"clip{suffix}", make_video_frames(20), rate_hz=20)
    looped = tmp_path / f"looped{suffix}"
    recordings.loop_video(source, looped, times=4)
    with av.open(str(looped)) as container:
        stamps = [frame.time for frame in container.decode(video=0)]
    assert len(stamps) == 80
    assert stamps == pytest.approx([number / 20 for number in range(80)], abs=0.01)
    assert looped.stat().st_size == pytest.approx(4 * source.stat().st_size, rel=0.1)
    if suffix == ".mp4":
        assert recordings.video_duration_s(looped) == pytest.approx(4.0, abs=0.06)


def test_speech_is_as_long_as_asked_when_clips_are_joined(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    for number in range(3):
        soundfile.write(tmp_path / f"{number}.flac", [0.1 * number] * 8000, 16_000)
    recordings.join_speech(tmp_path, tmp_path / "joined.wav", duration_s=2.25)
    with wave.open(str(tmp_path / "joined.wav")) as joined:
        assert (joined.getframerate(), joined.getnchannels(), joined.getnframes()) == (16_000, 1, 36_000)
    assert recordings.decode_sound(tmp_path / "joined.wav") == 36_000


def test_text_is_cut_to_length_when_an_essay_is_longer(tmp_path: Path) -> None:
    essays = tmp_path / "essays.csv"
    essays.write_text("id,text\na,too short\nb,one two three four\n", encoding="utf-8")
    assert recordings.essay_head(essays, words=3) == "one two three"
    with pytest.raises(ValueError, match="no essay of 9 words"):
        recordings.essay_head(essays, words=9)


@pytest.mark.parametrize("suffix", [".pdf", ".docx"])
def test_document_has_the_words_of_essays_when_it_was_made_of_them(tmp_path: Path, suffix: str) -> None:
    essays = tmp_path / "essays.csv"
    essays.write_text('id,text\na,"' + "I like \\ (boats) & <trees>. " * 400 + '"\n', encoding="utf-8")
    pages = documents.essay_pages(essays, pages=2)
    write = {".pdf": documents.write_pdf, ".docx": documents.write_docx}[suffix]
    write(pages, tmp_path / f"essays{suffix}")

    media = MediaFile(
        path=tmp_path / f"essays{suffix}",
        kind=MediaKind.DOCUMENT,
        content_type=paths.DOCUMENT_TYPE[suffix],
    )
    assert read_document(media, TextSettings()).text.split() == " ".join(chain(*pages)).split()
    with pytest.raises(ValueError, match="no 9 pages"):
        documents.essay_pages(essays, pages=9)


def test_seconds_of_a_process_count_when_it_was_waited_for() -> None:
    spent = interleave(
        {"child": lambda: subprocess.run([sys.executable, "-c", "sum(range(10**7))"], check=True) and {}},
        runs=1,
    )
    assert spent["child"][0].cpu_s > 0.05


def test_nothing_is_measured_and_said_so_when_there_are_no_corpora(tmp_path: Path) -> None:
    from bench.__main__ import Findings, measure

    found = Findings()
    measure(tmp_path, tmp_path, found, runs=3, cores=[])
    assert found.measurements == []
    assert [reason.split(":")[0] for reason in found.skipped] == [
        "face",
        "voice",
        "speech written down",
        "words",
    ]


def test_peak_memory_is_that_of_the_process_itself_when_it_was_started_by_a_larger_one() -> None:
    larger = bytearray(b"x" * 2**28)
    script = (
        "from bench.memory import peak_resident_bytes as peak\n"
        "before = peak(); used = bytearray(b'x' * 2**26); print(before, peak(), len(used))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, check=True)
    before, after, used = map(int, done.stdout.split())
    assert before < len(larger)
    assert before + used / 2 < after < before + 4 * used
