"""A report for people, on a terminal: tables and bars."""

from collections.abc import Mapping

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from candor.views.comparison import comparison_view
from candor.views.face import face_view
from candor.views.voice import voice_view
from candor.views.words import words_view
from services.common.contracts.labels import (
    EMOTION_MODALITIES,
    EMOTIONS,
    TRAITS,
    Emotion,
    Modality,
    ModalityStatus,
)
from services.common.contracts.results import ModalityResult, Report, TimelineSegment

BAR_CELLS = 24
TIMELINE_CELLS = 48
COLOUR: dict[Emotion, str] = {
    Emotion.ANGRY: "red",
    Emotion.DISGUST: "green",
    Emotion.FEAR: "magenta",
    Emotion.HAPPY: "yellow",
    Emotion.SAD: "blue",
    Emotion.SURPRISE: "cyan",
    Emotion.NEUTRAL: "white",
}
LETTER: dict[Emotion, str] = {emotion: emotion[0] for emotion in EMOTIONS} | {Emotion.SURPRISE: "u"}
"""What stands for an emotion in the strip of the timeline."""

CHANNEL_NAME = {Modality.TEXT: "words", Modality.AUDIO: "voice", Modality.VIDEO: "face"}


def print_report(report: Report, *, title: str, console: Console | None = None) -> None:
    """Write `report` to `console` (stdout by default)."""
    console = console or Console()
    console.rule(Text(f"{title}: {report.status.replace('_', ' ')}"))
    channels = [_modality(result, width=console.width) for result in report.modalities.values()]
    for part in (_emotions(report), _traits(report), *channels):
        if part is not None:
            console.print(part)
    comparison = comparison_view(report.benchmark)
    if comparison is not None:
        console.print(comparison)
    for notice in report.warnings:
        console.print(Text(f"! {notice.detail}", style="dim"))


def bar(share: float, *, cells: int = BAR_CELLS) -> str:
    """Draw `share` (0..1) as a bar of at most `cells` characters, to an eighth of one."""
    whole, eighths = divmod(round(min(max(share, 0.0), 1.0) * cells * 8), 8)
    return "█" * whole + (" ▏▎▍▌▋▊▉"[eighths] if eighths else "")


def timeline_strip(
    segments: list[TimelineSegment], *, duration_s: float, cells: int = TIMELINE_CELLS
) -> Text:
    """Draw the timeline as a strip of coloured letters (`LETTER`); gaps are dots."""
    strip = Text()
    for cell in range(cells):
        at_s = (cell + 0.5) / cells * duration_s
        found = next((part for part in segments if part.start_s <= at_s < part.end_s), None)
        strip.append(LETTER[found.label] if found else "·", COLOUR[found.label] if found else "dim")
    return strip


def _emotions(report: Report) -> RenderableType | None:
    """Return perceived emotions: fused, and each channel's own figure beside it."""
    columns: dict[str, Mapping[Emotion, float]] = {}
    if report.fused.emotions is not None:
        columns["all"] = report.fused.emotions
    for modality in EMOTION_MODALITIES:
        result = report.modalities.get(modality)
        if result is not None and result.emotions is not None:
            columns[CHANNEL_NAME[modality]] = result.emotions
    if not columns:
        return None
    table = Table("", "perceived emotion", "", *columns, box=None)
    first = next(iter(columns.values()))
    for emotion in EMOTIONS:
        figures = [f"{scores[emotion]:.2f}" for scores in columns.values()]
        table.add_row(
            Text(LETTER[emotion], COLOUR[emotion]),
            emotion,
            Text(bar(first[emotion]), COLOUR[emotion]),
            *figures,
        )
    lines: list[RenderableType] = [table]
    if report.fused.congruence is not None:
        lines.append(Text(f"voice and face agree to {report.fused.congruence:.2f} (0 not at all, 1 fully)"))
    if report.timeline is not None and report.timeline.summary is not None:
        lines.append(Text(report.timeline.summary, style="dim"))
    return Padding(Group(*lines), (0, 0, 1, 0))


def _traits(report: Report) -> RenderableType | None:
    if report.fused.traits is None:
        return None
    table = Table("trait (estimate)", "", "scores high", "95 of 100", box=None)
    words = report.modalities.get(Modality.TEXT)
    intervals = (words.trait_intervals if words else None) or {}
    for trait in TRAITS:
        if trait in report.fused.traits:
            value, band = report.fused.traits[trait], intervals.get(trait)
            table.add_row(
                trait, bar(value), f"{value:.2f}", f"{band.low:.2f} to {band.high:.2f}" if band else ""
            )
    return Padding(table, (0, 0, 1, 0))


def _modality(result: ModalityResult, *, width: int) -> RenderableType:
    name = CHANNEL_NAME[result.modality]
    if result.status is not ModalityStatus.SUCCEEDED:
        why = Text(f"{name}: {result.status} ({result.error_code}). {result.reason or ''}")
        return Group(why, words_view(result)) if result.text or result.transcript else why
    facts = [f"{name}: {result.elapsed_s:.1f} s", *_facts(result)]
    if result.quality is not None:
        facts.insert(1, f"coverage {result.quality.coverage:.0%}")
    lines: list[RenderableType] = [Text(", ".join(facts))]
    if result.timeline:
        duration_s = max(result.timeline[-1].end_s, (result.quality and result.quality.duration_s) or 0.0)
        strip = timeline_strip(result.timeline, duration_s=duration_s)
        lines.append(Text.assemble("  0 s ", strip, f" {duration_s:.0f} s"))
    if result.timeline_summary is not None:
        lines.append(Text(f"  {result.timeline_summary}", style="dim"))
    reasons = result.quality.reasons if result.quality else []
    lines += [Text(f"  {note.detail}", style="dim") for note in reasons]
    if result.text is not None:
        lines.append(words_view(result))
    if result.voice is not None:
        lines.append(voice_view(result.voice, width=width))
    if result.face is not None:
        lines.append(face_view(result.face, width=width))
    return Group(*lines)


def _facts(result: ModalityResult) -> list[str]:
    """Return what was measured beside the scores."""
    facts = []
    if result.text is not None:
        facts.append(f"{result.text.words} words")
        facts += [f"often: {', '.join(w.term for w in result.text.frequent_words[:5])}"]
    if result.voice is not None:
        facts.append(f"{result.voice.speech_s:.1f} s of speech")
    if result.face is not None:
        facts.append(f"{result.face.frames_with_face} of {result.face.frames_analysed} frames with a face")
        facts.append(f"{len(result.face.blinks)} blinks")
        if result.face.max_faces > 1:
            facts.append(f"up to {result.face.max_faces} faces at once")
    models = ", ".join(f"{model.name} v{model.version}" for model in result.models)
    return [*facts, models] if models else facts
