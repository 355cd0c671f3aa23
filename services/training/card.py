"""What the model cards of classifiers share: figures and tables in Markdown, in percent."""

from services.training.metrics import Interval, Scores


def with_interval(value: float, interval: Interval) -> str:
    """Return a share (0..1) and its interval in percent, as in `61.2 [58.0, 64.3]`."""
    return f"{100 * value:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def per_class_table(scores: Scores, *, counted: str) -> str:
    """Return recall and precision in percent, and the number of rows, of each label.

    Args:
        scores: of one model.
        counted: head of the last column, what a row of the truth is.
    """
    rows = [
        f"| {label} | {100 * one['recall']:.1f} | {100 * one['precision']:.1f} | {one['n']} |"
        for label, one in scores.per_class.items()
    ]
    return "\n".join([f"| label | recall | precision | {counted} |", "|---|---|---|---|", *rows])


def confusion_table(scores: Scores) -> str:
    """Return counts, row = truth, column = prediction."""
    labels = list(scores.per_class)
    rows = [
        f"| **{label}** | " + " | ".join(str(count) for count in counts) + " |"
        for label, counts in zip(labels, scores.confusion, strict=True)
    ]
    return "\n".join(["| | " + " | ".join(labels) + " |", "|---" * (len(labels) + 1) + "|", *rows])
