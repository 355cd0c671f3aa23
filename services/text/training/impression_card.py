"""The model card of `text_impression`, written from what was measured."""

from collections import Counter
from collections.abc import Sequence

from services.text.training.card import of_group, table
from services.text.training.impression_fit import FittedImpression
from services.text.training.impression_validation import (
    MEAN,
    PACE_ALONE,
    WORDS,
    WORDS_AND_PACE,
    ImpressionsOutOfFold,
)
from services.text.training.result_rows import IMPRESSION_GROUP, IMPRESSION_LENGTH_GROUP, MEAN_OF_SCORES
from services.training.result_tables import figure_text
from services.training.results import ResultRow

LICENCE = (
    "Weights: the project's own, derived from First Impressions V2 (CC BY-NC 4.0) and from vectors by "
    "all-MiniLM-L6-v2 (Apache-2.0) and GloVe (public domain); not for commercial use"
)

_CARD = """# text_impression

Six scores, 0..1, from the words of one spoken answer in English and the pace of its speech: how strangers
who watched 15 s clips rated the speaker's openness, conscientiousness, extraversion, agreeableness and
neuroticism, and whether they would invite the person to an interview. "How you come across", by the words
alone; not how you are, and not a verdict.

**Not for decisions about people.** Nearly all of what raters saw is not in the words; see the numbers.

## Data

{n} transcripts of 15 s clips of people who speak to a camera (ChaLearn First Impressions V2), {people}
videos. Labels are means over crowd workers' paired comparisons. Transcribers' remarks and the dots
where a clip cuts in are taken out.

{licence}.

## Model

One linear layer over {inputs} inputs: {blocks} (as in `text_traits`), and the pace: words per minute, with
changes of slope at 80, 120 and 200. The text becomes these inputs in the text service (`services/text`).
Kernel ridge regression, then least squares on held-out outputs of whole and shortened transcripts for offset
and slopes. What was said is multiplied by words / (words + {half_words}); the pace is not.

**The pace.** A clip lasts 15 s, so the number of words in a transcript is how fast somebody speaks, and that
is most of what these scores hold of it: the pace alone explains {pace_alone} % of the variance, words and
pace {both} %. A model of words without a pace finds it out by the back door (a unit vector of few terms has
longer entries). Here words and pace are fitted together, so words get credit only for what they say; at the
mean pace they explain {words} %. A spoken answer has a pace, and it is used; a typed one has none, and is
scored at the mean pace: its scores hardly leave the middle.

The penalty is chosen on inner folds among {candidates}; the final fit uses {final}. A word's
contribution is its exact share of the score, and so is the pace's.

Intervals are split-conformal by length of the text (Lei et al. 2018): in 95 of 100 held-out clips the raters'
mean lies inside. They are for a pace that is not known, and a little too wide where it is.

## Numbers

{protocol}; everything chosen inside each fold. Percent; 95 % intervals by bootstrap over videos; predicting
the mean of the training clips has R² 0 and 1 − MAE as in the first line.

{scores}

The same held-out clips cut to their first words; the pace is of the whole clip:

{lengths}

Outer folds chose: {chosen}.

Looked at before, on folds of the same clips: that pace matters, and what `text_encoder` would add. With it,
words alone explain 4.8 %, but only 2.2 % where all clips are cut to thirty words: it knows the place of every
word piece, so the rest is the length of a clip, which is the pace once more, and a typed answer of a page
would be scored like very fast speech. So words are not read in context here.

## Known failures

- The clips are from video blogs, not interviews, and 15 s long; longer answers are scored by the same
  weights.
- Raters saw and heard the people. What they hold against a face, an accent, a sex or an age is in the
  labels.
- The corpus' transcripts were typed by people; a transcriber's mistakes were never seen.
- A typed answer was never spoken: its scores say how such words would come across at the mean pace.
- English only.
"""


def write_impression_card(
    rows: Sequence[ResultRow], fitted: FittedImpression, *, inputs: int, run: ImpressionsOutOfFold
) -> str:
    """Fill the card in.

    Args:
        rows: what was measured.
        fitted: the served model.
        inputs: how many it has.
        run: held-out scores, for what the folds chose.
    """
    scores = of_group(rows, IMPRESSION_GROUP)
    explained = {row.title: figure_text(row.figures["r2"]) for row in scores}
    chosen = Counter(f"{one.blocks}, penalty {one.penalty:g}" for one in run.chosen)
    candidate = fitted.selection.candidate
    return _CARD.format(
        n=scores[0].n,
        people=scores[0].people,
        licence=LICENCE,
        inputs=f"{inputs:,}",
        blocks=candidate.blocks,
        half_words=f"{fitted.recalibration.half_words:g}",
        pace_alone=explained[f"{MEAN_OF_SCORES}: {PACE_ALONE}"],
        words=explained[f"{MEAN_OF_SCORES}: {WORDS}"],
        both=explained[f"{MEAN_OF_SCORES}: {WORDS_AND_PACE}"],
        candidates=len(fitted.selection.losses),
        final=f"{candidate.blocks}, penalty {candidate.penalty:g}",
        protocol=scores[0].protocol,
        scores=table(
            scores, {"r2": "R²", "one_minus_mae": "1 − MAE", "above_mean": "above predict-the-" + MEAN}
        ),
        lengths=table(
            of_group(rows, IMPRESSION_LENGTH_GROUP),
            {
                "r2": "R²",
                "r2_words_alone": "R², words alone",
                "interval_covers": "interval covers",
                "covers_words_alone": "covers, words alone",
                "interval_width": "width",
            },
        ),
        chosen="; ".join(f"{choice} ({n}×)" for choice, n in chosen.most_common()),
    )
