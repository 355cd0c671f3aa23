"""How far each channel can be trusted, read from the manifests of the models that answered."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from fusion.combine import EMOTION_CHANNELS, reliability_from_uar
from services.common.contracts.labels import Modality
from services.common.contracts.model_ref import ModelRef
from services.common.contracts.results import ModalityResult
from services.common.logging import get_logger
from services.common.serving.registry import FACE_EMOTION, VOICE_EMOTION, Manifest, Metric

log = get_logger(__name__)

EMOTION_MODEL: dict[Modality, str] = {Modality.AUDIO: VOICE_EMOTION, Modality.VIDEO: FACE_EMOTION}
UAR = "uar"


class ModelCards:
    """Manifests of exact model versions, read once each.

    Args:
        models_dir: folder of all models, `<name>/<version>/manifest.json`.
    """

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._manifests: dict[ModelRef, Manifest] = {}

    def metric(self, ref: ModelRef, name: str) -> Metric | None:
        """The measured figure of that name; null where no manifest tells it."""
        manifest = self._manifest(ref)
        metrics = manifest.metrics if manifest is not None else []
        return next((metric for metric in metrics if metric.name == name), None)

    def _manifest(self, ref: ModelRef) -> Manifest | None:
        """The manifest, or null where it is missing or unreadable, which must not stop a report."""
        key = ref
        if key not in self._manifests:
            path = self._models_dir / ref.name / str(ref.version) / "manifest.json"
            try:
                self._manifests[key] = Manifest.model_validate_json(path.read_text(encoding="utf-8"))
            except (OSError, ValidationError) as fault:
                log.warning("manifest_unreadable", model=ref.name, version=ref.version, detail=str(fault))
                return None
        return self._manifests[key]


def model_of(result: ModalityResult, name: str) -> ModelRef | None:
    """The reference to the named model among those that gave a result."""
    return next((ref for ref in result.models if ref.name == name), None)


def channel_reliability(
    results: Iterable[ModalityResult], cards: ModelCards, *, unmeasured: float
) -> dict[Modality, float]:
    """Reliability 0..1 of each emotion channel: its model's held-out UAR, corrected for chance.

    Args:
        results: of one assessment.
        cards: where the measured UAR is read.
        unmeasured: what to assume where it is not known.
    """
    reliability = {}
    for result in results:
        if result.modality not in EMOTION_CHANNELS:
            continue
        ref = model_of(result, EMOTION_MODEL[result.modality])
        metric = cards.metric(ref, UAR) if ref is not None else None
        reliability[result.modality] = reliability_from_uar(metric.value) if metric else unmeasured
    return reliability
