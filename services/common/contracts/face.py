"""What is measured on the faces of a video besides the emotions, and what could not be measured, and why."""

import math
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from services.common.contracts.base import Contract
from services.common.contracts.labels import Emotion

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0)]


class HeadPose(Contract):
    """Degrees. Yaw is positive to the subject's left, pitch upwards, roll clockwise for the viewer."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


class Blink(Contract):
    start_s: Seconds
    end_s: Seconds


class LostFrames(Contract):
    """Analysed frames that no measure rests on, each under the one reason that explains it best."""

    too_dark: Count = 0
    too_small: Count = 0
    turned_away: Count = 0
    blurred: Count = 0
    covered: Count = Field(
        default=0, description="A face was found, but no landmarks could be laid on it: covered, or none."
    )
    no_face: Count = 0

    @property
    def total(self) -> int:
        return sum(self.model_dump().values())


class FrameCount(Contract):
    """Where every frame of the video went: nothing is lost without a reason.

    `decoded` = `analysed` + `beyond_rate` + `out_of_order` + `unreadable`, and
    `analysed` = `usable` + the sum of `lost`.
    """

    decoded: Count
    beyond_rate: Count = Field(
        default=0, description="Not looked at: more frames a second than are analysed."
    )
    out_of_order: Count = Field(default=0, description="Not looked at: not later than the frame before.")
    unreadable: Count = Field(default=0, description="Decoded, but not convertible into a picture.")
    analysed: Count
    usable: Count = Field(description="With a face that is bright, large, sharp and frontal enough.")
    lost: LostFrames = Field(default_factory=LostFrames)
    summary: str | None = Field(
        default=None, description="The same in a sentence or two. Null in older reports."
    )

    @model_validator(mode="after")
    def _complete(self) -> "FrameCount":
        if self.decoded != self.analysed + self.beyond_rate + self.out_of_order + self.unreadable:
            raise ValueError("frames were lost between decoding and analysis")
        if self.analysed != self.usable + self.lost.total:
            raise ValueError("frames were lost between analysis and measures")
        return self


class Gaze(Contract):
    """Where the eyes point, from head pose and irises. A rough measure, not calibrated to the person."""

    samples: Count = Field(
        description="Frames in which both eyes were open and seen, or the head alone, turned far, decides."
    )
    towards_camera_share: Share | None = Field(default=None, description="Of the samples.")
    yaw_mean_deg: float | None = Field(default=None, description="Positive to the subject's left.")
    yaw_sd_deg: float | None = None
    pitch_mean_deg: float | None = Field(default=None, description="Positive upwards.")
    pitch_sd_deg: float | None = None


class FaceTrack(Contract):
    """One face that was followed. It has a number, not an identity: nobody is recognised."""

    number: int = Field(ge=1, description="Stable within this video, in order of appearance.")
    candidate: bool = Field(description="The dominant face, which all other figures are about.")
    first_s: Seconds
    last_s: Seconds
    share: Share = Field(description="Of the analysed frames.")
    side_px: float = Field(ge=0, description="Median side of the face in the analysed picture.")
    blinks: Count | None = Field(
        default=None, description="Null where the eyes were seen too shortly. A picture on a wall has none."
    )


class FaceRegion(StrEnum):
    """Parts of a face by its landmarks; together they cover the whole crop."""

    BROWS = "brows"
    EYES = "eyes"
    NOSE = "nose"
    MOUTH = "mouth"
    CHEEKS = "cheeks"
    FOREHEAD = "forehead"
    CHIN = "chin"
    AROUND = "around"


class FaceActivation(Contract):
    """Which places of a face carried its label in one moment: a class activation map, and no picture.

    The grid lies on the square crop that the network saw, upright to the eyes: rows from the top, cells
    from the viewer's left. Each value is the share of all that spoke for the label more than for the
    labels on average.
    """

    time_s: Seconds
    label: Emotion
    probability: Share
    grid: list[list[Share]] = Field(min_length=1, description="Sums up to 1.")
    regions: dict[FaceRegion, Share] = Field(
        description="The same shares by region, with borders from the face's landmarks. Sums up to 1."
    )
    summary: str | None = Field(
        default=None, description="The regions that mattered most, in a sentence. Null in older reports."
    )

    @model_validator(mode="after")
    def _shares(self) -> "FaceActivation":
        if len({len(row) for row in self.grid}) > 1:
            raise ValueError("rows differ in length")
        for values in ([cell for row in self.grid for cell in row], self.regions.values()):
            if not math.isclose(math.fsum(values), 1.0, abs_tol=0.01):
                raise ValueError("shares do not sum up to 1")
        return self


class FaceMeasures(Contract):
    """Everything about the candidate's face that is not an emotion."""

    frames_decoded: Count
    frames_analysed: Count
    frames_with_face: Count
    max_faces: int = Field(ge=0, description="Most faces seen in one frame.")
    frames: FrameCount | None = Field(default=None, description="Where every frame went.")
    blinks: list[Blink] = Field(default_factory=list)
    blink_rate_per_min: float | None = Field(default=None, ge=0)
    blink_observed_s: Seconds | None = Field(
        default=None, description="Time in which a blink would have been seen."
    )
    blink_duration_mean_s: Seconds | None = Field(default=None, description="At half depth.")
    head_pose_mean: HeadPose | None = None
    head_pose_sd: HeadPose | None = None
    gaze: Gaze | None = None
    mouth_openness_mean: float | None = Field(
        default=None, ge=0, description="Gap between the lips over the width of the mouth; 0 is closed."
    )
    mouth_openness_sd: float | None = Field(default=None, ge=0)
    smile_share: Share | None = Field(
        default=None, description="Samples in which happy is the most likely perceived emotion."
    )
    emotions_from_rest: dict[Emotion, Share] | None = Field(
        default=None,
        description=(
            "Experimental, not validated: the emotions after taking away what this person's quietest "
            "samples show beyond a neutral face. Null where samples are few. Nothing else rests on it."
        ),
    )
    faces: list[FaceTrack] = Field(
        default_factory=list, description="Every face that was followed for a while, the candidate's first."
    )
    activations: list[FaceActivation] = Field(
        default_factory=list,
        description=(
            "What carried the emotions that were perceived longest, at the surest moment of each; empty "
            "where the served model explains nothing."
        ),
    )
