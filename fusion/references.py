"""The norms that come with the installation, so that the first answer is compared with somebody.

They lie in `fusion/norms/*.json` (`FUSION_NORMS_DIR`), one `ReferenceNorms` document a file.
Whoever trains the models makes them.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from services.common.contracts.norms import ReferenceNorm, ReferenceNorms
from services.common.logging import get_logger

log = get_logger(__name__)


def load_references(folder: Path) -> list[ReferenceNorm]:
    """Load every built-in norm. A file that cannot be read is logged and passed over: it must stop no report.

    Of two norms for the same score and models, the one of the file whose name comes first stays.
    """
    found: dict[tuple[str, str], ReferenceNorm] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            document = ReferenceNorms.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as fault:
            log.error("norms_unreadable", file=path.name, detail=str(fault))
            continue
        for norm in document.norms:
            found.setdefault((norm.score, norm.model_key), norm)
    return list(found.values())


def references_for(
    model_keys: Mapping[str, str], references: Iterable[ReferenceNorm]
) -> dict[str, ReferenceNorm]:
    """Return, by score name, the norm of exactly the models that made the score.

    Args:
        model_keys: per score, what made it.
        references: of `load_references`.
    """
    return {norm.score: norm for norm in references if model_keys.get(norm.score) == norm.model_key}


def write_references(norms: Iterable[ReferenceNorm], path: Path) -> None:
    """Write one file of built-in norms, ordered, so that a repeated run changes nothing."""
    ordered = sorted(
        (norm.model_copy(update={"counts": dict(sorted(norm.counts.items()))}) for norm in norms),
        key=lambda norm: (norm.model_key, norm.score),
    )
    document = ReferenceNorms(norms=ordered)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document.model_dump_json(indent=1) + "\n", encoding="utf-8")
