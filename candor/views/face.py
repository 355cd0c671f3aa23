"""What was measured on a face besides emotions, on a terminal."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.common.contracts.face import FaceActivation, FaceMeasures, FaceTrack, HeadPose
from services.common.contracts.labels import EMOTIONS, Emotion
from services.common.phrasing import moment

INDENT = 2
CELL = 4
"""Characters to a cell of an activation map, which is two lines high: about square."""
SHADES = " ░▒▓█"
HEIGHTS = {"forehead": 0.1, "brows": 0.24, "eyes": 0.38, "nose": 0.57, "mouth": 0.74, "chin": 0.92}
"""Where they lie in the square crop on average, as a share of its side from the top."""
LABEL_CELLS = 1 + max(map(len, HEIGHTS))
WHAT_IT_IS = (
    "The darker a place of the face, the more it spoke for the label, more than for the others (class "
    "activation map). It shows what the model relied on, not what was felt."
)
FROM_REST = "experimental, not validated: against this person's own resting face"


def face_view(face: FaceMeasures, *, width: int) -> RenderableType:
    """Show everything that was measured; what is null or empty is left out.

    Args:
        face: of a result.
        width: of the terminal, in characters; a map that does not fit is left to its sentence.
    """
    parts: list[RenderableType] = []
    if face.frames is not None and face.frames.summary is not None:
        parts.append(Text(face.frames.summary))
    table = _figures(face)
    if table.row_count:
        parts.append(table)
    if len(face.faces) > 1:
        parts.append(_tracks(face.faces))
    if face.emotions_from_rest:
        parts.append(Text(f"{FROM_REST}: {_most(face.emotions_from_rest)}", style="dim"))
    if face.activations:
        parts.append(Text(WHAT_IT_IS, style="dim"))
    for activation in face.activations:
        parts += _explanation(activation, width=width - INDENT)
    return Padding(Group(*parts), (0, 0, 0, INDENT))


def _figures(face: FaceMeasures) -> Table:
    table = Table("how the face moved", "", "", box=None)
    gaze = face.gaze
    rows: list[tuple[str, float | None, str, str]] = [
        ("blinks", face.blink_rate_per_min, "{:.1f} / min", f"{len(face.blinks)} in all"),
        ("blink duration", _ms(face.blink_duration_mean_s), "{:.0f} ms", "mean, at half depth"),
        *_pose_rows(face.head_pose_mean, face.head_pose_sd),
        (
            "eyes to the camera",
            gaze.towards_camera_share if gaze else None,
            "{:.0%}",
            "of the looks, roughly",
        ),
        ("mouth open", face.mouth_openness_mean, "{:.2f}", "gap of the lips over the mouth's width"),
        ("smiling", face.smile_share, "{:.0%}", "happy was the likeliest perceived emotion"),
    ]
    for name, value, form, remark in rows:
        if value is not None:
            table.add_row(name, form.format(value), Text(remark, style="dim"))
    return table


def _pose_rows(mean: HeadPose | None, sd: HeadPose | None) -> list[tuple[str, float, str, str]]:
    if mean is None:
        return []
    rows = [("head turned", "yaw_deg", "to the subject's left"), ("head raised", "pitch_deg", "upwards")]
    return [
        (name, getattr(mean, axis), "{:+.0f}°", _varies(positive, sd, axis))
        for name, axis, positive in [*rows, ("head tilted", "roll_deg", "clockwise for the viewer")]
    ]


def _varies(positive: str, sd: HeadPose | None, axis: str) -> str:
    told = f"positive is {positive}"
    return told if sd is None else f"{told}; varies by {getattr(sd, axis):.0f}°"


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000.0 * seconds


def _tracks(faces: list[FaceTrack]) -> Table:
    table = Table("face", "seen", "frames", "size", "blinks", box=None)
    for face in faces:
        table.add_row(
            f"{face.number}{' (the one measured)' if face.candidate else ''}",
            f"{moment(face.first_s)} to {moment(face.last_s)}",
            f"{face.share:.0%}",
            f"{face.side_px:.0f} px",
            "–" if face.blinks is None else str(face.blinks),
        )
    return table


def _most(emotions: Mapping[Emotion, float]) -> str:
    ranked = sorted(EMOTIONS, key=lambda label: -emotions.get(label, 0.0))[:3]
    return ", ".join(f"{label} {emotions.get(label, 0.0):.2f}" for label in ranked)


def _explanation(activation: FaceActivation, *, width: int) -> list[RenderableType]:
    at = f"why {activation.label}, at {moment(activation.time_s)} ({activation.probability:.0%}):"
    parts: list[RenderableType] = [Text(at, style="bold")]
    drawn = heat_map(activation.grid, width=width)
    if drawn is not None:
        parts.append(drawn)
    return [*parts, Text(activation.summary)] if activation.summary else parts


def heat_map(grid: list[list[float]], *, width: int) -> Text | None:
    """Draw an activation map as blocks, the top of the face first; None if it does not fit.

    Args:
        grid: shares, at least one above zero.
        width: characters to draw in.
    """
    if len(grid[0]) * CELL + 2 + LABEL_CELLS > width:
        return None
    names = {int(height * len(grid) * CELL // 2): name for name, height in HEIGHTS.items()}
    largest = max(share for row in grid for share in row)
    edge = "─" * (len(grid[0]) * CELL)
    drawn = [
        "".join(SHADES[round(share / largest * (len(SHADES) - 1))] * CELL for share in row)
        for row in grid
        for _ in range(CELL // 2)
    ]
    lines = [f"│{cells}│ {names.get(number, '')}".rstrip() for number, cells in enumerate(drawn)]
    return Text("\n".join([f"┌{edge}┐", *lines, f"└{edge}┘"]), no_wrap=True)
