"""A contact sheet: what the face analysis saw in a few frames of a video, for checking by eye.

The frames go into the picture that the user asked for, and nowhere else.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.contracts.results import ErrorCode
from services.common.errors import InputError
from services.common.serving.predictor import FloatArray, Predictor
from services.common.serving.registry import FACE_ACTIVATION, FACE_DETECTOR, FACE_DETECTOR_FULL, FACE_EMOTION
from services.video.decode import Frame, VideoSource
from services.video.drawing import overlaid, write_line
from services.video.face_detection import FULL_RANGE, FaceDetector
from services.video.features import Image, crop_region, face_crop, head_pose, network_input
from services.video.landmarks import FaceMesh
from services.video.quality import Fault, face_fault
from services.video.salience import can_explain, label_shares
from services.video.settings import VideoSettings
from services.video.tracking import FaceTracker, FollowedFace, load_model

COLUMNS = 3
FRAME_WIDTH_PX, FRAME_HEIGHT_PX = 480, 320
"""Frames are scaled to fit."""
HELD_FACTOR = 4
CROP_PX, LINE_PX, EDGE_PX = 96, 16, 6
SIDE_PX = 2 * CROP_PX + 3 * EDGE_PX
GROUND, INK, FAINT = (24, 24, 24), (235, 235, 235), (160, 160, 160)
SHORT_RANGE_COLOUR, FULL_RANGE_COLOUR = (80, 200, 255), (255, 160, 60)
CROP_COLOUR, MESH_COLOUR = (90, 220, 90), (200, 255, 200)
LEGEND = (
    (SHORT_RANGE_COLOUR, "short-range detector"),
    (FULL_RANGE_COLOUR, "full-range detector"),
    (CROP_COLOUR, "crop and mesh, with the number of the track"),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame and the faces that were followed in it."""

    frame: Frame
    faces: list[FollowedFace]


@dataclass(frozen=True, slots=True)
class Named:
    """A face of a frame, and what it was called.

    Attributes:
        number: of the track.
        lines: what is written of it.
        crop: what the network sees, shape `(48, 48)`, uint8 grey.
        shares: what carried the label; None where there are no maps, or nothing was scored.
    """

    number: int
    lines: list[str]
    crop: Image
    shares: FloatArray | None


