"""What words tell besides traits, on a terminal: the transcript, how it was put, and how it comes across."""

import itertools
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.common.contracts.labels import TRAITS
from services.common.contracts.results import ModalityResult
from services.common.contracts.text import (
    Impression,
    ImpressionWeight,
    SpokenWord,
    TextMeasures,
    Transcript,
    WordWeight,
)

INDENT = 2
TERMS_SHOWN = 4
LINES_SHOWN = 12
UNSURE_BELOW = 0.5
UNSURE_STYLE = "yellow"
NOT_PROOF = "Written down by a model; yellow words were hard to hear. Not proof of what was said."
IMPRESSION = (
    "What strangers would say after fifteen seconds of such words, 0 to 100, with the band that holds 95 of "
    "100 people. Words alone say little about it."
)


def words_view(result: ModalityResult) -> RenderableType:
    """Show everything of a text analysis but its traits; what is missing is left out."""
    parts: list[RenderableType] = []
    if result.transcript is not None:
        parts += _transcript(result.transcript)
    if result.text is not None:
        table = _figures(result.text, result.transcript)
        parts += [table] if table.row_count else []
        parts += _moved("moved the self-report", result.text.trait_words)
    if result.impression is not None:
        parts += [Text(IMPRESSION, style="dim"), _impression(result.impression)]
        parts += _moved("moved the impression", result.text.impression_words if result.text else [])
    return Padding(Group(*parts), (0, 0, 0, INDENT))


def lines_of(transcript: Transcript) -> list[Sequence[SpokenWord]]:
    """Return the words in lines; in one, where an older report has no lines."""
    if not transcript.words:
        return []
    starts = transcript.line_starts or [0]
    return [transcript.words[start:end] for start, end in itertools.pairwise([*starts, None])]


def _transcript(transcript: Transcript) -> list[RenderableType]:
    lines = lines_of(transcript)
    table = Table.grid(padding=(0, 1))
    for line in lines[:LINES_SHOWN]:
        spoken = Text()
        for word in line:
            spoken.append(word.text, style=UNSURE_STYLE if word.probability < UNSURE_BELOW else "")
            spoken.append(" ")
        table.add_row(Text(_clock(line[0].start_s), style="dim"), spoken)
    left = len(lines) - LINES_SHOWN
    more = [Text(f"… and {left} more line{'' if left == 1 else 's'}; --json has them all.", style="dim")]
    return [table, *(more if left > 0 else []), Text(NOT_PROOF, style="dim")]


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _figures(text: TextMeasures, transcript: Transcript | None) -> Table:
    table = Table("how it was put", "", "", box=None)
    fluency = transcript.fluency if transcript else None
    rows: list[tuple[str, float | None, str, str]] = []
    if fluency is not None:
        rows += [
            ("pace", fluency.words_per_minute, "{:.0f} words/min", "first word to last"),
            ("fillers", fluency.fillers_per_minute, "{:.1f} a minute", "um, uh and the like that were heard"),
        ]
    if text.readability is not None:
        rows += [
            ("sentence", text.readability.words_per_sentence, "{:.1f} words", "on average"),
            ("reading ease", text.readability.flesch_reading_ease, "{:.0f}", "Flesch; 60 to 70 is plain"),
        ]
    if text.shares is not None:
        rows += [
            ("I, me, my", text.shares.first_person_singular, "{:.0%}", "of all words"),
            ("we, us, our", text.shares.first_person_plural, "{:.0%}", "of all words"),
            ("pleasant", text.shares.positive, "{:.0%}", "of all words"),
            ("unpleasant", text.shares.negative, "{:.0%}", "of all words"),
            ("different", text.shares.distinct, "{:.0%}", "of all words; falls with length"),
        ]
    for name, value, form, remark in rows:
        if value is not None:
            table.add_row(name, form.format(value), Text(remark, style="dim"))
    return table


def _impression(impression: Impression) -> Table:
    table = Table("impression (estimate)", "", "95 of 100", box=None)
    named = [(str(trait), impression.traits[trait]) for trait in TRAITS]
    for name, estimate in [*named, ("would be invited", impression.interview)]:
        table.add_row(
            name, f"{100 * estimate.value:.0f}", f"{100 * estimate.low:.0f} to {100 * estimate.high:.0f}"
        )
    return table


def _moved(title: str, words: Sequence[WordWeight] | Sequence[ImpressionWeight]) -> list[RenderableType]:
    """Return the terms that moved each score most, up and down."""
    by_score: dict[str, list[tuple[float, str]]] = {}
    for word in words:
        name = word.trait if isinstance(word, WordWeight) else word.score
        by_score.setdefault(str(name), []).append((word.weight, word.term))
    if not by_score:
        return []
    table = Table(title, "up", "down", box=None)
    for name, terms in by_score.items():
        up = [term for weight, term in sorted(terms, reverse=True) if weight > 0][:TERMS_SHOWN]
        down = [term for weight, term in sorted(terms) if weight < 0][:TERMS_SHOWN]
        table.add_row(name, Text(", ".join(up)), Text(", ".join(down)))
    return [table]
