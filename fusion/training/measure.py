"""All comparisons of the fusion as rows of one results file."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fusion.training.kept import held_or_made
from fusion.training.methods import (
    CONFIDENCE,
    MEAN,
    PRODUCT,
    QUALITY,
    SINGLE,
    STACKING,
    UNITS,
    VOICE,
    WEIGHTS,
    methods,
)
from fusion.training.networks import NETWORKS, run_network
from fusion.training.pairs import Floats, Pairs
from fusion.training.protocol import CLEAN, Held, run_seed
from fusion.training.tables import RESAMPLES, SYSTEM, row_of
from fusion.training.units import UNIT_CONDITIONS
from services.common.contracts.labels import EMOTIONS
from services.common.media.files import Progress, ignore_progress
from services.training.results import Figure, ResultRow, write_results

SUBJECT = "fusion"
NETWORK_SYSTEM = "networks"
SETTINGS = {False: "person unknown", True: "person known"}
KNOWN_NOTE = "Voice and action units are normalised by the person's other clips, of all emotions alike."
FOLDS_NAME = "RAVDESS, 5 folds of 4 actors, nested, 8 classes"
SEVEN_NAME = "RAVDESS, 5 folds of 4 actors, nested, 7 labels"
BOTH_NAMES = {"both": "both", "voice alone": "action units missing", "action units alone": "voice missing"}
SERVABLE = (PRODUCT, WEIGHTS)
"""Methods that hold for another face model too: they need calibrated probabilities and a reliability."""
FUSED = (MEAN, PRODUCT, WEIGHTS, QUALITY, CONFIDENCE, STACKING)
DEGRADED = (VOICE, UNITS, PRODUCT, WEIGHTS, QUALITY, CONFIDENCE, STACKING)

SEVEN = "Fusion: the product's seven labels"
INNER = "Fusion: inner folds, by which the served method is chosen"
MISSING = "Fusion: a channel is missing"
POOR = "Fusion: poor sound or picture, person unknown"
GROUPS = {known: f"Fusion: {name}" for known, name in SETTINGS.items()}
MAIN = (*GROUPS.values(), SEVEN)
FEW_RESAMPLES = 200
GROUP_ORDER = [*GROUPS.values(), SEVEN, INNER, MISSING, POOR]

Helds = Mapping[bool, Sequence[Held]]


def measure(
    pairs: Pairs, *, kept: Path, progress: Progress = ignore_progress
) -> tuple[list[ResultRow], Helds, Helds]:
    """Run every protocol but the networks'.

    Args:
        pairs: the clips.
        kept: folder of what was done before.
        progress: told the share of the work done.

    Returns:
        The rows, and the held-out answers by setting: over the corpus's classes, over the product's labels.
    """
    eight: dict[bool, list[Held]] = {}
    seven: dict[bool, list[Held]] = {}
    for number, known in enumerate(SETTINGS):
        eight[known], seven[known] = run(
            pairs, known=known, kept=kept, progress=_part(progress, number, len(SETTINGS), 1.0)
        )
    rows = [row for known in SETTINGS for row in clean_rows(eight[known], pairs, known=known)]
    rows += [row for known in SETTINGS for row in missing_rows(eight[known], pairs, known=known)]
    rows += degraded_rows(eight[False], pairs)
    rows += [row for known in SETTINGS for row in seven_rows(seven[known], known=known)]
    rows += [row for known in SETTINGS for row in inner_rows(seven[known], known=known)]
    return sorted(rows, key=_place), eight, seven


def measure_networks(
    pairs: Pairs,
    eight: Helds,
    *,
    kept: Path,
    settings: Sequence[bool] = tuple(SETTINGS),
    progress: Progress = ignore_progress,
) -> list[ResultRow]:
    """Measure the systems that learn both channels at once, against the same single channels.

    Args:
        pairs: the clips.
        eight: held-out answers of the single channels.
        kept: folder of the folds that were done before.
        settings: whether the person is known.
        progress: told the share of the work done.
    """
    rows = []
    each = [(known, name) for known in settings for name in NETWORKS]
    for number, (known, name) in enumerate(each):
        part = _part(progress, number, len(each), 1.0)
        answers = run_network(name, pairs, known=known, kept=kept, progress=part)
        rows += network_rows(name, answers, eight[known], pairs, known=known)
    return sorted(
        (row.model_copy(update={"system": NETWORK_SYSTEM}) for row in rows),
        key=_place,
    )


def _place(row: ResultRow) -> int:
    return GROUP_ORDER.index(row.group)


def run(
    pairs: Pairs, *, known: bool, kept: Path, progress: Progress = ignore_progress
) -> tuple[list[Held], list[Held]]:
    """Run every seed in one setting; see `protocol.run_seed`."""
    each = []
    for row in range(len(pairs.seeds)):
        each.append(
            held_or_made(kept, pairs, row, known=known, make=partial(run_seed, pairs, row, known=known))
        )
        progress((row + 1) / len(pairs.seeds))
    return [eight for eight, _ in each], [seven for _, seven in each]


def _part(progress: Progress, number: int, parts: int, share: float) -> Progress:
    return lambda done: progress(share * (number + done) / parts)


def inner_rows(helds: Sequence[Held], *, known: bool) -> list[ResultRow]:
    """Return figures on the inner folds, by which a method is chosen; no tested actor is in them."""
    rows = []
    for name in (*SINGLE, *FUSED):
        if name not in helds[0].inner:
            continue
        recall, loss, under_all = np.array([held.inner[name] for held in helds]).mean(axis=(0, 1))
        first = helds[0].samples[CLEAN]
        shared: dict[str, Any] = {
            "system": SYSTEM,
            "title": name,
            "group": INNER,
            "n": len(first.truth),
            "people": len(set(first.people.tolist())),
            "seeds": [held.seed for held in helds],
        }
        clean = {"uar": Figure(value=float(recall)), "nll": Figure(value=float(loss))}
        rows.append(ResultRow(**shared, protocol=f"7 labels, {SETTINGS[known]}, clean", figures=clean))
        every = {"nll": Figure(value=float(under_all))}
        rows.append(
            ResultRow(**shared, protocol=f"7 labels, {SETTINGS[known]}, all conditions", figures=every)
        )
    return sorted(rows, key=lambda row: row.protocol, reverse=True)


def clean_rows(helds: Sequence[Held], pairs: Pairs, *, known: bool) -> list[ResultRow]:
    """Measure every method on clips with both channels at their best."""
    return [
        _row(
            [held.answers[name, CLEAN] for held in helds],
            helds,
            title=name,
            group=GROUPS[known],
            protocol=FOLDS_NAME,
            classes=pairs.classes,
            against=name not in SINGLE,
            note=_note(helds, name, known=known),
        )
        for name in methods()
    ]


def _note(helds: Sequence[Held], name: str, *, known: bool) -> str:
    note = KNOWN_NOTE if known and name in SINGLE else ""
    if name != UNITS:
        return note
    chosen = [kind for held in helds for kind in held.units_model]
    counts = ", ".join(f"{kind} in {chosen.count(kind)}" for kind in dict.fromkeys(chosen))
    return f"{note} Model chosen on inner folds: {counts} of {len(chosen)} folds.".strip()


def _row(
    answers: Sequence[Floats],
    helds: Sequence[Held],
    *,
    title: str,
    group: str,
    protocol: str,
    classes: Sequence[str],
    against: bool,
    condition: tuple[int, int] = CLEAN,
    note: str = "",
) -> ResultRow:
    first = helds[0].samples[condition]
    singles = [[held.answers[name, condition] for held in helds] for name in SINGLE] if against else []
    return row_of(
        answers,
        first.truth,
        first.people,
        seeds=[held.seed for held in helds],
        title=title,
        group=group,
        protocol=protocol,
        classes=classes,
        singles=singles,
        note=note,
        resamples=RESAMPLES if group in MAIN else FEW_RESAMPLES,
    )


def network_rows(
    name: str, answers: Sequence[Mapping[str, Floats]], helds: Sequence[Held], pairs: Pairs, *, known: bool
) -> list[ResultRow]:
    """Measure a network with both channels, then with each missing."""
    rows = []
    for present, title in BOTH_NAMES.items():
        whole = present == "both"
        rows.append(
            _row(
                [one[present] for one in answers],
                helds,
                title=name,
                group=GROUPS[known] if whole else MISSING,
                protocol=FOLDS_NAME if whole else f"{SETTINGS[known]}, {title}",
                classes=pairs.classes,
                against=whole,
            )
        )
    return rows


def missing_rows(helds: Sequence[Held], pairs: Pairs, *, known: bool) -> list[ResultRow]:
    """Measure each channel missing. Pools then answer with the other channel as it is; stacking has its own
    way.
    """
    titles = {UNITS: "voice missing", VOICE: "action units missing"}
    return [
        _row(
            [held.missing[name, missing] for held in helds],
            helds,
            title=title,
            group=MISSING,
            protocol=f"{SETTINGS[known]}, {titles[left]}",
            classes=pairs.classes,
            against=False,
        )
        for left, missing in ((VOICE, UNITS), (UNITS, VOICE))
        for name, title in ((WEIGHTS, "all pools: the other channel as it is"), (STACKING, STACKING))
    ]


def degraded_rows(helds: Sequence[Held], pairs: Pairs) -> list[ResultRow]:
    """Measure poor sound, a poor picture, and both."""
    faces = list(UNIT_CONDITIONS)
    rows = []
    for voice, units in ((1, 0), (2, 0), (0, 1), (0, 2), (2, 2)):
        sound = "clean voice" if voice == 0 else f"voice with noise at {pairs.snr_db[voice]:g} dB"
        face = "clean units" if units == 0 else f"units: {faces[units]}"
        rows += [
            _row(
                [held.answers[name, (voice, units)] for held in helds],
                helds,
                title=name,
                group=POOR,
                protocol=f"{sound}, {face}",
                classes=pairs.classes,
                against=name not in SINGLE,
                condition=(voice, units),
            )
            for name in DEGRADED
        ]
    return rows


def seven_rows(helds: Sequence[Held], *, known: bool) -> list[ResultRow]:
    """Return the rows over the product's labels; `calm` counts as `neutral`."""
    return [
        _row(
            [held.answers[name, CLEAN] for held in helds],
            helds,
            title=name,
            group=SEVEN,
            protocol=f"{SEVEN_NAME}, {SETTINGS[known]}",
            classes=[emotion.value for emotion in EMOTIONS],
            against=name not in SINGLE,
        )
        for name in (*SINGLE, *FUSED)
        if name != CONFIDENCE
    ]


def save(rows: Sequence[ResultRow], pairs: Pairs, *, folder: Path, system: str = SYSTEM) -> Path:
    """Write `fusion/<system>.json` into a folder of results."""
    return write_results(rows, subject=SUBJECT, system=system, data_hash=pairs.digests, folder=folder)


def chosen_method(seven: Helds, *, among: Sequence[str] = SERVABLE) -> str:
    """Return the method with the least loss on the inner folds, over settings and seeds.

    Args:
        seven: held-out answers over the product's labels.
        among: methods to choose from.
    """

    def loss(name: str) -> float:
        each = [held.inner[name] for helds in seven.values() for held in helds]
        return float(np.array(each)[..., 1].mean())

    return min(among, key=loss)
