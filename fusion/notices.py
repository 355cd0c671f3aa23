"""What the reader of a report must know before believing it. Pure: values in, values out."""

from collections.abc import Mapping, Sequence

from services.common.contracts.labels import Modality, ModalityStatus
from services.common.contracts.notices import EMOTION_RESTRICTED
from services.common.contracts.results import ModalityResult, Notice
from services.common.serving.registry import Metric

HIRING = "hiring"

NOT_FOR_DECISIONS = Notice(
    code="not_for_decisions",
    detail="These are estimates from one recording; they are not a ground for a decision about a person.",
)
ACTED_SPEECH = Notice(
    code="acted_speech",
    detail="The voice model learnt from acted speech; everyday speech is subtler, so its scores are rougher.",
)
POSED_FACES = Notice(
    code="labelled_photographs",
    detail="The face model learnt how photographs look to others; a look is not a feeling.",
)


def traits_notice(accuracy: Metric | None) -> Notice:
    """Return how weak traits from words alone are, with the measured accuracy where the manifest has it."""
    detail = "Traits from words alone are a weak estimate of how you would describe yourself"
    if accuracy is not None:
        interval = ""
        if accuracy.low is not None and accuracy.high is not None:
            interval = f" (95% interval {accuracy.low:.1%} to {accuracy.high:.1%})"
        detail += (
            f": on people it had not seen, the model was right {accuracy.value:.1%} of the time{interval}"
        )
        detail += ", and guessing is right about half the time"
    return Notice(code="traits_from_text_weak", detail=f"{detail}.")


def warnings(
    results: Mapping[Modality, ModalityResult],
    *,
    policy: Sequence[Notice],
    purpose: str,
    trait_accuracy: Metric | None,
) -> list[Notice]:
    """Return the notices that apply, the most serious first.

    Args:
        results: per modality.
        policy: what the law asks to warn of, as decided when the answer came.
        purpose: of the assessment.
        trait_accuracy: mean accuracy of the traits' model on unseen authors, if known.
    """
    has_voice = _has_scores(results, Modality.AUDIO)
    has_face = _has_scores(results, Modality.VIDEO)
    notices = [notice for notice in policy if has_voice or has_face or notice.code != EMOTION_RESTRICTED.code]
    if purpose == HIRING:
        notices.append(NOT_FOR_DECISIONS)
    if _has_scores(results, Modality.TEXT):
        notices.append(traits_notice(trait_accuracy))
    if has_voice:
        notices.append(ACTED_SPEECH)
    if has_face:
        notices.append(POSED_FACES)
    return notices


def _has_scores(results: Mapping[Modality, ModalityResult], modality: Modality) -> bool:
    result = results.get(modality)
    return (
        result is not None
        and result.status is ModalityStatus.SUCCEEDED
        and (result.emotions is not None or result.traits is not None)
    )
