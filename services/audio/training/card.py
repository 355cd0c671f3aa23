"""The model card of `voice_emotion`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.audio.features import SAMPLE_RATE_HZ, WINDOW_SAMPLES
from services.audio.training.dataset import Clip
from services.audio.training.fit import Recipe
from services.training.card import confusion_table, per_class_table, with_interval

if TYPE_CHECKING:
    from services.audio.training.publish import OutOfFold

TEMPLATE = """\
# voice_emotion

Perceived emotion in a voice: seven labels, from windows of {window_s:.3f} s of speech. A small
convolutional network ({parameters:,} parameters) over log-mel spectrograms, with attentive statistics
pooling over time. The temperature ({temperature:.3f}) is part of the exported graph.

## Use

It says how a voice *sounds* to listeners, in a self-practice tool, with its uncertainty. It is **not for
decisions about people**: not for hiring, ranking or screening, and not a measure of what a person feels.
Where the law forbids inferring emotions (in the European Union at the workplace, recruitment included),
it must not run.

## Data and licence

RAVDESS speech (Livingstone & Russo 2018), {n_clips:,} clips of {n_actors} actors (01 to 20), licence
CC BY-NC-SA 4.0, **which these weights inherit**: no commercial use, share alike, with attribution.
It is **acted speech**: North American English, two sentences, studio microphone. Actors 21 to 24 were
never read.

The corpus's eight classes are learned; `calm` and `neutral` are added up to `neutral` inside the graph.

## Figures

Out of fold: five folds of four actors (seed {seed}), each clip scored by a network that never heard its
speaker, through the windows that serving cuts. The exported weights are a sixth fit, on all twenty actors,
with the same recipe. Percent; in brackets the 95 % interval by bootstrap over actors.

| | seven labels (product) | eight classes (corpus) |
|---|---|---|
| unweighted average recall | {uar} | {uar_8} |
| accuracy | {accuracy} | {accuracy_8} |
| macro-F1 | {macro_f1:.1f} | {macro_f1_8:.1f} |
| always the most frequent label | {majority:.1f} | {majority_8:.1f} |

Calibration over the seven labels, before and after the temperature (one parameter, fitted on the same
out-of-fold logits): expected calibration error (15 bins) {ece_before:.1f} → {ece_after:.1f},
negative log-likelihood {nll_before:.3f} → {nll_after:.3f}. One seed; no figure was selected on held-out
actors, and the number of epochs ({epochs}) was fixed beforehand.

{per_class}

Confusion (row: truth, column: named):

{confusion}

Accuracy by slice (seven labels): {slices}.

## Known failures

- Acted emotion is louder and clearer than that of an interview; expect lower accuracy on natural speech,
  on other languages and on other recording conditions. The labels are what actors were asked to play.
- `neutral` holds two of eight classes, so it is more likely beforehand than any other label.
- Each window is standardised, so loudness itself is not heard; a quiet angry voice and a loud one differ
  only in timbre and melody.
- {weakest} is the label it misses most often ({weakest_recall:.0f} % found); the confusion above says where
  it goes.
- On another corpus it does far worse: `candor evaluate voice --corpus emodb` (German, acted) says how much.
- Speech shorter than a window is repeated to fill it; less than about a second says little.
- Voice activity does not tell whose voice it is: other people in the room are scored as the candidate.
"""


def write_card(
    figures: "OutOfFold", *, clips: Sequence[Clip], recipe: Recipe, seed: int, parameters: int
) -> str:
    """Markdown, with the figures of this run."""
    product, own, bounds = figures.product, figures.corpus, figures.intervals
    weakest = min(product.per_class, key=lambda label: product.per_class[label]["recall"])
    return TEMPLATE.format(
        window_s=WINDOW_SAMPLES / SAMPLE_RATE_HZ,
        parameters=parameters,
        temperature=figures.temperature,
        n_clips=len(clips),
        n_actors=len({clip.speaker for clip in clips}),
        seed=seed,
        epochs=recipe.epochs,
        uar=with_interval(product.uar, bounds["uar"]),
        uar_8=with_interval(own.uar, bounds["uar_8_classes"]),
        accuracy=with_interval(product.accuracy, bounds["accuracy"]),
        accuracy_8=with_interval(own.accuracy, bounds["accuracy_8_classes"]),
        macro_f1=100 * product.macro_f1,
        macro_f1_8=100 * own.macro_f1,
        majority=100 * product.majority,
        majority_8=100 * own.majority,
        ece_before=100 * figures.uncalibrated.ece,
        ece_after=100 * product.ece,
        nll_before=figures.uncalibrated.nll,
        nll_after=product.nll,
        per_class=per_class_table(product, counted="clips"),
        weakest=f"`{weakest}`",
        weakest_recall=100 * product.per_class[weakest]["recall"],
        confusion=confusion_table(product),
        slices=", ".join(
            f"{name} {100 * share:.1f} (n = {n})" for name, (share, n) in figures.slices.items()
        ),
    )
