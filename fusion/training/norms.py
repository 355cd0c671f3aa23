"""Norms to begin with: what people of public corpora score, so that a first answer has company.

The scores and the names of what made them come out of the code that serves (`fusion.report`), from one result
a person; which people and how they were scored without being known is the business of the analyses'
training packages.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fusion.references import write_references
from fusion.reliability import ModelCards
from fusion.report import combine_results
from fusion.settings import FusionSettings
from services.common.contracts.norms import NormSource, ReferenceNorm
from services.common.contracts.results import ModalityResult
from services.common.statistics.histogram import quantise

TRAITS_FILE, VOICES_FILE, FILMED_FILE = "traits.json", "voices.json", "filmed.json"

SPEAKERS = NormSource(
    corpus="First Impressions V2",
    description="People who talk to a camera in public videos, in English: of each video the words of one to "
    "six clips of 15 seconds.",
    protocol="Scored by the served model, which learned from essays and has seen none of them.",
    licence="CC BY-NC 4.0",
)
VOICES = NormSource(
    corpus="RAVDESS, EMO-DB and GRID",
    description="Actors who speak English or German sentences neutrally, and people who read short commands.",
    protocol="Each actor was scored by a classifier that was fitted without this person, in 5 folds; the "
    "others by the served model, which never heard them.",
    licence="CC BY-NC-SA 4.0 (RAVDESS), free for research (EMO-DB), CC BY 4.0 (GRID)",
)
FILMED = NormSource(
    corpus="GRID",
    description="People who read short commands to a camera, three seconds each.",
    protocol="Scored by the served models, which have seen none of them.",
    licence="CC BY 4.0",
)


@dataclass(frozen=True, slots=True)
class Group:
    """People of one source; each is the results of one answer.

    Attributes:
        source: where they come from.
        people: per person the analyses that succeeded.
    """

    source: NormSource
    people: Sequence[Sequence[ModalityResult]]


def norms_of(
    group: Group, *, models_dir: Path, settings: FusionSettings | None = None
) -> list[ReferenceNorm]:
    """Count the people of a group by each score and what made it, as serving would score and name it.

    Args:
        group: the people.
        models_dir: where the manifests are.
        settings: of fusion; the defaults, from the environment, where none are given.
    """
    chosen, cards = settings or FusionSettings(), ModelCards(models_dir)
    counts: dict[tuple[str, str], Counter[int]] = {}
    for results in group.people:
        combination = combine_results(results, settings=chosen, cards=cards)
        for score, value in combination.scores.items():
            counts.setdefault((score, combination.model_keys[score]), Counter())[quantise(value)] += 1
    return [
        ReferenceNorm(score=score, model_key=key, counts=dict(people), source=group.source)
        for (score, key), people in counts.items()
    ]


def write_norms(
    *,
    spoken: Sequence[ModalityResult],
    voices: Sequence[ModalityResult],
    filmed: Sequence[tuple[ModalityResult, ModalityResult]],
    models_dir: Path,
    folder: Path,
) -> dict[str, int]:
    """Write the built-in norms.

    Args:
        spoken: words of people, one result each.
        voices: of actors.
        filmed: voice and face of people in short videos.
        models_dir: where the manifests are.
        folder: where the files go.

    Returns:
        People by file.
    """
    heard = [(voice,) for voice in voices] + [(voice,) for voice, _ in filmed]
    seen: list[Sequence[ModalityResult]] = [*filmed, *((face,) for _, face in filmed)]
    files = {
        TRAITS_FILE: Group(SPEAKERS, [(result,) for result in spoken]),
        VOICES_FILE: Group(VOICES, heard),
        FILMED_FILE: Group(FILMED, seen),
    }
    for name, group in files.items():
        write_references(norms_of(group, models_dir=models_dir), folder / name)
    return {TRAITS_FILE: len(spoken), VOICES_FILE: len(heard), FILMED_FILE: len(filmed)}
