"""What writing speech down costs: processor time and peak memory, each in a process of its own.

`python -m services.audio.training.speech.cost FILE THREADS` prints one line of JSON.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from services.audio.features import SAMPLE_RATE_HZ
from services.audio.settings import AudioSettings
from services.audio.spoken import transcribe
from services.audio.training.speech.evaluate import write_wav
from services.audio.training.speech.recordings import grid
from services.audio.transcription import Unavailable, open_transcriber
from services.common.contracts.labels import MediaKind
from services.common.media.files import MediaFile

TIMEOUT_S = 3600.0


def make_recording(data: Path, path: Path, *, seconds: float) -> Path:
    """Write GRID clips in a row, again from the first where they do not suffice."""
    sound = np.concatenate([recording.sound for recording in grid(data)])
    write_wav(path, np.resize(sound, int(seconds * SAMPLE_RATE_HZ)))
    return path


def cost(path: Path, *, threads: int) -> dict[str, Any]:
    """Write down a file in a fresh process.

    Returns:
        `duration_s`, `cpu_s`, `wall_s`, `load_s` (of the model, processor time), `words`, and the largest
        resident memory in bytes with the model loaded (`base_bytes`) and at the end (`peak_bytes`).
    """
    command = [sys.executable, "-m", __name__, str(path), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)  # noqa: S603
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(path: Path, threads: int) -> None:
    """Write down one file and write the cost to stdout."""
    settings = AudioSettings(transcriber_threads=threads, max_duration_s=1e5)
    began_s = time.process_time()
    transcriber = open_transcriber(settings)
    if isinstance(transcriber, Unavailable):
        raise SystemExit(transcriber.reason)
    transcriber.hear(np.zeros(SAMPLE_RATE_HZ, np.float32))
    load_s, base_bytes = time.process_time() - began_s, _peak_bytes()
    cpu_s, wall_s = time.process_time(), time.monotonic()
    media = MediaFile(path, MediaKind.AUDIO, "audio/wav")
    transcript = transcribe(media, transcriber=transcriber, settings=settings).transcript
    found = {
        "duration_s": transcript.duration_s if transcript else 0.0,
        "cpu_s": round(time.process_time() - cpu_s, 2),
        "wall_s": round(time.monotonic() - wall_s, 2),
        "load_s": round(load_s, 2),
        "words": len(transcript.words) if transcript else 0,
        "base_bytes": base_bytes,
        "peak_bytes": _peak_bytes(),
        "threads": threads,
    }
    sys.stdout.write(json.dumps(found) + "\n")


def _peak_bytes() -> int:
    """Return the largest resident memory of this process so far (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
