"""The text of a Word document (ECMA-376). Loaded by `document_reader.py` alone, in a process with limits.

Read with the standard library's ZIP and Expat: decision 0023 compares four libraries. Only
the main document's paragraphs and tables are read, in their order; headers, footnotes, comments, deleted
text and fields' instructions are not what the author says. Nothing outside the package is ever opened, and
XML that declares a document type, without which there are no entities, is refused: a package may not have
one (ECMA-376 part 2, 9.1.3).
"""

import posixpath
import re
import zipfile
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.text.document_reader import Reading

CHUNK_BYTES = 65_536
MAX_XML_BYTES = 24 * 1024 * 1024
"""Of one part, unpacked. Word writes some ten bytes for a character, after many revisions a hundred."""
MAX_DEPTH = 1000
"""Of elements within elements; tables within tables are a dozen each."""
MAX_LIST_BYTES = 1024 * 1024
"""Of the package's own lists, unpacked."""

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
"""Name of the stream that holds a package under a password (MS-OFFCRYPTO 2.3.4.4)."""

_WORD = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
_FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"
_CONTENT_TYPE = "http://schemas.openxmlformats.org/package/2006/content-types Override"
_RELATIONSHIP = "http://schemas.openxmlformats.org/package/2006/relationships Relationship"
_MAIN_TYPE = re.compile(r"wordprocessingml\.(document|template)\.main\+xml$")

_MARKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_ENDS = {"p": "\n\n", "tr": "\n"}
"""A blank line after a paragraph tells it from a wrapped line, which text of PDFs is full of."""
_SKIPPED = frozenset(("moveFrom", "del", "pPr", "rPr", "rt"))
"""What was moved away or deleted, properties (tab stops are among them), and how to say a word (ruby)."""


class _RefusedError(Exception):
    """Carries an outcome of `document_reader.Reading`."""


class _Words:
    """Takes the events of the main document's XML and keeps its text."""

    def __init__(self, *, max_characters: int) -> None:
        self._left = max_characters
        self._depth = 0
        self._skipping = 0
        self._in_text = False
        self.parts: list[str] = []

    def start(self, name: str, _attributes: "Mapping[str, str]") -> None:
        space, _, local = name.rpartition(" ")
        if self._depth == 0 and (space not in _WORD or local != "document"):
            raise _RefusedError("not_word")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _RefusedError("too_complex")
        if self._skipping or name == _FALLBACK or (space in _WORD and local in _SKIPPED):
            self._skipping += 1
        elif space in _WORD:
            self._in_text = local == "t"
            self._add(_MARKS.get(local, ""))

    def end(self, name: str) -> None:
        self._depth -= 1
        if self._skipping:
            self._skipping -= 1
            return
        space, _, local = name.rpartition(" ")
        if space in _WORD:
            self._in_text = False
            self._add(_ENDS.get(local, ""))

    def characters(self, text: str) -> None:
        if self._in_text and not self._skipping:
            self._add(text)

    def _add(self, text: str) -> None:
        if text:
            self._left -= len(text)
            if self._left < 0:
                raise _RefusedError("too_long")
            self.parts.append(text)


def read_docx(path: str, *, max_pages: int, max_characters: int) -> "Reading":  # noqa: ARG001 - one interface
    """Read the text of the main document, paragraphs and table cells in order; pages are made by the printer.

    Raises:
        Exception: the file is damaged.
    """
    try:
        if not zipfile.is_zipfile(path):
            raise _RefusedError(_kind_of_other(path))
        with zipfile.ZipFile(path) as package:
            words = _Words(max_characters=max_characters)
            _parse(package, _main_part(package), words, limit=MAX_XML_BYTES)
    except _RefusedError as refusal:
        return {"outcome": str(refusal), "text": "", "pages": None}
    return {"outcome": "ok", "text": "".join(words.parts), "pages": None}


def _kind_of_other(path: str) -> str:
    """Return what a file that is no ZIP is: under a password, of Word before 2007, or damaged."""
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib takes a third of the time that this process has
        content = file.read(MAX_XML_BYTES)
    if not content.startswith(OLE_MAGIC):
        return "corrupt"
    return "encrypted" if ENCRYPTED_PACKAGE in content else "old_word"


class _Lists:
    """Takes the events of the package's lists: its parts' content types, or its relationships."""

    def __init__(self) -> None:
        self.types: dict[str, str] = {}
        self.targets: dict[str, str] = {}

    def start(self, name: str, attributes: "Mapping[str, str]") -> None:
        if name == _CONTENT_TYPE:
            self.types[attributes["PartName"].lstrip("/")] = attributes["ContentType"]
        if name == _RELATIONSHIP and attributes.get("TargetMode") != "External":
            self.targets.setdefault(attributes["Type"].rpartition("/")[2], attributes["Target"])

    def end(self, name: str) -> None: ...

    def characters(self, text: str) -> None: ...


def _main_part(package: zipfile.ZipFile) -> str:
    """Return the name of the part that the package calls its main document, if it is Word's."""
    names = set(package.namelist())
    if not {"[Content_Types].xml", "_rels/.rels"} <= names:
        raise _RefusedError("not_word")
    lists = _Lists()
    for part in ("[Content_Types].xml", "_rels/.rels"):
        _parse(package, part, lists, limit=MAX_LIST_BYTES)
    target = lists.targets.get("officeDocument")
    name = posixpath.normpath(target.lstrip("/")) if target else ""
    main_type = lists.types.get(name, "")
    if "macroEnabled" in main_type or any(part.lower().endswith("vbaproject.bin") for part in names):
        raise _RefusedError("macros")
    if name not in names or not _MAIN_TYPE.search(main_type):
        raise _RefusedError("not_word")
    return name


def _parse(package: zipfile.ZipFile, part: str, events: "_Words | _Lists", *, limit: int) -> None:
    """Stream a part through Expat, up to `limit` bytes of it."""
    entry = package.getinfo(part)
    if entry.flag_bits & 1:
        raise _RefusedError("encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _RefusedError("corrupt")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = events.start
    parser.EndElementHandler = events.end
    parser.CharacterDataHandler = events.characters
    parser.StartDoctypeDeclHandler = _refuse_document_type
    with package.open(entry) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            limit -= len(chunk)
            if limit < 0:
                raise _RefusedError("too_complex")
            parser.Parse(chunk, False)
    parser.Parse(b"", True)


def _refuse_document_type(*_declaration: object) -> None:
    raise _RefusedError("corrupt")
