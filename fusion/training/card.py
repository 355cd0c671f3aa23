"""The card of the learned pool."""

from collections.abc import Sequence

from fusion.reliability import COVERAGE, EXPONENT, RELIABILITY, WEIGHTS_KEY
from services.common.serving.registry import Manifest
from services.training.result_tables import figure_text
from services.training.results import ResultRow

TEMPLATE = """\
# fusion

The numbers by which `fusion.combine` pools the perceived emotions of voice and face: a weight per channel
and an exponent. Learned on held-out scores of voices and action units of the same clips; no network.

exponent {exponent}; weights voice {w_voice}, face {w_face}, learned where the reliability was voice
{r_voice}, face {r_face} and the coverage voice {c_voice}, face {c_face}. Method: {method}.

## Use

A summary of how an answer looks and sounds to others, for practice. **Not for decisions about people.**
Where the law forbids inferring emotions it must not run.

## Data and licence

RAVDESS speech (Livingstone & Russo 2018) and OpenFace action units of the same clips, 20 actors, **acted
speech**, CC BY-NC-SA 4.0, which these numbers inherit.

## Figures

Nested folds by actor: nothing of a tested actor is seen by either channel's model, by their temperatures or
by the pool. `candor train fusion --report` prints all comparisons.

{table}

## Limits

- **The face channel is a stand-in.** A model of action units stood for the face; the product's face model
  reads pictures. What carries over is scaled by the recall of each model on its own corpus.
- Voice and face of one clip show the same acted intent. In an interview they may part, and then a pool that
  multiplies is surer than it should be; the report says how far they agree beside it.
- Two sentences, one language, studio light and sound. Each clip's speech is a few seconds.
- One channel alone is passed on as it is.
"""


def write_card(manifest: Manifest, rows: Sequence[ResultRow]) -> str:
    """Write the card, in Markdown."""
    numbers = manifest.preprocessing
    return TEMPLATE.format(
        exponent=numbers[EXPONENT],
        method=numbers["method"],
        w_voice=numbers[WEIGHTS_KEY]["audio"],
        w_face=numbers[WEIGHTS_KEY]["video"],
        r_voice=numbers[RELIABILITY]["audio"],
        r_face=numbers[RELIABILITY]["video"],
        c_voice=numbers[COVERAGE]["audio"],
        c_face=numbers[COVERAGE]["video"],
        table="\n".join(["| system | protocol | UAR | ECE | NLL |", "|---|---|---|---|---|", *_lines(rows)]),
    )


def _lines(rows: Sequence[ResultRow]) -> list[str]:
    shown = [row for row in rows if "nested" in row.protocol]
    return [
        f"| {row.title} | {row.protocol} | {figure_text(row.figures['uar'])} "
        f"| {figure_text(row.figures['ece'])} | {figure_text(row.figures['nll'], share=False)} |"
        for row in shown
    ]
