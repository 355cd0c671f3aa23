"""Synthetic documents: PDFs and Word documents written by hand, so that no test needs a writer of either."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from xml.sax.saxutils import escape

ENGLISH = (
    "I grew up in a small town and I always wanted to know how things work, so I took my bicycle apart "
    "and put it together again. My friends would say that I worry too much, but I think that being careful "
    "has helped me. When I have to decide something I ask the people who know more than I do, and then I try "
    "it out. Last year we built a boat from old wood and it really did float!"
)
"""81 words, 4 sentences."""


def make_pdf(pages: Sequence[str], *, compress: bool = False, drawing: bytes = b"") -> bytes:
    """A PDF with one line of Helvetica text for every line of each page; a blank page for ''.

    Args:
        pages: the text of each.
        compress: whether contents are deflated.
        drawing: operators that every page has besides.
    """
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", _FONT]
    kids = []
    for text in pages:
        stream = _content(text) + drawing
        number = len(objects) + 1
        kids.append(f"{number} 0 R")
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (number + 1)
        )
        objects.append(_stream(stream, compress=compress))
    objects[1] = f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(kids)}] >>".encode()
    return _assemble(objects)


def pdf_of(*objects: bytes) -> bytes:
    """A PDF of the given objects, numbered from 1; the first is the catalogue."""
    return _assemble(objects)


def make_bomb_pdf(*, size_bytes: int) -> bytes:
    """A small PDF whose one page holds a content stream that inflates to `size_bytes` of operators."""
    line = b"BT /F1 9 Tf 1 1 Td (boom boom boom boom) Tj ET\n"
    packer = zlib.compressobj(9)
    chunk = line * 20_000
    packed = b"".join(packer.compress(chunk) for _ in range(size_bytes // len(chunk))) + packer.flush()
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
        b"/Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>"
    )
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)
    tree = b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>"
    return _assemble([b"<< /Type /Catalog /Pages 2 0 R >>", tree, _FONT, page, stream])


def make_encrypted_pdf(text: str, *, password: str) -> bytes:
    """The same with a password that a reader has to know (RC4, 128 bit)."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(make_pdf([text]))))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


WORD_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def make_docx(paragraphs: Sequence[str], **changes: str) -> bytes:
    """A Word document of plain paragraphs; `changes` are those of `docx_of`."""
    return docx_of(
        "".join(f"<w:p><w:r><w:t>{escape(text)}</w:t></w:r></w:p>" for text in paragraphs), **changes
    )


def docx_of(
    body: str | Iterable[bytes],
    *,
    main_type: str = WORD_MAIN,
    prologue: str = "",
    relationships: str = "",
    extra_parts: Mapping[str, bytes] | None = None,
) -> bytes:
    """A Word package whose main document has the given XML in its body.

    Args:
        body: XML with the prefixes `w` and `mc`, or pieces of it that are never in memory together.
        main_type: content type of the main document.
        prologue: between the XML declaration and the root, a document type for one.
        relationships: further ones of the package.
        extra_parts: by name.
    """
    declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": f'{declaration}<Types xmlns="{package}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main_type}"/></Types>',
        "_rels/.rels": f'{declaration}<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="word/document.xml"/>'
        f"{relationships}</Relationships>",
    }
    opening = (
        f"{declaration}{prologue}"
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
        ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>'
    )
    pieces = [body.encode()] if isinstance(body, str) else body
    document = chain([opening.encode()], pieces, [b"</w:body></w:document>"])
    lists = {name: [text.encode()] for name, text in parts.items()}
    extras = {name: [content] for name, content in (extra_parts or {}).items()}
    return _zip_of({**lists, "word/document.xml": document, **extras})


def make_zip(parts: Mapping[str, bytes]) -> bytes:
    """A ZIP of the given parts, deflated."""
    return _zip_of({name: [content] for name, content in parts.items()})


def _zip_of(parts: Mapping[str, Iterable[bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in parts.items():
            with archive.open(name, "w") as part:
                part.writelines(pieces)
    return buffer.getvalue()


def make_ole(*streams: str) -> bytes:
    """The beginning of an OLE file and the names of its streams, as its directory holds them."""
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(504)
        + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in streams)
    )


def zip_entry(name: bytes, content: bytes = b"") -> bytes:
    """The local header of a stored ZIP entry and its content, as the beginning of an archive shows them."""
    sizes = struct.pack("<II", len(content), len(content))
    return b"PK\x03\x04" + bytes(14) + sizes + struct.pack("<HH", len(name), 0) + name + content


_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def _content(text: str) -> bytes:
    """Operators that show the text, a line every 14 points."""
    if not text:
        return b""
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    lines = "\n".join(f"({line}) Tj T*" for line in escaped.splitlines())
    return f"BT /F1 10 Tf 14 TL 40 800 Td\n{lines}\nET".encode("cp1252")


def _stream(content: bytes, *, compress: bool) -> bytes:
    kind = b" /Filter /FlateDecode" if compress else b""
    body = zlib.compress(content) if compress else content
    return b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(body), kind, body)


def _assemble(objects: Sequence[bytes]) -> bytes:
    """Number the objects, write the cross-reference table and the trailer."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
