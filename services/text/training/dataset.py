"""The corpora: essays with self-reported traits, and transcripts with apparent ones."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import TRAITS
from services.training.artifacts import data_hash

ESSAYS = "essays"
FIRST_IMPRESSIONS = "first_impressions"
CORPORA = (ESSAYS, FIRST_IMPRESSIONS)

_GROUP_COLUMN = {ESSAYS: "id", FIRST_IMPRESSIONS: "speaker_video"}
_LONGEST_FIELD = 10_000_000
INTERVIEW = "interview"
CLIP_S = 15.0
"""Length of a First Impressions clip."""
_REMARK = re.compile(r"\[[^\]]*\]|\(affirmative\)|\.{2,}|\u2026")
"""What the people who wrote speech down put in: `[inaudible 00:00:15]`, and dots where a clip cuts in."""
_STAND_IN = re.compile(r"\b(?:propname|locname|orgname)(?:'?s)?\b", re.IGNORECASE)
"""What the essays have for names. Answers have names instead, so nothing can be learnt from these."""


@dataclass(frozen=True)
class Corpus:
    """Texts with five traits each.

    Attributes:
        name: `essays` or `first_impressions`.
        texts: one per row.
        groups: who wrote or spoke each text, shape `(n,)`; what splits and bootstraps go by.
        traits: shape `(n, 5)`, 0..1 in the order of `TRAITS`; for essays 0 or 1.
        sha256: of the file.
        interview: for First Impressions whether raters would invite the person, 0..1, shape `(n,)`.
    """

    name: str
    texts: list[str]
    groups: NDArray[np.str_]
    traits: NDArray[np.float64]
    sha256: str
    interview: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.texts)


def load_corpus(data: Path, name: str) -> Corpus:
    """Read `<data>/<name>/<name>.csv`, without what transcribers and editors put in (`clean`).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the name is unknown, the file has no rows, or a column is missing.
    """
    if name not in CORPORA:
        raise ValueError(f"corpus must be one of {', '.join(CORPORA)}, not {name!r}")
    path = data / name / f"{name}.csv"
    csv.field_size_limit(_LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    group = _GROUP_COLUMN[name]
    scores = [INTERVIEW] if name == FIRST_IMPRESSIONS else []
    missing = {"text", group, *TRAITS, *scores} - set(rows[0] if rows else ())
    if missing:
        raise ValueError(f"{path} has no rows with {', '.join(sorted(missing))}")
    return Corpus(
        name=name,
        texts=[clean(row["text"] or "") for row in rows],
        groups=np.array([row[group] for row in rows]),
        traits=np.array([[float(row[trait]) for trait in TRAITS] for row in rows]),
        sha256=data_hash([path]),
        interview=np.array([float(row[INTERVIEW]) for row in rows]) if scores else None,
    )


def clean(text: str) -> str:
    """Remove remarks on the recording and stand-ins for names from a text of a corpus."""
    return _STAND_IN.sub(" ", _REMARK.sub(" ", text))
