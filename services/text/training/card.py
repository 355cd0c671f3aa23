"""The model card of `text_traits`, written from what was measured."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.common.contracts.labels import TRAITS, Trait
from services.text.settings import TextSettings
from services.text.training.cross_validation import Fitted
from services.text.training.selection import Candidate
from services.training.metrics import Interval, Scores

LICENCE = (
    "Weights: the project's own, derived from essays that their authors shared for research; research and "
    "self-practice only"
)

_CARD = """# text_traits

Five probabilities from one English text: that its writer would score high on openness,
conscientiousness, extraversion, agreeableness and neuroticism in a self-report questionnaire (the Big
Five Inventory). "How you would score yourself", not how you come across, and not who you are.

**Not for decisions about people.** The estimates are barely better than chance; see the numbers.

## Data

{n} stream-of-consciousness essays (Pennebaker & King 1999), about 630 words each, written by students in
psychology courses between 1997 and 2004; labels are the questionnaire's scores cut into high and low.

{licence}.

## Model

Tokens and character n-grams (2 to 4, inside words) as TF-IDF, each block at unit length, {terms} inputs;
one linear layer and five sigmoids. Fitted by regularised least squares (Rifkin & Klautau 2004), scaled
to probabilities by Platt's method on held-out logits of whole and shortened texts, folded into the
layer. The whole input is multiplied by the text's reliability, words / (words + {half_words}), so that
an estimate from few words shrinks towards the base rate.

Chosen on inner folds among {candidates}; the final fit uses {final}.

## Numbers

{protocol}.

95 % intervals by bootstrap over essays.

| trait | accuracy | interval | majority | UAR | macro-F1 | ECE | NLL |
|---|---|---|---|---|---|---|---|
{table}

Outer folds chose: {chosen}.{seeds}

Two choices were made before, after trying 18 sets of terms on folds of the same essays (best penalty
each: 57.6 to 58.3 %): which blocks are candidates at all, and the size of the vocabulary. And the shrinking
by length was added after held-out essays cut short had shown overconfidence. The figures may be that much
too kind; the held-back tenth of the corpus is the test.

The same held-out essays cut to their first words:

| words | mean accuracy | interval | ECE | NLL (base rate {base_nll:.4f}) |
|---|---|---|---|---|
{shortened}

The service refuses fewer than {min_words} words{short_remark},
and marks results below {reliable_words} words as `short_text`.

## Known failures

- Interview answers are shorter than essays and about something: the word *work* means less when the
  question asked about work.
- The writers were American students of one decade. Their words may carry age, sex and origin with them;
  nothing here was checked for fairness between groups, because the corpus does not say who wrote.
- English only; other languages are refused, by their function words.
- Strangers' impressions (`first_impressions`: transcripts of 15 s clips, never trained on) are another
  thing: mean correlation {apparent}. See `candor evaluate text --corpus first_impressions`.
"""


@dataclass(frozen=True)
class Measured:
    """What cross-validation showed.

    Attributes:
        protocol: how, in one sentence.
        per_trait: out-of-fold scores by trait.
        means: their means.
        intervals: of `accuracy`, `uar` and `accuracy.<trait>`.
        shortened: mean scores and interval of the mean accuracy on texts cut to so many words.
        chosen: candidates of the outer folds.
        half_words: likewise, of their calibrations.
        seed_accuracies: mean accuracy with each seed of the folds.
        base_nll: mean log-loss of always naming the base rate.
    """

    protocol: str
    per_trait: Mapping[Trait, Scores]
    means: Scores
    intervals: Mapping[str, Interval]
    shortened: Mapping[int, tuple[Scores, Interval]]
    chosen: Sequence[Candidate]
    half_words: Sequence[float]
    seed_accuracies: Sequence[float]
    base_nll: float


def write_card(measured: Measured, fitted: Fitted, *, settings: TextSettings, apparent: float | None) -> str:
    """Fill the card in.

    Args:
        measured: on the essays.
        fitted: the served model.
        settings: whose limits the card names.
        apparent: mean correlation with strangers' impressions, where it was measured.
    """
    rows = [
        _row(str(trait), measured.per_trait[trait], measured.intervals[f"accuracy.{trait}"])
        for trait in TRAITS
    ]
    rows.append(_row("**mean**", measured.means, measured.intervals["accuracy"]))
    choices = Counter(
        f"{_candidate(candidate)}, half strength at {half:g} words"
        for candidate, half in zip(measured.chosen, measured.half_words, strict=True)
    )
    return _CARD.format(
        n=measured.means.n,
        licence=LICENCE,
        terms=fitted.model.vocabulary.size,
        half_words=f"{fitted.model.half_words:g}",
        candidates=f"{len(fitted.selection.losses)} combinations of blocks and penalty",
        final=_candidate(fitted.selection.candidate),
        protocol=measured.protocol,
        table="\n".join(rows),
        chosen="; ".join(f"{choice} ({n}×)" for choice, n in choices.most_common()),
        seeds=_seed_remark(measured.seed_accuracies),
        base_nll=measured.base_nll,
        shortened="\n".join(
            f"| {words} | {s.accuracy:.3f} | {i.low:.3f}–{i.high:.3f} | {s.ece:.3f} | {s.nll:.4f} |"
            for words, (s, i) in measured.shortened.items()
        ),
        apparent="not measured" if apparent is None else f"{apparent:.2f}",
        min_words=settings.min_words,
        short_remark=_short_remark(measured, settings.min_words),
        reliable_words=settings.reliable_words,
    )


def _short_remark(measured: Measured, min_words: int) -> str:
    """What the table of lengths says about the minimum, where it does."""
    if min_words not in measured.shortened:
        return ""
    gain = measured.means.accuracy - measured.means.majority
    left = measured.shortened[min_words][0].accuracy - measured.means.majority
    return ", where less than half of the gain over the majority is left" if left < gain / 2 else ""


def _seed_remark(accuracies: Sequence[float]) -> str:
    if len(accuracies) < 2:
        return ""
    listed = ", ".join(f"{a:.3f}" for a in accuracies)
    return f"\n\nMean accuracy with each seed of the folds: {listed}. The table is of the first."


def _candidate(candidate: Candidate) -> str:
    return f"{candidate.blocks}, penalty {candidate.penalty:g}"


def _row(name: str, scores: Scores, interval: Interval) -> str:
    return (
        f"| {name} | {scores.accuracy:.3f} | {interval.low:.3f}–{interval.high:.3f} | {scores.majority:.3f} "
        f"| {scores.uar:.3f} | {scores.macro_f1:.3f} | {scores.ece:.3f} | {scores.nll:.4f} |"
    )
