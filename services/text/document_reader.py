"""One document, read in a process of its own: `python -I document_reader.py '{"path": …}'`.

`documents.py` runs this file as a script: it is the one place where hostile bytes meet a parser. It
limits its own memory, time and output before it loads that parser, imports nothing of Candor but the
parser's file beside it, and answers with one JSON object on standard output. Imports are few, because
starting takes longer than reading.
"""

import json
import resource
import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any, TypedDict

PDFIUM = "pdfium"
PYPDF = "pypdf"
DOCX = "docx"
READERS = {
    PDFIUM: ("pdf_text", "read_with_pdfium"),
    PYPDF: ("pdf_text", "read_with_pypdf"),
    DOCX: ("docx_text", "read_docx"),
}
"""File beside this one, and the function in it."""

BYTES_PER_CHARACTER = 12
"""JSON writes a character outside the basic plane as a pair of `\\uXXXX`."""


class Request(TypedDict):
    """What to read, with which of `READERS`, and within which limits."""

    path: str
    engine: str
    max_pages: int
    max_characters: int
    memory_bytes: int
    time_s: int


class Reading(TypedDict):
    """`text` and `pages` (null for formats without) where `outcome` is `ok`; else why there are none.

    Other outcomes: `encrypted`, `corrupt`, `too_long`, `too_complex`, and for Word `old_word`, `macros`
    and `not_word`.
    """

    outcome: str
    text: str
    pages: int | None


def limit_resources(*, memory_bytes: int, time_s: int, output_bytes: int) -> None:
    """Let the kernel end this process if it takes more than it was given."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (time_s, time_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output_bytes, output_bytes))


def read(request: Request) -> Reading:
    """Read and say how it went. Only the kernel's limits get past this."""
    file, function = READERS[request["engine"]]
    try:
        reading: Reading = getattr(_load(file), function)(
            request["path"], max_pages=request["max_pages"], max_characters=request["max_characters"]
        )
    except (MemoryError, RecursionError):
        return Reading(outcome="too_complex", text="", pages=None)
    except Exception:  # noqa: BLE001 - whatever a hostile file makes a parser raise
        return Reading(outcome="corrupt", text="", pages=None)
    return reading


def _load(name: str) -> Any:
    """Return the module in the file beside this one; an isolated process has no path to find it by."""
    spec = spec_from_file_location(name, __file__.replace("document_reader.py", f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Take the request, set the limits, read, answer."""
    request: Request = json.loads(sys.argv[1])
    limit_resources(
        memory_bytes=request["memory_bytes"],
        time_s=request["time_s"],
        output_bytes=request["max_characters"] * BYTES_PER_CHARACTER + 65_536,
    )
    json.dump(read(request), sys.stdout)


if __name__ == "__main__":
    main()
