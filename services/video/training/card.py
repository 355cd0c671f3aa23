"""The model card of `face_emotion`."""

from dataclasses import dataclass
from typing import NamedTuple

from services.common.contracts.model_ref import ModelRef
from services.training.card import confusion_table, per_class_table, with_interval
from services.training.metrics import Interval, Scores
from services.video.features import CROP_SIZE_PX

LICENCE = "FER2013 is shared for research; no licence for other use is known (Goodfellow et al. 2013)"
TEMPLATE = """\
# face_emotion

Perceived emotion in a face: seven labels, from a grey 48 × 48 crop. A small residual network
({parameters:,} parameters). It standardises each crop itself, and the temperature ({temperature:.3f}) is
part of the exported graph.

## Use

It says how a face *looks* to the people who labelled FER2013, in a self-practice tool, with its uncertainty.
It is **not for decisions about people**: not for hiring, ranking or screening, and not a measure of what a
person feels. Where the law forbids inferring emotions (in the European Union at the workplace, recruitment
included), it must not run.

## Data and licence

FER2013 (Goodfellow et al. 2013), partition `train`: {trained_images:,} images to train on, {n_held_out:,}
held out. The images were gathered by searching the web for emotion words, so they are often posed and
overacted; labels are noisy (people agree with them in about 65 ± 5 % of the images). FER2013 is **shared for
research**; no licence for other use is known, and the weights should be treated the same. Nobody's age, sex
or origin is labelled, so fairness between groups was not and cannot be measured on this corpus.

## Figures

Trained by `candor train face` on `train` less a held-out tenth (byte-identical copies kept together).
{chosen} Scored on `public`
(n = {n}). One seed ({seed}). Percent; in brackets the 95 % interval by bootstrap over images (there are no
persons to draw). FER2013 holds near-duplicates across its partitions, so that truly new faces may score
lower. {looks}

| | `public` |
|---|---|
| accuracy | {accuracy} |
| unweighted average recall | {uar} |
| macro-F1 | {macro_f1:.1f} |
| always the most frequent label | {majority:.1f} |
| expected calibration error (15 bins), before → after the temperature | {ece_before:.1f} → {ece_after:.1f} |
| negative log-likelihood, before → after | {nll_before:.3f} → {nll_after:.3f} |
| accuracy on the held-out tenth of `train` | {held_out:.1f} |

{votes}{per_class}

Confusion (row: truth, column: named):

{confusion}

## From video to crop

The crop is part of the model: a square about the landmarks, upright to the eyes, whose scale and position
were measured on FER2013 (`services/video/features.py`, `CROP`, with what cutting FER2013 itself out again by
that rule costs). On video of known emotion the accuracy was **not** measured: no such data were at hand.

## Known failures

- `disgust` is rare in the data ({n_disgust} of {n} images) and mostly taken for `angry`; `fear` and `sad` are
  confused with each other and with `neutral`.
- Speaking moves the mouth: single frames of speech look like surprise or happiness. Scores of a video are
  means over many frames, and segments are smoothed over a second, for that reason.
- Faces at rest differ; a resting face that looks sad or angry to the network does so in every frame.
- One temperature for all labels cannot repair each of them, and it was fitted on the held-out tenth: where
  the calibration error above grew on `public`, the probabilities are somewhat too sure.
- Profiles, glasses with reflections, hands, masks, faces under about 60 px: not represented, less reliable.
"""


ACTIVATION_TEMPLATE = """\
# face_activation

Class activation maps (Zhou et al. 2016, equation 2) of {name} version {version}: for each of its seven
labels, which places of the crop spoke for it and which against. Input as there; output
`(n, 7, {rows}, {columns})`, rows from the top. The weights are those of that version; nothing was trained.

## What a map is

That network ends in the mean of its last features over the positions and one dense layer, so a label's
logit is the mean over the positions of Σ_k w_ck f_k(y, x), plus a bias. This sum is the map: exact, not an
estimate (`logit_difference` in the manifest). The served network looks more than once (`looks` in the
manifest), and the maps of all looks are averaged, those of mirror images mirrored back; a turn by 8° is not
undone, since it moves the edge of a map by less than half a cell. The temperature is left out.

## What a map is not

- Not the reason why a person looks or feels as they do: it says what the *model* relied on.
- Not equally likely everywhere: a cell near the middle has seen most of the face, so the maps of all labels
  lean towards the middle of the crop. Compare a map with the average of its label.
- Not sharp: a cell stands for {pixels} pixels of the crop, and its features have seen far more of the face.
- Not an intervention: covering a place may change the answer less, or more, than its share suggests, since
  places that say the same can stand in for one another.

Data, licence, use and failures are those of {name}.
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one trained network; `before` is `public` without the temperature."""

    held_out: Scores
    before: Scores
    public: Scores
    intervals: dict[str, Interval]
    temperature: float
    trained_images: int
    parameters: int


class Wording(NamedTuple):
    """What the card says in words about one way of training.

    Attributes:
        chosen: a sentence on what the held-out part and `public` decided.
        looks: a sentence on the looks that are averaged.
        votes: a paragraph on the FER+ labels, if the network learnt them.
    """

    chosen: str
    looks: str
    votes: str = ""


def write_activation_card(explains: ModelRef, *, cells: tuple[int, int]) -> str:
    """Write the card of the activation model, in Markdown.

    Args:
        explains: the version of `face_emotion`.
        cells: rows and columns of a map.
    """
    rows, columns = cells
    pixels = f"{CROP_SIZE_PX // rows} × {CROP_SIZE_PX // columns}"
    return ACTIVATION_TEMPLATE.format(
        name=explains.name, version=explains.version, rows=rows, columns=columns, pixels=pixels
    )


def write_card(figures: Figures, *, wording: Wording, seed: int) -> str:
    """Write the card, in Markdown, with the figures of this run."""
    public = figures.public
    return TEMPLATE.format(
        parameters=figures.parameters,
        temperature=figures.temperature,
        trained_images=figures.trained_images,
        n_held_out=figures.held_out.n,
        chosen=wording.chosen,
        looks=wording.looks,
        votes=f"{wording.votes}\n\n" if wording.votes else "",
        seed=seed,
        n=public.n,
        accuracy=with_interval(public.accuracy, figures.intervals["accuracy"]),
        uar=with_interval(public.uar, figures.intervals["uar"]),
        macro_f1=100 * public.macro_f1,
        majority=100 * public.majority,
        ece_before=100 * figures.before.ece,
        ece_after=100 * public.ece,
        nll_before=figures.before.nll,
        nll_after=public.nll,
        held_out=100 * figures.held_out.accuracy,
        per_class=per_class_table(public, counted="n"),
        confusion=confusion_table(public),
        n_disgust=public.per_class["disgust"]["n"],
    )
