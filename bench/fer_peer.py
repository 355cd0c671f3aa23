"""The `fer` package (MIT; Haar cascade, small network) on the frames of a clip: a peer of the face path.

It lives in an environment of its own, `make bench-fer`: its requirements contradict ours. This file runs
there as a script, so it imports nothing of the project.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

FRAMES = 60
"""Its cost is the same for every frame; this many tell it."""


def seconds_per_frame(python: Path, clip: Path, *, rounds: int) -> list[tuple[float, float]]:
    """Measure processor and wall seconds a frame of `fer`, decoding left out, a pair for each round.

    Args:
        python: interpreter of its environment.
        clip: a video with a face.
        rounds: how often the same frames are gone through.

    Raises:
        subprocess.CalledProcessError: the environment does not work.
    """
    command = [str(python), "-I", __file__, str(clip), str(rounds)]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    answer = subprocess.run(  # noqa: S603 - our own script
        command, env=os.environ | quiet, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    return [(float(cpu), float(wall)) for cpu, wall in json.loads(answer.stdout)]


def _main(clip: str, rounds: int) -> None:
    import cv2
    import tensorflow as tf  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from fer.fer import FER  # type: ignore[import-not-found,unused-ignore]

    cv2.setNumThreads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    detector, video = FER(mtcnn=False), cv2.VideoCapture(clip)
    frames = [frame for _ in range(FRAMES) for read, frame in [video.read()] if read]
    detector.detect_emotions(frames[0])
    times = []
    for _ in range(rounds):
        cpu, wall = time.process_time(), time.perf_counter()
        for frame in frames:
            detector.detect_emotions(frame)
        spent = time.process_time() - cpu, time.perf_counter() - wall
        times.append([seconds / len(frames) for seconds in spent])
    sys.stdout.write(json.dumps(times))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
