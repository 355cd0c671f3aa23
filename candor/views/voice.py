"""What was measured on a voice besides emotions, on a terminal."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.audio.salience_words import frequencies
from services.common.contracts.voice import Prosody, SalienceMap, VoiceMeasures
from services.common.phrasing import moment

SIGN_STYLE = {1: "dark_orange", -1: "dodger_blue1"}
SIGN_CELLS = {1: " ░▒▓█", -1: " -=≡#"}
"""From weak to strong. The characters differ as well as the colours, for those who cannot tell these."""
INDENT = 2
BAND_CELLS = 16
SLOT_CELLS = (2, 1)
"""Width of a slot, the widest that fits."""
LEGEND = ((1, " spoke for it   "), (-1, " against it"))
LEGEND_CELLS = sum(len(SIGN_CELLS[sign].strip()) + len(words) for sign, words in LEGEND)

WHAT_IT_IS = (
    "What changes within a region of the sound was levelled out and the model asked again (occlusion). It "
    "shows what the model relied on, not what was felt."
)
UNRELIABLE = "Jitter and shimmer are unreliable outside a quiet room."


def voice_view(voice: VoiceMeasures, *, width: int) -> RenderableType:
    """Show everything that was measured; what is null or empty is left out.

    Args:
        voice: of a result.
        width: of the terminal, in characters; a picture that does not fit is left to its sentence.
    """
    parts: list[RenderableType] = [Text(voice.compared_with)] if voice.compared_with else []
    table = _figures(voice)
    if table.row_count:
        parts.append(table)
    if voice.prosody is not None and (voice.prosody.jitter, voice.prosody.shimmer) != (None, None):
        parts.append(Text(UNRELIABLE, style="dim"))
    explained = [salience for salience in voice.salience if salience.relevance and salience.relevance[0]]
    if explained:
        parts.append(Text(WHAT_IT_IS, style="dim"))
    for salience in explained:
        parts += _explanation(salience, width=width - INDENT)
    return Padding(Group(*parts), (0, 0, 0, INDENT))


def _figures(voice: VoiceMeasures) -> Table:
    table = Table("how it was said and recorded", "", "", box=None)
    said = voice.prosody or Prosody()
    rows: list[tuple[str, float | None, str, str]] = [
        ("pitch", said.pitch_median_hz, "{:.0f} Hz", "median of voiced speech"),
        ("pitch range", said.pitch_range_semitones, "{:.1f} semitones", "twelve make an octave"),
        ("speaking rate", said.speaking_rate_hz, "{:.1f} syllables/s", "first word to last"),
        ("articulation rate", said.articulation_rate_hz, "{:.1f} syllables/s", "pauses left out"),
        ("pauses", said.pause_share, "{:.0%}", "of the time from first word to last; gaps from 0.3 s on"),
        ("longest pause", said.longest_pause_s or None, "{:.1f} s", "from first word to last"),
        ("intensity range", said.intensity_range_db, "{:.0f} dB", "quieter to louder moments of speech"),
        ("voiced", said.voiced_share, "{:.0%}", "of the speech has a pitch"),
        ("harmonics to noise", said.harmonics_to_noise_db, "{:.1f} dB", "tone against breath and room"),
        ("jitter", said.jitter, "{:.1%}", "neighbouring periods differ in length"),
        ("shimmer", said.shimmer, "{:.1%}", "neighbouring periods differ in strength"),
        ("loudness", voice.loudness_lufs, "{:.1f} LUFS", "of the recording; nearer to 0 is louder"),
        ("signal to noise", voice.signal_to_noise_db, "{:.1f} dB", "speech above the pauses"),
    ]
    for name, value, form, remark in rows:
        if value is not None:
            table.add_row(name, form.format(value), Text(remark, style="dim"))
    return table


def _explanation(salience: SalienceMap, *, width: int) -> list[RenderableType]:
    span = f"{moment(salience.start_s)} to {moment(salience.end_s)}"
    parts: list[RenderableType] = [Text(f"why {salience.label}, {span}:", style="bold")]
    picture = heat_map(salience, width=width)
    if picture is not None:
        parts.append(picture)
    return [*parts, Text(salience.summary)] if salience.summary else parts


def heat_map(salience: SalienceMap, *, width: int) -> Text | None:
    """Draw relevance by frequency (upwards) and time, with both axes and a legend; None if it does not fit.

    Args:
        salience: at least one slot.
        width: characters to draw in.
    """
    slots = len(salience.relevance[0])
    fitting = [cells for cells in SLOT_CELLS if max(BAND_CELLS + cells * slots, LEGEND_CELLS) <= width]
    if not fitting:
        return None
    cells = fitting[0]
    picture = Text(no_wrap=True)
    for band in reversed(range(len(salience.relevance))):
        picture.append(f"{frequencies(salience, band, band + 1):>{BAND_CELLS - 1}}│", style="dim")
        for value in salience.relevance[band]:
            sign = -1 if value < 0 else 1
            picture.append(SIGN_CELLS[sign][round(abs(value) * 4)] * cells, SIGN_STYLE[sign])
        picture.append("\n")
    start, end = moment(salience.start_s), moment(salience.end_s)
    axis = f"{start}{end:>{max(cells * slots - len(start), len(end) + 1)}}\n"
    picture.append(" " * BAND_CELLS + axis, style="dim")
    for sign, words in LEGEND:
        picture.append(SIGN_CELLS[sign].strip(), SIGN_STYLE[sign]).append(words, style="dim")
    return picture
