"""Settings of the face analysis (prefix `VIDEO_`). Built at start, never at import."""

from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.common.settings import REPOSITORY


class VideoSettings(BaseSettings):
    """What an operator may tune without retraining a model.

    The geometry of the crop is not here: it belongs to the model (`features.py`).
    """

    model_config = SettingsConfigDict(env_prefix="VIDEO_", extra="ignore", populate_by_name=True)

    models_dir: Path = Field(
        default=REPOSITORY / "deploy" / "models",
        validation_alias=AliasChoices("VIDEO_MODELS_DIR", "CANDOR_MODELS_DIR"),
        description="Where the detectors, landmarks and irises lie; these always run in process.",
    )
    max_duration_s: float = Field(default=1800.0, gt=0, description="Longer video is `media_too_long`.")
    max_source_pixels: int = Field(
        default=4096 * 2304, gt=0, description="Width × height of the source; more is refused undecoded."
    )
    max_decoded_rate_hz: float = Field(
        default=240.0, gt=0, description="More frames than this per second of `max_duration_s` are refused."
    )
    analysed_long_side_px: int = Field(
        default=640, ge=160, le=1920, description="Frames are scaled down to this by the decoder."
    )
    analysed_rate_hz: float = Field(
        default=30.0, gt=0, description="Frames beyond this rate are decoded, but not looked at."
    )
    expression_rate_hz: float = Field(
        default=3.0,
        gt=0,
        description="Emotions are scored this often; an expression lasts half a second and more.",
    )
    expression_batch: int = Field(default=16, ge=1, le=64, description="Face crops in one call of the model.")
    detection_rate_hz: float = Field(
        default=1.0, gt=0, description="While faces are followed well, they are counted anew this often."
    )
    detection_score: float = Field(default=0.6, gt=0, lt=1, description="Least score of a detected face.")
    full_range_score: float = Field(
        default=0.6, gt=0, lt=1, description="Likewise of the detector that also sees small faces."
    )
    landmark_score: float = Field(default=0.5, gt=0, lt=1, description="Least score of a face's landmarks.")
    decoder_threads: int = Field(default=1, ge=1, le=16, description="Processor threads of the decoder.")
    dark_luma: float = Field(
        default=40.0, ge=0, le=255, description="A face below this mean grey level counts as dark."
    )
    small_face_px: float = Field(
        default=64.0, ge=0, description="A face whose crop is smaller than this in the scaled frame is small."
    )
    missing_face_share: float = Field(
        default=0.1, ge=0, le=1, description="Frames without a face beyond this share are remarked on."
    )
    lost_frames_share: float = Field(
        default=0.05, ge=0, le=1, description="Frames lost to one reason beyond this share are remarked on."
    )
    several_faces_share: float = Field(
        default=0.1, ge=0, le=1, description="Frames with several faces beyond this share are remarked on."
    )
