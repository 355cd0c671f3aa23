"""The one JSON object that `candor evaluate` prints."""

from collections.abc import Mapping
from typing import Any

from services.common.serving.registry import Manifest
from services.training.metrics import Interval, Scores

TRAINING_DATA_NOTE = (
    "These files are the model's own training data: the numbers say how well it remembers, not how well it "
    "does on new people. The manifest and the card hold the out-of-fold figures."
)


def evaluation_report(
    model: str,
    version: int,
    scores: Scores,
    *,
    corpus: str,
    intervals: Mapping[str, Interval] | None = None,
    note: str | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """Lay scores out for the command line.

    Args:
        model: name of the served model.
        version: of the served model.
        scores: what `classification_metrics` measured.
        corpus: corpus (and partition) that was scored.
        intervals: 95 % intervals by name of the score, by bootstrap over persons or essays.
        note: what a reader must know, that these are training data for one.
        extra: further figures, already fit for JSON.

    Returns:
        Plain values: `model, version, corpus, n, accuracy, uar, macro_f1, ece, nll, majority,
        per_class, confusion`, then `intervals`, `note` and the extra figures where given.
    """
    report: dict[str, Any] = {"model": model, "version": version, "corpus": corpus, **scores.as_dict()}
    if intervals:
        report["intervals"] = {name: list(interval) for name, interval in intervals.items()}
    if note:
        report["note"] = note
    return report | extra


def training_data_note(manifest: Manifest, corpus: str, corpus_hash: str) -> str | None:
    """Return the note for a corpus that the manifest's model was trained on, else None."""
    return TRAINING_DATA_NOTE if manifest.training_data.get(corpus) == corpus_hash else None
