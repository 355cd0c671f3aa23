"""The model card of `text_traits`, written from what was measured."""

from collections import Counter
from collections.abc import Mapping, Sequence

from services.common.contracts.labels import TRAITS
from services.text.settings import TextSettings
from services.text.training.result_rows import (
    LENGTH_GROUP,
    MEAN_OF_TRAITS,
    PAIRED_GROUP,
    RELIABILITY_GROUP,
    TRAITS_GROUP,
    TRANSFER_GROUP,
)
from services.text.training.trait_fit import Fitted
from services.text.training.trait_validation import OutOfFold
from services.training.result_tables import ABSENT, figure_text
from services.training.results import Figure, ResultRow

LICENCE = (
    "Weights: the project's own, derived from essays that their authors shared for research, and from "
    "vectors by all-MiniLM-L6-v2 (Apache-2.0) and GloVe (public domain); research and "
    "self-practice only"
)

_CARD = """# text_traits

Five probabilities from one English text: that its writer would score high on openness,
conscientiousness, extraversion, agreeableness and neuroticism in a self-report questionnaire (the Big
Five Inventory). "How you would score yourself", not how you come across, and not who you are.

**Not for decisions about people.** The estimates are barely better than chance; see the numbers.

## Data

{n} stream-of-consciousness essays (Pennebaker & King 1999), about 630 words each, written by students in
psychology courses between 1997 and 2004; labels are the questionnaire's scores cut into high and low. The
corpus' stand-ins for names are taken out first: answers have names instead.

{licence}.

## Model

One linear layer and five sigmoids over {inputs} inputs: {blocks}. Each kind of terms is TF-IDF at unit
length. Meanings are vectors of single words (all-MiniLM-L6-v2, one word at a time, 192 principal components,
beside GloVe 6B of 50 dimensions, Pennington et al. 2014), averaged over the text; they are folded into one
number per word and trait, so that a word that no essay has still counts. Context is what `text_encoder` (four
blocks of the same encoder, not trained further) makes of the words where they stand, averaged over all word
pieces; of a text of more than about 800 words, evenly spread parts are read. The text becomes these inputs in
the text service (`services/text`), not in the graph.

Kernel ridge regression on ±1 with a mix of one kernel per kind of input (regularised least squares, Rifkin &
Klautau 2004), then Platt scaling on held-out outputs of whole and shortened texts, folded into the layer.
The whole input is multiplied by the text's reliability, words / (words + {half_words}), so that an estimate
from few words shrinks towards the base rate.

The penalty is chosen on inner folds among {candidates}; the final fit uses {final}.

A word's or a phrase's contribution is its exact share of the logit: all of them, a constant and the base
rate sum to it. A word's share of the context is that of its own pieces where they stand; what its neighbours
lent it is counted as its own.

The interval beside a probability holds, in 95 of 100 cases, what a model fitted to another sample of as many
people says of a *whole* essay by the same writer. It widens as a text grows short. It says how far such
models agree, not how often they are right.

## Numbers

{protocol}; penalty, vocabulary, calibration and interval widths chosen inside each fold. Percent; 95 %
intervals by bootstrap over essays; the accuracy is the mean over {seeds} seeds of the folds.

{accuracy}

Against TF-IDF of words and scikit-learn's logistic regression, strength chosen inside the same folds:

{paired}

The same held-out essays cut to their first words:

{lengths}

The service refuses fewer than {min_words} words{short_remark}, and marks results below {reliable_words}
words as `short_text`.

What was said beside what was found, over all traits:

{reliability}

Outer folds chose: {chosen}.

Choices made before, on folds of the same essays, and so not inside the numbers: which kinds of input take
part, and how much (tried and left out: shares of function words, three-word phrases, character n-grams across
words, measures of style, naive-Bayes log-count ratios after Wang & Manning 2012, a static table of words
that began as Llama 2's and so carries its licence; none moved the mean area under the ROC curve, about 0.62,
by more than 0.004). The context moved it by 0.012; two, four and six blocks of the encoder were compared, and
two shares in the mix. The figures may be that much too kind; the held-back tenth of the corpus is the test.

## What it means for interview answers

{transfer_remark}

{transfer}

## Known failures

- Interview answers are shorter than essays and about something: the word *work* means less when the
  question asked about work.
- The writers were American students of one decade. Their words may carry age, sex and origin with them;
  nothing here was checked for fairness between groups, because the corpus does not say who wrote.
- Spoken answers come through a transcriber, whose mistakes and punctuation no essay has.
- English only; other languages are refused.
"""

FORTH_REMARK = (
    "The essays are written streams of thought, and nobody has labels of how interview candidates would "
    "score themselves. Put to speech of other people (First Impressions, 15 s clips), the probabilities "
    "agree with what strangers saw at a mean rank correlation of {forth:.2f}; the impression model put to "
    "essays agrees with self-reports at {back:.2f}. So how you would score yourself and how you come "
    "across are different questions, hardly a word carries from one to the other, and on an interview "
    "answer the probabilities are to be read as weaker than the table above says."
)
NO_TRANSFER = "Not measured: First Impressions was not at hand."


