"""Tables of measured figures, from the manifests of the models and from the results files."""

import re
from typing import NamedTuple

from services.common.serving.registry import Metric, load_manifest
from services.common.serving.versions import list_versions
from services.common.settings import REPOSITORY
from services.training.report import results_of
from services.training.result_tables import NOT_SHARES, figure_text, markdown

MODELS = REPOSITORY / "deploy" / "models"
_TITLE = re.compile(r"^\*\*(.+)\*\*$", re.MULTILINE)


class Headline(NamedTuple):
    """The figure that a model is known by.

    Attributes:
        model: name of the model.
        metric: name of the figure in the manifest.
        protocol: what was measured on what, in words.
    """

    model: str
    metric: str
    protocol: str


HEADLINES = (
    Headline("text_traits", "accuracy", "essays, 10-fold by essay, nested; mean accuracy of five traits"),
    Headline("text_impression", "r2", "First Impressions, 5-fold by video; variance explained, mean of six"),
    Headline(
        "voice_emotion", "uar", "RAVDESS, 5 folds of 4 actors; unweighted average recall of seven labels"
    ),
    Headline("face_emotion", "accuracy", "FER2013, trained on `train`, scored on `public`; accuracy"),
)


def headline_table() -> str:
    """Return a line per model that estimates: its figure, that of the most frequent label, its ECE."""
    head = [
        "| model | data and protocol | result | most frequent label | calibration error |",
        "|---|---|--:|--:|--:|",
    ]
    return "\n".join([*head, *map(_headline, HEADLINES)])


def _headline(headline: Headline) -> str:
    manifest = load_manifest(MODELS, headline.model)
    found: dict[str, Metric] = {}
    for metric in manifest.metrics:
        found.setdefault(metric.name, metric)
    figure = found[headline.metric]
    interval = (
        ""
        if figure.low is None or figure.high is None
        else f" [{_percent(figure.low)}, {_percent(figure.high)}]"
    )
    chance = _chance(headline, found, labels=len(manifest.labels))
    error = _percent(found["ece"].value) if "ece" in found else "–"
    name = f"`{headline.model}` {manifest.version}"
    return f"| {name} | {headline.protocol} | {_percent(figure.value)}{interval} | {chance} | {error} |"


def _chance(headline: Headline, found: dict[str, Metric], *, labels: int) -> str:
    """Return what always naming the most frequent label reaches in the figure of `headline`."""
    if headline.metric == "uar":
        return _percent(1 / labels)
    if headline.metric == "r2":
        return _percent(0.0)
    return _percent(found["majority"].value)


def _percent(share: float) -> str:
    return f"{share * 100:.1f}"


def results_tables(subject: str) -> str:
    """Return all results of a subject as `candor train SUBJECT --report --markdown` does, with headings."""
    return _TITLE.sub(r"### \1", markdown(results_of(subject)))


def figure(subject: str, title: str, name: str = "accuracy", *, protocol: str = "", group: str = "") -> str:
    """Return one measured figure with its interval, as the tables print it.

    Args:
        subject: whose results.
        title: of the row.
        name: of the figure.
        protocol: a part of the row's protocol, where the title alone does not tell.
        group: a part of the row's group, likewise.

    Raises:
        ValueError: no row, or more than one, is meant.
    """
    rows = [
        row
        for file in results_of(subject)
        for row in file.rows
        if row.title == title and protocol in row.protocol and group in row.group and name in row.figures
    ]
    if len(rows) != 1:
        raise ValueError(
            f"{len(rows)} results of {subject} have {name} for {title!r}, {protocol!r}, {group!r}"
        )
    return figure_text(rows[0].figures[name], share=name not in NOT_SHARES)


def card(model: str) -> str:
    """Return the card of the served version of a model."""
    version = load_manifest(MODELS, model).version
    return (MODELS / model / str(version) / "CARD.md").read_text(encoding="utf-8")


def model_names() -> list[str]:
    """Return the names of all models that are there, in order."""
    return sorted(
        path.name for path in MODELS.iterdir() if path.is_dir() and list_versions(MODELS, path.name)
    )


def cards_table() -> str:
    """Return a line per model: name with a link to its card, served version, licence."""
    rows = [
        f"| [`{name}`](cards/{name}.md) | {manifest.version} | {manifest.licence} |"
        for name in model_names()
        for manifest in [load_manifest(MODELS, name)]
    ]
    return "\n".join(["| model | version | licence of the weights |", "|---|---|---|", *rows])
