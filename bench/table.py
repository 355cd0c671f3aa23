"""The results for people: one table of times and ratios, one of memory."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table

from bench.memory import Growth
from bench.paths import LIMIT, PEER, WHOLE, Measurement
from bench.timing import Run, Spread, paired_ratio, stage_shares, stage_times

MEBIBYTE = 1024 * 1024
UNITS = ((1.0, "s"), (1e3, "ms"), (1e6, "µs"))
NAME = {"video": "face", "audio": "voice", "text": "words"}


def duration(times_s: Spread) -> str:
    """Return the median with the least and the greatest, to three digits, in the unit that suits the median.

    Example:
        >>> duration(Spread(2.3779, 2.31, 2.52)), duration(Spread(0.0123, 0.012, 0.013))
        ('2.38 s (2.31–2.52)', '12.3 ms (12.0–13.0)')
    """
    scale, unit = next(step for step in UNITS if times_s.median * step[0] >= 1.0 or step is UNITS[-1])
    median, low, high = (three_digits(t * scale) for t in (times_s.median, times_s.low, times_s.high))
    return f"{median} {unit} ({low}–{high})"


def ratio(values: Spread, *, ranged: bool = True) -> str:
    """Return a ratio and its range, `6.61 (6.50–6.90)`."""
    spread = f" ({three_digits(values.low)}–{three_digits(values.high)})" if ranged else ""
    return f"{three_digits(values.median)}{spread}"


def percent(share: float) -> str:
    """Return a share (0..1) in percent, to a tenth below ten: `4.2 %`, `61 %`."""
    return f"{share * 100:.{1 if share < 0.0995 else 0}f} %"


def three_digits(value: float) -> str:
    """Return a positive number to about three digits and no exponent: `0.459`, `6.61`, `61.3`, `1840`."""
    return f"{value:.{max(0, 3 - len(str(int(value))))}f}" if value >= 1.0 else f"{value:.3f}"


def times_table(measurements: Sequence[Measurement]) -> Table:
    """Make the table of every analysis: its limit, the whole, its stages and its peer."""
    table = Table(
        title="Processor time on one core: median (least–greatest)",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("what", no_wrap=True)
    for heading in ("time", "share", "per second", "× real time", "× limit", "× peer"):
        table.add_column(heading, justify="right", no_wrap=True)
    for measurement in measurements:
        for row in _rows(measurement):
            table.add_row(*row)
        table.add_section()
    return table


def _rows(it: Measurement) -> Iterator[list[str]]:
    whole, limit, peer = it.runs[WHOLE], it.runs[LIMIT], it.runs.get(PEER)
    yield [_heading(it)]
    yield [f"  {it.limit} (limit)", *_speed(it, limit, share=""), "1", ""]
    if peer is not None:
        yield [f"  {it.peer} (peer)", *_speed(it, peer, share=""), _against(peer, limit), "1"]
    yield [
        "  whole analysis",
        *_speed(it, whole, share="100 %"),
        _against(whole, limit),
        _against(whole, peer),
    ]
    shares = stage_shares(whole)
    for stage, times_s in stage_times(whole).items():
        stage_s = [run.rest_s if stage == "rest" else run.stages[stage] for run in whole]
        ratios = [
            ratio(paired_ratio(stage_s, _costs(other)), ranged=False) if other else ""
            for other in (limit, peer)
        ]
        yield [f"    {stage}", duration(times_s), percent(shares[stage]), "", "", *ratios]


def _heading(it: Measurement) -> str:
    """Return what was analysed and how long it is."""
    sizes = [f"{it.units} {it.unit}" if it.unit else "", f"{it.duration_s:.0f} s" if it.duration_s else ""]
    return " · ".join([f"[bold]{it.title}[/bold]", *filter(None, sizes)])


def _speed(it: Measurement, runs: Sequence[Run], *, share: str) -> list[str]:
    """Time, share, units a second, and how many times faster than the recording plays."""
    times_s = Spread.of(_costs(runs))
    rate = f"{float(f'{it.units / times_s.median:.3g}'):,.0f} {it.unit}" if it.unit else ""
    factor = f"{it.duration_s / times_s.median:.3g}" if it.duration_s else ""
    return [duration(times_s), share, rate, factor]


def _against(runs: Sequence[Run], other: Sequence[Run] | None) -> str:
    return ratio(paired_ratio(_costs(runs), _costs(other))) if other else ""


def _costs(runs: Sequence[Run]) -> list[float]:
    return [run.cpu_s for run in runs]


def memory_table(growths: Sequence[Growth]) -> Table:
    """Make the table of peak memory of a short and a long recording."""
    table = Table(title="Peak resident memory of a fresh process", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("what", no_wrap=True)
    for heading in ("before", "short", "long", "longest", "a further minute"):
        table.add_column(heading, justify="right", no_wrap=True)
    for it in growths:
        peaks = [
            f"{_mebibytes(size.peak_bytes)} ({duration_s:.0f} s)"
            for duration_s, size in zip(it.durations_s, it.footprints, strict=True)
        ]
        table.add_row(
            NAME[it.modality],
            _mebibytes(it.footprints[0].base_bytes),
            *peaks,
            *[""] * (3 - len(peaks)),
            f"{it.extra_bytes_per_s * 60 / 1024:+.0f} KiB",
        )
    return table


def _mebibytes(size_bytes: float) -> str:
    return f"{size_bytes / MEBIBYTE:.1f} MiB"
