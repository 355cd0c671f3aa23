"""Documents of many pages, made of essays: a PDF and a Word document with the same words."""

import csv
import io
import re
import textwrap
import zipfile
import zlib
from pathlib import Path
from xml.sax.saxutils import escape

LINE_CHARACTERS = 90
LINES = 34
"""A page of 11 pt with wide margins; 50 of them stay below the 200,000 characters that are read."""

_ESCAPED, _BACKSLASH = re.compile(r"[\\()]"), r"\\\g<0>"
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
_OFFICE = "http://schemas.openxmlformats.org"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def essay_pages(path: Path, *, pages: int) -> list[list[str]]:
    """Return lines of the first essays of a corpus, page by page.

    Raises:
        ValueError: the corpus does not fill as many pages.
    """
    csv.field_size_limit(10_000_000)
    lines: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            plain = "".join(c for c in row["text"] if c.isascii() and (c.isprintable() or c.isspace()))
            lines += textwrap.wrap(plain, LINE_CHARACTERS)
            if len(lines) >= pages * LINES:
                return [lines[start : start + LINES] for start in range(0, pages * LINES, LINES)]
    raise ValueError(f"no {pages} pages in {path.name}")


def write_pdf(pages: list[list[str]], target: Path) -> None:
    """Write a PDF in Helvetica, with deflated contents."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(pages), kids),
        _FONT,
    ]
    for number, lines in enumerate(pages):
        shown = "\n".join(f"({_ESCAPED.sub(_BACKSLASH, line)}) Tj T*" for line in lines)
        content = zlib.compress(f"BT /F1 11 Tf 20 TL 60 780 Td\n{shown}\nET".encode("ascii"))
        objects.append(_PAGE + b"/Contents %d 0 R >>" % (5 + 2 * number))
        objects.append(
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(content), content)
        )
    out, offsets = io.BytesIO(), list[int]()
    out.write(b"%PDF-1.7\n")
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start, size = out.tell(), len(objects) + 1
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
    out.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start))
    target.write_bytes(out.getvalue())


def write_docx(pages: list[list[str]], target: Path) -> None:
    """Write a Word document with a paragraph for each page."""
    word = f'xmlns:w="{_OFFICE}/wordprocessingml/2006/main"'
    body = "".join(f"<w:p><w:r><w:t>{escape(' '.join(lines))}</w:t></w:r></w:p>" for lines in pages)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_OFFICE}/package/2006/content-types">'
        f'<Override PartName="/word/document.xml" ContentType="{_WORD}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_OFFICE}/package/2006/relationships"><Relationship Id="r1"'
        f' Type="{_OFFICE}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
        "</Relationships>",
        "word/document.xml": f"<w:document {word}><w:body>{body}</w:body></w:document>",
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
