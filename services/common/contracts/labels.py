"""The labels of Candor, in the one order and spelling that every process and model uses."""

from enum import StrEnum


class Emotion(StrEnum):
    """A perceived emotion. The order of the members is the order of every probability vector."""

    ANGRY = "angry"
    DISGUST = "disgust"
    FEAR = "fear"
    HAPPY = "happy"
    SAD = "sad"
    SURPRISE = "surprise"
    NEUTRAL = "neutral"


class Trait(StrEnum):
    """A Big Five trait (Costa & McCrae 1992), in the order of every trait vector."""

    OPENNESS = "openness"
    CONSCIENTIOUSNESS = "conscientiousness"
    EXTRAVERSION = "extraversion"
    AGREEABLENESS = "agreeableness"
    NEUROTICISM = "neuroticism"


class Modality(StrEnum):
    """A channel of an answer that Candor analyses on its own."""

    TEXT = "text"
    AUDIO = "audio"
    VIDEO = "video"


class MediaKind(StrEnum):
    """What a client handed in."""

    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    TEXT = "text"


class ModalityStatus(StrEnum):
    """State of one modality of one assessment.

    `skipped` means that there was nothing to analyse, which is no fault of the input (typed text
    has no voice); `failed` always comes with an error code.
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


class AssessmentStatus(StrEnum):
    """State of a whole assessment."""

    QUEUED = "queued"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    PARTIALLY_SUCCEEDED = "partially_succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


EMOTIONS: tuple[Emotion, ...] = tuple(Emotion)
TRAITS: tuple[Trait, ...] = tuple(Trait)
EMOTION_MODALITIES: tuple[Modality, ...] = (Modality.AUDIO, Modality.VIDEO)
"""The modalities in which emotions are perceived; fusion pools them in this order."""

MODALITIES_OF: dict[MediaKind, tuple[Modality, ...]] = {
    MediaKind.VIDEO: (Modality.TEXT, Modality.AUDIO, Modality.VIDEO),
    MediaKind.AUDIO: (Modality.TEXT, Modality.AUDIO),
    MediaKind.DOCUMENT: (Modality.TEXT,),
    MediaKind.TEXT: (Modality.TEXT,),
}
"""Which analyses a kind of media can feed. Text of a spoken answer needs a transcript."""