def table(
    rows: Sequence[ResultRow], columns: Mapping[str, str], *, head: str = "", plain: Sequence[str] = ()
) -> str:
    """Write rows of results in Markdown.

    Args:
        rows: one line each, by title.
        columns: figure to head.
        head: of the first column.
        plain: figures that are no shares, printed with two decimals.
    """
    lines = [
        f"| {row.title} | "
        + " | ".join(figure_text(row.figures.get(name), share=name not in plain) for name in columns)
        + " |"
        for row in rows
    ]
    return "\n".join(
        [f"| {head} | " + " | ".join(columns.values()) + " |", "|---" * (len(columns) + 1) + "|", *lines]
    )


def of_group(rows: Sequence[ResultRow], group: str) -> list[ResultRow]:
    """Return the rows of one table."""
    return [row for row in rows if row.group == group]


def write_card(
    rows: Sequence[ResultRow],
    fitted: Fitted,
    *,
    inputs: int,
    runs: Sequence[OutOfFold],
    settings: TextSettings,
) -> str:
    """Fill the card in.

    Args:
        rows: what was measured.
        fitted: the served model.
        inputs: how many it has.
        runs: held-out scores, for what the folds chose.
        settings: whose limits the card names.
    """
    accuracy, transfer = of_group(rows, TRAITS_GROUP), of_group(rows, TRANSFER_GROUP)
    forth, back = _means(transfer)
    calibrated = {"accuracy": "accuracy", "majority": "majority", "uar": "UAR", "macro_f1": "macro-F1"}
    calibrated |= {"ece": "ECE", "ece_before": "ECE before", "nll": "NLL", "nll_before": "NLL before"}
    lengths = of_group(rows, LENGTH_GROUP)
    return _CARD.format(
        n=accuracy[0].n,
        licence=LICENCE,
        inputs=f"{inputs:,}",
        blocks=fitted.selection.candidate.blocks,
        half_words=f"{fitted.calibration.half_words:g}",
        candidates=len(fitted.selection.losses),
        final=f"{fitted.selection.candidate.blocks}, penalty {fitted.selection.candidate.penalty:g}",
        protocol=accuracy[0].protocol[0].upper() + accuracy[0].protocol[1:],
        seeds=len(runs),
        accuracy=table(accuracy, calibrated, head="trait", plain=("nll", "nll_before")),
        paired=table(
            of_group(rows, PAIRED_GROUP),
            {"accuracy": "this model", "baseline": "TF-IDF + LR", "difference": "difference", "p": "p"},
            head="trait",
            plain=("p",),
        ),
        lengths=table(
            lengths,
            {
                "accuracy": "accuracy",
                "ece": "ECE",
                "interval_covers": "interval covers",
                "interval_width": "width",
            },
        ),
        short_remark=_short_remark(lengths, accuracy[0].figures["majority"], settings.min_words),
        min_words=settings.min_words,
        reliable_words=settings.reliable_words,
        reliability=table(of_group(rows, RELIABILITY_GROUP), {"said": "said", "found": "found"}, head="said"),
        chosen=_chosen(runs),
        transfer_remark=NO_TRANSFER if forth is None else FORTH_REMARK.format(forth=forth, back=back),
        transfer="" if not transfer else _transfer_table(transfer),
    ).replace("\n\n\n", "\n\n")


def _means(transfer: Sequence[ResultRow]) -> tuple[float | None, float | None]:
    found = [row.figures["rho"].value for row in transfer if row.title == MEAN_OF_TRAITS]
    return (found[0], found[1]) if len(found) == 2 else (None, None)


def _transfer_table(transfer: Sequence[ResultRow]) -> str:
    protocols = list(dict.fromkeys(row.protocol for row in transfer))
    figures = {(row.title, row.protocol): row.figures["rho"] for row in transfer}
    lines = [
        f"| {title} | " + " | ".join(_rho(figures.get((title, protocol))) for protocol in protocols) + " |"
        for title in (MEAN_OF_TRAITS, *map(str, TRAITS))
    ]
    heads = " | ".join(protocol.partition(":")[0] for protocol in protocols)
    return "\n".join([f"| Spearman's ρ | {heads} |", "|---" * (len(protocols) + 1) + "|", *lines])


def _rho(figure: Figure | None) -> str:
    return ABSENT if figure is None else figure_text(figure, share=False)


def _chosen(runs: Sequence[OutOfFold]) -> str:
    counted = Counter(
        f"{candidate.blocks}, penalty {candidate.penalty:g}" for run in runs for candidate in run.chosen
    )
    return "; ".join(f"{choice} ({n}×)" for choice, n in counted.most_common())


def _short_remark(lengths: Sequence[ResultRow], majority: Figure, min_words: int) -> str:
    """Return what the table of lengths says about the minimum, where it does."""
    by_title = {row.title: row.figures["accuracy"].value for row in lengths}
    at, whole = by_title.get(f"first {min_words} words"), by_title.get("whole essays")
    if at is None or whole is None or at - majority.value >= (whole - majority.value) / 2:
        return ""
    return ", where less than half of the gain over the majority is left"
