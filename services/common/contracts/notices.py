"""Remarks that more than one process has to word the same."""

from services.common.contracts.results import Notice

EMOTION_RESTRICTED = Notice(
    code="emotion_inference_restricted",
    detail=(
        "This installation names no jurisdiction. In the EU, inferring emotions in the workplace, "
        "recruitment included, is prohibited (AI Act, Article 5(1)(f))."
    ),
)