class EvenSample:
    """Frames spread evenly over a video of unknown length; at most `HELD_FACTOR` times as many are held."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._stride = 1
        self._offered = 0
        self._held: list[Seen] = []

    def offer(self, seen: Seen) -> None:
        """Take every frame at first, then every second, every fourth, …"""
        if self._offered % self._stride == 0:
            self._held.append(seen)
        self._offered += 1
        if len(self._held) >= HELD_FACTOR * self._wanted:
            self._held = self._held[::2]
            self._stride *= 2

    def chosen(self) -> list[Seen]:
        """Return the frames wanted, or all there are."""
        count = min(self._wanted, len(self._held))
        rows = np.linspace(0, len(self._held) - 1, count).round().astype(int)
        return [self._held[row] for row in rows]


class FaceSheet:
    """Draws frames with everything that was found in them."""

    def __init__(self, predictor: Predictor, settings: VideoSettings) -> None:
        self._predictor = predictor
        self._explains = can_explain(predictor)
        self._settings = settings
        short = FaceDetector(
            load_model(settings.models_dir, FACE_DETECTOR), least_score=settings.detection_score
        )
        full = FaceDetector(
            load_model(settings.models_dir, FACE_DETECTOR_FULL),
            least_score=settings.full_range_score,
            plan=FULL_RANGE,
        )
        self._detectors = ((short, SHORT_RANGE_COLOUR), (full, FULL_RANGE_COLOUR))

    def of_video(self, path: Path, *, frames: int) -> Image:
        """Draw the sheet of a video, uint8 BGR.

        Args:
            path: of the video.
            frames: how many to draw, spread evenly; fewer if there are not as many.

        Raises:
            InputError: `media_*`, `no_video_stream`.
            TemporaryError: `model_unavailable`, `storage_unavailable`.
        """
        settings = self._settings
        sample, tracker = EvenSample(frames), FaceTracker.from_settings(settings)
        with VideoSource(
            path, max_duration_s=settings.max_duration_s, max_pixels=settings.max_source_pixels
        ) as source:
            for frame in source.frames(
                long_side_px=settings.analysed_long_side_px,
                rate_hz=settings.analysed_rate_hz,
                max_decoded_rate_hz=settings.max_decoded_rate_hz,
            ):
                sample.offer(Seen(frame, tracker.follow(frame.image, frame.time_s).followed))
        tiles = [self.tile(seen) for seen in sample.chosen()]
        if not tiles:
            raise InputError(ErrorCode.MEDIA_CORRUPT, "No frame of the video can be shown; export it again.")
        return _page(tiles, title=self._title(path))

    def tile(self, seen: Seen) -> Image:
        """Draw one frame with boxes, meshes and crops, and beside it each face as the network sees it."""
        named = [self._named(seen.frame.image, face) for face in seen.faces]
        picture = self._annotated(seen)
        side = np.full((max(picture.shape[0], _side_height(len(named))), SIDE_PX, 3), GROUND, np.uint8)
        for number, face in enumerate(named):
            _draw_face(side, face, top=_side_height(number))
        tile = np.full((side.shape[0] + LINE_PX, picture.shape[1] + SIDE_PX, 3), GROUND, np.uint8)
        tile[LINE_PX : LINE_PX + picture.shape[0], : picture.shape[1]] = picture
        tile[LINE_PX:, picture.shape[1] :] = side
        faces = f"{len(named)} face{'' if len(named) == 1 else 's'} followed" if named else "no face"
        write_line(tile, f"{seen.frame.time_s:.2f} s, {faces}", left=4, base=12, colour=INK, size=0.42)
        return tile

    def _title(self, path: Path) -> str:
        names = [FACE_EMOTION, FACE_ACTIVATION] if self._explains else [FACE_EMOTION]
        models = ", ".join(f"{name} {self._predictor.manifest(name).version}" for name in names)
        return f"{path.name.encode('ascii', 'replace').decode()}   ({models})"

    def _annotated(self, seen: Seen) -> Image:
        """Draw what was found on the scaled frame, uint8 BGR."""
        image = seen.frame.image
        scale = min(FRAME_WIDTH_PX / image.shape[1], FRAME_HEIGHT_PX / image.shape[0])
        size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
        picture = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
        drawn = np.asarray(picture, dtype=np.uint8)
        for detector, colour in self._detectors:
            for found in detector.detect(image):
                left, top, right, bottom = (found.box * scale).round().astype(int).tolist()
                cv2.rectangle(drawn, (left, top), (right, bottom), colour, 1)
                at = right - 30 if colour is FULL_RANGE_COLOUR else left + 2
                base = min(bottom, drawn.shape[0]) - 3
                write_line(drawn, f"{found.score:.2f}", left=at, base=base, colour=colour, size=0.38)
        for face in seen.faces:
            _draw_mesh(drawn, face, scale=scale)
        return drawn

    def _named(self, image: Image, face: FollowedFace) -> Named:
        crop, side_px = face_crop(image, face.mesh), crop_region(face.mesh).side_px
        pose = head_pose(face.mesh.points, frame_size_px=(image.shape[1], image.shape[0]))
        place = f"{side_px:.0f} px"
        if pose is not None:
            place += f"  yaw {pose.yaw_deg:+.0f}  pitch {pose.pitch_deg:+.0f}"
        fault = face_fault(crop, side_px=side_px, pose=pose)
        if fault is not Fault.NONE:
            words = f"{face.number}: {fault.name.lower().replace('_', ' ')}, not scored"
            return Named(face.number, [words, place], crop, None)
        scores = self._predictor.predict(FACE_EMOTION, network_input(crop[np.newaxis]))[0]
        label = EMOTIONS[int(scores.argmax())]
        lines = [f"{face.number}: {label} {scores.max():.2f}", place]
        return Named(face.number, lines, crop, self._shares(crop, label))

    def _shares(self, crop: Image, label: Emotion) -> FloatArray | None:
        if not self._explains:
            return None
        return label_shares(
            self._predictor.predict(FACE_ACTIVATION, network_input(crop[np.newaxis]))[0], label
        )


def _side_height(faces: int) -> int:
    return faces * (CROP_PX + 2 * LINE_PX + EDGE_PX)


def _draw_mesh(picture: Image, face: FollowedFace, *, scale: float) -> None:
    for x, y in (face.mesh.points[:, :2] * scale).round().astype(int).tolist():
        if 0 <= x < picture.shape[1] and 0 <= y < picture.shape[0]:
            picture[y, x] = MESH_COLOUR
    corners = (_crop_corners(face.mesh) * scale).round().astype(np.int32)
    cv2.polylines(picture, [corners], isClosed=True, color=CROP_COLOUR, thickness=1, lineType=cv2.LINE_AA)
    left, top = corners.min(axis=0).tolist()
    write_line(
        picture, str(face.number), left=max(0, left), base=max(14, top - 3), colour=CROP_COLOUR, size=0.55
    )


def _crop_corners(mesh: FaceMesh) -> NDArray[np.float64]:
    """Return corners of the crop in the frame, shape `(4, 2)`."""
    region = crop_region(mesh)
    back = cv2.invertAffineTransform(region.to_square(2))
    square = np.array([[-0.5, -0.5], [1.5, -0.5], [1.5, 1.5], [-0.5, 1.5]])
    return np.asarray(square @ back[:, :2].T + back[:, 2])


def _draw_face(side: Image, face: Named, *, top: int) -> None:
    """Crop, crop with its map, and two lines of text."""
    grey = cv2.resize(face.crop, (CROP_PX, CROP_PX), interpolation=cv2.INTER_CUBIC)
    plain = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    pictures = [plain] if face.shares is None else [plain, overlaid(plain, face.shares)]
    for number, picture in enumerate(pictures):
        left = EDGE_PX + number * (CROP_PX + EDGE_PX)
        side[top : top + CROP_PX, left : left + CROP_PX] = picture
    for line, words in enumerate(face.lines):
        base = top + CROP_PX + 12 + LINE_PX * line
        write_line(side, words, left=EDGE_PX, base=base, colour=FAINT if line else INK, size=0.4)


def _page(tiles: list[Image], *, title: str) -> Image:
    """Arrange tiles in columns under a title and a legend."""
    height = max(tile.shape[0] for tile in tiles) + EDGE_PX
    width = tiles[0].shape[1] + EDGE_PX
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    head = 3 * LINE_PX
    page = np.full((head + rows * height, columns * width + EDGE_PX, 3), GROUND, np.uint8)
    write_line(page, title, left=EDGE_PX, base=18, colour=INK, size=0.5)
    left = EDGE_PX
    for colour, words in LEGEND:
        write_line(page, words, left=left, base=38, colour=colour, size=0.42)
        left += 8 * len(words) + 2 * EDGE_PX
    for number, tile in enumerate(tiles):
        top, at = head + number // columns * height, EDGE_PX + number % columns * width
        page[top : top + tile.shape[0], at : at + tile.shape[1]] = tile
    return page
