"""`candor sheet`: frames of a video with everything that the face analysis found in them, as one picture."""

from pathlib import Path
from typing import Annotated

import typer

from candor.exits import unusable


def sheet(
    file: Annotated[Path, typer.Argument(help="A video.")],
    out: Annotated[Path, typer.Option(help="Where to write the picture (PNG).")],
    frames: Annotated[int, typer.Option(min=1, max=60, help="How many frames, spread evenly.")] = 12,
) -> None:
    """Draw frames of a video with boxes, mesh, track, label and activation map, to be checked by eye.

    The frames are kept in that picture only. Exit code 2 if the file has no video that can be read, or the
    picture cannot be written.
    """
    from services.common.errors import InputError

    if out.suffix.lower() != ".png":
        raise typer.BadParameter(f"{out} does not end in .png", param_hint="--out")
    try:
        out.write_bytes(_png(file, frames=frames))
    except (InputError, OSError) as fault:
        raise unusable(f"{file}: {fault}") from fault
    typer.echo(f"{out}: {frames} frames at most of {file.name}", err=True)


def _png(file: Path, *, frames: int) -> bytes:
    import cv2

    from candor.face_sheet import FaceSheet
    from services.common.serving.client import open_predictor
    from services.common.settings import CommonSettings
    from services.video.settings import VideoSettings

    drawer = FaceSheet(open_predictor(CommonSettings()), VideoSettings())
    return cv2.imencode(".png", drawer.of_video(file, frames=frames))[1].tobytes()
