"""What the law of a tenant's jurisdiction asks for, per purpose. One table, read in one place: the POST.

The sources are named beside each rule. They are read as software must read them: where a text leaves
room, the stricter reading is taken. This is no legal advice, and `other` promises nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gateway.http.fields import Purpose
from services.common.contracts.labels import EMOTION_MODALITIES, MODALITIES_OF, MediaKind, Modality
from services.common.contracts.media import MediaRef
from services.common.contracts.notices import EMOTION_RESTRICTED
from services.common.contracts.results import Notice


class Jurisdiction(StrEnum):
    """Whose law a tenant is under. A fresh installation has not said so yet."""

    UNSPECIFIED = "unspecified"
    EU = "eu"
    US_IL = "us-il"
    US_NY = "us-ny"
    OTHER = "other"


class Reader(StrEnum):
    """Who may read the report of an assessment."""

    CANDIDATE = "candidate"
    TENANT = "tenant"


EMOTION_INFERENCE = (
    "Inferring emotions from voice or face in the workplace is prohibited in the EU, and recruitment "
    "counts as such (AI Act, Regulation (EU) 2024/1689, Article 5(1)(f))."
)

NOTICES: Mapping[str, str] = {
    EMOTION_RESTRICTED.code: EMOTION_RESTRICTED.detail,
    "illinois_video_interview_act": (
        "Illinois asks that applicants are told before the interview that AI analyses it and how it works, "
        "and that they consent; their recordings go within 30 days of a request (820 ILCS 42)."
    ),
    "new_york_local_law_144": (
        "New York City asks for a bias audit within the last year and for notice ten business days before "
        "the tool is used (Local Law 144 of 2021, N.Y.C. Admin. Code § 20-871)."
    ),
}
"""What a report warns of, by code."""

EVERY_CHANNEL = frozenset(Modality)
BOTH_READERS = frozenset(Reader)


@dataclass(frozen=True, slots=True)
class Decision:
    """What one purpose may do in one jurisdiction.

    Attributes:
        refused: the legal reason for each channel that may not.
        consent_required: whether an assessment must name a consent that is in force.
        report_readers: who may read the report.
        warnings: codes of `NOTICES` that the report must carry.
        deletion_within_days: the longest that an erasure may take once it is asked for, in days; null
            where the law sets no number.
    """

    refused: Mapping[Modality, str] = field(default_factory=dict)
    consent_required: bool = False
    report_readers: frozenset[Reader] = BOTH_READERS
    warnings: tuple[str, ...] = ()
    deletion_within_days: int | None = None

    @property
    def channels(self) -> frozenset[Modality]:
        """What may be analysed: all that is not refused."""
        return EVERY_CHANNEL - frozenset(self.refused)

    def allows(self, kind: MediaKind) -> bool:
        """Tell whether media of `kind` may be taken: only where everything that it would feed may be
        analysed.

        A recording whose voice and face may not be looked at is not kept for its words alone.
        """
        return not any(modality in self.refused for modality in MODALITIES_OF[kind])

    def admit(self, media: Iterable[MediaRef]) -> "Admission":
        """Return what may come in of an answer."""
        kept: list[MediaRef] = []
        turned_away: list[MediaRef] = []
        for part in media:
            (kept if self.allows(part.kind) else turned_away).append(part)
        asked_for = {modality for part in turned_away for modality in MODALITIES_OF[part.kind]}
        return Admission(
            media=kept,
            turned_away=turned_away,
            refused=[modality for modality in Modality if modality in asked_for & set(self.refused)],
            notices=self.notices(part.kind for part in kept),
        )

    def notices(self, kinds: Iterable[MediaKind]) -> list[Notice]:
        """Return the warnings that concern an answer made of `kinds`.

        The one on emotions is left out where the answer has neither voice nor face.
        """
        has_emotions = any(not set(EMOTION_MODALITIES).isdisjoint(MODALITIES_OF[kind]) for kind in kinds)
        return [
            Notice(code=code, detail=NOTICES[code])
            for code in self.warnings
            if has_emotions or code != EMOTION_RESTRICTED.code
        ]


@dataclass(frozen=True, slots=True)
class Admission:
    """What may come in of an answer.

    Attributes:
        media: the parts that are kept and analysed.
        turned_away: the parts that must not be kept.
        refused: the analyses that the answer asked for and may not have.
        notices: what its report must warn of.
        consent_id: the consent that it rests on, where there is one.
    """

    media: list[MediaRef]
    turned_away: list[MediaRef] = field(default_factory=list)
    refused: list[Modality] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    consent_id: str | None = None


_EU = Decision(consent_required=True, deletion_within_days=30)
"""GDPR, Articles 6(1)(a) and 9(2)(a): consent; Articles 12(3) and 17: erasure within one month."""
_ILLINOIS = Decision(consent_required=True, deletion_within_days=30)
"""820 ILCS 14/15 (BIPA): a written release before voiceprints or face geometry; 820 ILCS 42: 30 days."""

POLICY: Mapping[tuple[Jurisdiction, Purpose], Decision] = {
    (Jurisdiction.EU, Purpose.SELF_PRACTICE): replace(_EU, report_readers=frozenset({Reader.CANDIDATE})),
    (Jurisdiction.EU, Purpose.RESEARCH): _EU,
    (Jurisdiction.EU, Purpose.HIRING): replace(
        _EU,
        refused={Modality.AUDIO: EMOTION_INFERENCE, Modality.VIDEO: EMOTION_INFERENCE},
    ),
    (Jurisdiction.US_IL, Purpose.SELF_PRACTICE): _ILLINOIS,
    (Jurisdiction.US_IL, Purpose.RESEARCH): _ILLINOIS,
    (Jurisdiction.US_IL, Purpose.HIRING): replace(_ILLINOIS, warnings=("illinois_video_interview_act",)),
    # The consent that an assessment names is the record that the notice was given.
    (Jurisdiction.US_NY, Purpose.HIRING): Decision(
        consent_required=True, warnings=("new_york_local_law_144",)
    ),
}
"""Purposes that a jurisdiction has no rule for are allowed as they are; see `decide`."""

_UNSPECIFIED = Decision(warnings=(EMOTION_RESTRICTED.code,))


def decide(jurisdiction: Jurisdiction, purpose: Purpose) -> Decision:
    """Return what `purpose` may do in `jurisdiction`."""
    if jurisdiction is Jurisdiction.UNSPECIFIED:
        return _UNSPECIFIED
    return POLICY.get((jurisdiction, purpose), Decision())
