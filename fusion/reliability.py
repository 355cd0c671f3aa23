"""How far each channel can be trusted, read from the manifests of the models that answered."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from fusion.combine import reliability_from_uar
from services.common.contracts.labels import EMOTION_MODALITIES, Modality
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import ModalityResult
from services.common.errors import TemporaryError
from services.common.logging import get_logger
from services.common.serving.registry import FACE_EMOTION, VOICE_EMOTION, Manifest, Metric, read_manifest
from services.common.serving.versions import find_served_version

log = get_logger(__name__)

EMOTION_MODEL: dict[Modality, str] = {Modality.AUDIO: VOICE_EMOTION, Modality.VIDEO: FACE_EMOTION}
UAR = "uar"
FUSION = "fusion"
"""Name of the manifest that holds what `candor train fusion` learned."""
EXPONENT = "exponent"
WEIGHTS_KEY = "weights"
RELIABILITY = "reliability"
COVERAGE = "coverage"
"""Keys of its preprocessing: the learned pool, and what the channels were like when it was learned."""


class ModelCards:
    """Manifests of exact model versions, read once each.

    Args:
        models_dir: folder of all models, `<name>/<version>/manifest.json`.
    """

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._manifests: dict[ModelRef, Manifest] = {}
        self._served = cache(self._read_served)

    def metric(self, ref: ModelRef, name: str) -> Metric | None:
        """Return the measured figure of that name; null where no manifest tells it."""
        manifest = self._manifest(ref)
        metrics = manifest.metrics if manifest is not None else []
        return next((metric for metric in metrics if metric.name == name), None)

    def learned(self) -> dict[Modality, float]:
        """Return what a channel's reliability times coverage is multiplied by to become its learned weight.

        The weight divided by the reliability and the mean coverage of the channel that it was learned with,
        the largest being 1; 1 for every channel where nothing was learned.
        """
        manifest = self._served(FUSION)
        numbers = manifest.preprocessing if manifest is not None else {}
        try:
            factors = {
                channel: numbers[WEIGHTS_KEY][channel]
                / (numbers[RELIABILITY][channel] * numbers[COVERAGE][channel])
                for channel in EMOTION_MODALITIES
            }
        except (KeyError, ZeroDivisionError):
            return dict.fromkeys(EMOTION_MODALITIES, 1.0)
        largest = max(factors.values())
        return {channel: factor / largest for channel, factor in factors.items()}

    def pool(self) -> ModelRef | None:
        """Return the learned weights that `learned` reads; null where nothing was learned."""
        manifest = self._served(FUSION)
        return None if manifest is None else manifest.ref

    def _read_served(self, name: str) -> Manifest | None:
        """Return the manifest of the version that is served; null where there is none.

        It is read once: a pin holds from the next start on, and a report must not mix two versions.
        """
        try:
            version = find_served_version(self._models_dir, name)
        except TemporaryError as fault:
            log.warning("pin_unreadable", model=name, detail=str(fault))
            return None
        return None if version is None else self._manifest(ModelRef(name=name, version=version))

    def _manifest(self, ref: ModelRef) -> Manifest | None:
        """Return the manifest, or null where it is missing or unreadable, which must not stop a report."""
        if ref not in self._manifests:
            try:
                self._manifests[ref] = read_manifest(self._models_dir / ref.name / str(ref.version))
            except (OSError, ValidationError, TemporaryError) as fault:
                log.warning("manifest_unreadable", model=ref.name, version=ref.version, detail=str(fault))
                return None
        return self._manifests[ref]


def model_of(result: ModalityResult, name: str) -> ModelRef | None:
    """Return the reference to the named model among those that gave a result."""
    return next((ref for ref in result.models if ref.name == name), None)


def channel_reliability(
    results: Iterable[ModalityResult], cards: ModelCards, *, unmeasured: float
) -> dict[Modality, float]:
    """Return the reliability 0..1 of each emotion channel: its model's held-out UAR, corrected for chance.

    Where weights were learned (`ModelCards.learned`), it is scaled by them: a channel that is as good as the
    one that the weight was learned with gets that weight, a better one more.

    Args:
        results: of one assessment.
        cards: where the measured UAR is read.
        unmeasured: what to assume where it is not known.
    """
    reliability = {}
    learned = cards.learned()
    for result in results:
        if result.modality not in EMOTION_MODALITIES:
            continue
        ref = model_of(result, EMOTION_MODEL[result.modality])
        metric = cards.metric(ref, UAR) if ref is not None else None
        trust = reliability_from_uar(metric.value) if metric else unmeasured
        reliability[result.modality] = trust * learned[result.modality]
    return reliability
