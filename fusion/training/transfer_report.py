"""The transfer experiment as rows of `deploy/results/fusion/transfer.json`."""

from collections.abc import Sequence
from pathlib import Path

from fusion.training.tables import chance_text, paired, row_of
from fusion.training.transfer import (
    ARMS,
    BATCH_SIZE,
    EPOCHS,
    FACE_EPOCHS,
    FACES,
    FACES_FIRST,
    FACES_LONGER,
    FURTHER_EPOCHS,
    JOINT,
    RANDOM,
    RANDOM_LONGER,
    Pictures,
    run_transfer,
)
from services.common.media.files import Progress
from services.training.results import ResultRow

SYSTEM = "transfer"
GROUP = "Transfer from faces to voices (small networks, small budget)"
PROTOCOL = "RAVDESS, 5 folds of 4 actors, 8 classes"
AGAINST = {
    FACES_FIRST: RANDOM,
    FACES_LONGER: RANDOM_LONGER,
    JOINT: RANDOM_LONGER,
}
"""What an arm's gain is over: the same epochs on voices from random weights."""
BUDGET = (
    f"Four strided convolutions, 64 × 64 × 3 log-mel pictures; {FACES:,} faces for {FACE_EPOCHS} epochs, "
    f"voices for {EPOCHS} (longer and joint: {FURTHER_EPOCHS} more), batches of {BATCH_SIZE}."
)


def rows_of(pictures: Pictures, *, seeds: Sequence[int], kept: Path, progress: Progress) -> list[ResultRow]:
    """Return one row per arm; the gain is paired over actors."""
    answers = run_transfer(pictures, seeds=seeds, kept=kept, progress=progress)
    rows = []
    for arm in ARMS:
        row = row_of(
            answers[arm],
            pictures.labels,
            pictures.people,
            seeds=seeds,
            title=arm,
            group=GROUP,
            protocol=PROTOCOL,
            classes=pictures.classes,
            note=BUDGET,
            system=SYSTEM,
        )
        if arm in AGAINST:
            gain, chance = paired(answers[arm], answers[AGAINST[arm]], pictures.labels, pictures.people)
            words = chance_text(chance, over=f'"{AGAINST[arm]}"')
            row = row.model_copy(
                update={"figures": {**row.figures, "gain": gain}, "note": f"{BUDGET} {words}"}
            )
        rows.append(row)
    return rows
