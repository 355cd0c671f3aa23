"""The model card of `voice_emotion`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.audio.training.corpora import COPIES, Corpus
from services.audio.training.voices import VoicesFit
from services.training.card import confusion_table, per_class_table
from services.training.metrics import Scores
from services.training.results import Figure, ResultRow

if TYPE_CHECKING:
    from services.audio.training.measure import Measured


@dataclass(frozen=True, slots=True)
class Figures:
    """Scores over the product's labels: people of whom nothing is known, and people who are enrolled."""

    unknown: Scores
    unknown_intervals: dict[str, Figure]
    known: Scores
    known_intervals: dict[str, Figure]


TEMPLATE = """\
# voice_emotion

Perceived emotion in a voice: seven labels, from windows of up to 3 s of speech. A multinomial logistic
regression on the mean and the deviation of the frames of `voice_encoder` (two blocks of Whisper's encoder,
not trained here), normalised to the speaker as far as earlier answers are known. The temperature
({temperature:.3f}) is part of the exported graph; `population.npz` holds what windows are normalised by.

## Use

It says how a voice *sounds* to listeners, in a self-practice tool, with its uncertainty. It is **not for
decisions about people**: not for hiring, ranking or screening, and not a measure of what a person feels.
Where the law forbids inferring emotions (in the European Union at the workplace, recruitment included),
it must not run.

## Data and licence

RAVDESS speech (Livingstone & Russo 2018), {n_ravdess:,} clips of 20 actors (01 to 20), licence
CC BY-NC-SA 4.0, **which these weights inherit**: no commercial use, share alike, with attribution. Berlin
EMO-DB (Burkhardt et al. 2005), {n_emodb} clips of {n_speakers} speakers without boredom, free for research.
Both are **acted speech** in a studio: North American English, two sentences; German, ten sentences. Each
clip was also heard {copies} times at another speed, in a room, with noise, over a telephone or a codec.

The eight classes of RAVDESS are learned; `calm` and `neutral` are added up to `neutral` inside the graph.

## Figures

Out of fold: five folds of four actors, each clip scored by a classifier that never heard its speaker, through
the windows that serving cuts; seeds {seeds}. The exported weights are one more fit, on everybody. Percent;
in brackets the 95 % interval by bootstrap over actors. The penalty was chosen on inner folds.

| | nothing known of the speaker | normalised, all other clips |
|---|---|---|
| unweighted average recall, 7 labels | {uar} | {uar_known} |
| accuracy, 7 labels | {accuracy} | {accuracy_known} |
| macro-F1, 7 labels | {macro_f1} | {macro_f1_known} |
| always the most frequent label | {majority:.1f} | {majority:.1f} |
| expected calibration error, 15 bins | {ece:.1f} | {ece_known:.1f} |

All protocols, the corpus's own classes (`candor train voice --report` prints them beside the reference's
systems):

{rows}

{per_class}

Confusion (row: truth, column: named; nothing known of the speaker, first seed):

{confusion}

## Confidence

One temperature, fitted on out-of-fold windows of unknown, slightly known and well known speakers together.
Worse sound lowers the stated confidence by a further factor, fitted on the same people with noise of known
level and on excerpts of known length: signal-to-noise ratio in dB {by_noise}; seconds of speech {by_length};
somebody else talking 5 dB below {by_voices:.2f}.

That several people speak in turn is found by whether the windows fall into two groups (a discriminant
projection of the same embedding). On people it never heard, of mixed emotions, half of the windows each, it
found {voices}; one person was taken for two in 2 % of the answers by choice of the threshold.

## Limits

- **Acted emotions are clearer than lived ones.** Confidence outside of acted studio speech is too high by an
  amount that these corpora cannot measure. Across corpora (English to German) recall falls to {cross}.
- With a new sentence by a new actor recall is {statement}: the windows carry some of what is said.
- Normalising to the speaker supposes that the earlier answers are of mixed mood; a person who was sad in all
  of them is compared with a sad voice. In the figures the other clips are of all emotions alike.
- Two languages, mostly young adults, no voice disorders, no children, no accents to speak of.
- Weakest label: {weakest}.
"""


def write_card(
    figures: Figures, *, measured: "Measured", voices: VoicesFit, ravdess: Corpus, emodb: Corpus
) -> str:
    """Write the card, Markdown."""
    usable = [clip for clip in emodb.clips if clip.emotion is not None]
    weakest = min(figures.unknown.per_class.items(), key=lambda item: item[1]["recall"])
    return TEMPLATE.format(
        temperature=measured.calibration.temperature,
        n_ravdess=len(ravdess.clips),
        n_emodb=len(usable),
        n_speakers=len({clip.speaker for clip in usable}),
        copies=COPIES,
        seeds=", ".join(str(outcome["clean", 0].seed) for outcome in measured.by_actor),
        majority=100 * figures.unknown.majority,
        ece=100 * figures.unknown.ece,
        ece_known=100 * figures.known.ece,
        rows="\n".join(["| protocol | speaker | UAR |", "|---|---|---|", *map(_line, measured.rows)]),
        per_class=per_class_table(figures.unknown, counted="clips"),
        confusion=confusion_table(figures.unknown),
        by_noise=_pairs(measured.calibration.by_noise),
        by_length=_pairs(measured.calibration.by_length),
        by_voices=measured.calibration.by_voices,
        voices=", ".join(f"{100 * share:.0f} % of {n} windows" for n, share in voices.detected),
        cross=_uar_of(measured.rows, "→"),
        statement=_uar_of(measured.rows, "sentence new"),
        weakest=f"{weakest[0]}, recall {100 * weakest[1]['recall']:.0f} %",
        **{name: percent(figure) for name, figure in figures.unknown_intervals.items() if name != "majority"},
        **{
            f"{name}_known": percent(figure)
            for name, figure in figures.known_intervals.items()
            if name != "majority"
        },
    )


def percent(figure: Figure) -> str:
    """Return a share and its interval in percent, as in `61.2 [58.0, 64.3]`."""
    if figure.low is None or figure.high is None:
        return f"{100 * figure.value:.1f}"
    return f"{100 * figure.value:.1f} [{100 * figure.low:.1f}, {100 * figure.high:.1f}]"


def _line(row: ResultRow) -> str:
    return f"| {row.protocol} | {row.title} | {percent(row.figures['uar'])} |"


def _uar_of(rows: list[ResultRow], part: str) -> str:
    found = [row for row in rows if part in row.protocol]
    return ", ".join(f"{percent(row.figures['uar'])} ({row.title})" for row in found)


def _pairs(table: list[list[float]]) -> str:
    return ", ".join(f"{at:g}: {factor:.2f}" for at, factor in table)
