"""Word documents: what is read of them, and what is refused."""

import random
from pathlib import Path

import pytest

from services.common.contracts.labels import MediaKind
from services.common.contracts.results import ErrorCode
from services.common.errors import InputError
from services.common.media.files import MediaFile
from services.common.media.types import DOCX, ODT, OLE, RTF, sniff
from services.text.documents import read_document
from services.text.settings import TextSettings
from tests.media_text import WORD_MAIN, docx_of, make_docx, make_ole, make_zip

SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"
BILLION_LAUGHS = (
    '<!DOCTYPE w:document [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)


def document(folder: Path, content: bytes, content_type: str = DOCX) -> MediaFile:
    path = folder / "object"
    path.write_bytes(content)
    return MediaFile(path=path, kind=MediaKind.DOCUMENT, content_type=content_type)


def text_of(folder: Path, content: bytes) -> str:
    return read_document(document(folder, content), TextSettings()).text


def refusal(media: MediaFile, **limits: float) -> ErrorCode:
    with pytest.raises(InputError) as caught:
        read_document(media, TextSettings(**limits))
    return caught.value.code


def test_paragraphs_are_read_in_order_when_a_document_has_several(tmp_path: Path) -> None:
    read = read_document(document(tmp_path, make_docx(["First.", "Then & <after>."])), TextSettings())

    assert (read.text.split("\n\n"), read.pages, read.encoding) == (
        ["First.", "Then & <after>.", ""],
        None,
        None,
    )


def test_cells_stand_between_their_neighbours_when_a_document_has_a_table(tmp_path: Path) -> None:
    def paragraph(text: str) -> str:
        return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"

    row = f"<w:tr><w:tc>{paragraph('left')}</w:tc><w:tc>{paragraph('right')}</w:tc></w:tr>"
    body = f"{paragraph('before')}<w:tbl>{row}</w:tbl>{paragraph('after')}"

    assert text_of(tmp_path, docx_of(body)).split() == ["before", "left", "right", "after"]


def test_only_the_authors_words_are_read_when_a_document_was_revised(tmp_path: Path) -> None:
    body = (
        '<w:p><w:pPr><w:tabs><w:tab w:pos="1"/></w:tabs></w:pPr><w:r><w:t xml:space="preserve">I </w:t></w:r>'
        "<w:del><w:r><w:delText>hate</w:delText></w:r></w:del><w:ins><w:r><w:t>love</w:t></w:r></w:ins>"
        "<w:moveFrom><w:r><w:t>gone</w:t></w:r></w:moveFrom><w:r><w:tab/><w:t>work</w:t><w:br/></w:r>"
        "<w:r><w:instrText>INCLUDETEXT secret</w:instrText><w:t>well</w:t></w:r></w:p>"
    )

    assert text_of(tmp_path, docx_of(body)) == "I love\twork\nwell\n\n"


def test_a_text_box_is_read_once_when_it_is_there_twice(tmp_path: Path) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>"
    body = (
        f"<w:p><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )

    assert text_of(tmp_path, docx_of(body)).split() == ["boxed"]


def test_nothing_outside_is_opened_when_a_document_points_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    outside = (
        f'<Relationship Id="rId2" TargetMode="External" Target="file://{tmp_path}/secret.txt"'
        ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"/>'
    )

    assert text_of(tmp_path, make_docx(["Mine alone."], relationships=outside)).strip() == "Mine alone."


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (make_docx(["", "  "]), ErrorCode.NO_TEXT),
        (make_docx(["Words."])[:-30], ErrorCode.MEDIA_CORRUPT),
        (docx_of("<w:p><w:r><w:t>open"), ErrorCode.MEDIA_CORRUPT),
        (b"no archive at all", ErrorCode.MEDIA_CORRUPT),
        (make_docx(["&"], prologue=BILLION_LAUGHS), ErrorCode.MEDIA_CORRUPT),
        (make_docx(["a"], main_type=SPREADSHEET), ErrorCode.MEDIA_UNSUPPORTED),
        (make_docx(["a"], main_type=MACROS), ErrorCode.MEDIA_UNSUPPORTED),
        (make_zip({"photo.jpg": b"\xff\xd8\xff"}), ErrorCode.MEDIA_UNSUPPORTED),
        (make_ole("WordDocument", "1Table"), ErrorCode.MEDIA_UNSUPPORTED),
        (make_ole("EncryptionInfo", "EncryptedPackage"), ErrorCode.DOCUMENT_ENCRYPTED),
    ],
    ids=["blank", "cut", "unclosed", "no zip", "entities", "xlsx", "macros", "zip", "doc", "password"],
)
def test_document_is_refused_when_it_cannot_be_read(tmp_path: Path, content: bytes, code: ErrorCode) -> None:
    assert refusal(document(tmp_path, content)) is code


def test_macros_are_refused_when_the_type_hides_them(tmp_path: Path) -> None:
    hidden = docx_of("", main_type=WORD_MAIN, extra_parts={"word/vbaProject.bin": b"\0"})

    assert refusal(document(tmp_path, hidden)) is ErrorCode.MEDIA_UNSUPPORTED


@pytest.mark.parametrize("body", ["<w:bookmarkStart/>" * 1_500_000, "<w:r>" * 2_000], ids=["wide", "deep"])
def test_document_is_refused_in_bounded_memory_when_it_is_a_bomb(tmp_path: Path, body: str) -> None:
    bomb = docx_of(body)
    assert len(bomb) < 250_000

    assert (
        refusal(document(tmp_path, bomb), document_memory_bytes=96 * 2**20) is ErrorCode.DOCUMENT_TOO_COMPLEX
    )


def test_document_is_refused_when_it_has_too_many_characters(tmp_path: Path) -> None:
    assert (
        refusal(document(tmp_path, make_docx(["word " * 50])), max_characters=100) is ErrorCode.MEDIA_TOO_LONG
    )


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"{\\rtf1\\ansi words}", RTF),
        (b"{\\rtf1\\ansi words}", "text/plain"),
        (make_zip({"mimetype": ODT.encode()}), ODT),
        (make_ole("WordDocument"), OLE),
        (make_ole("WordDocument"), "text/plain"),
    ],
)
def test_reason_says_what_to_do_when_a_format_is_not_read(
    tmp_path: Path, content: bytes, content_type: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_document(document(tmp_path, content, content_type), TextSettings())
    assert caught.value.code is ErrorCode.MEDIA_UNSUPPORTED
    assert "save it as .docx" in caught.value.reason.lower()


def test_word_document_is_recognised_when_only_its_beginning_is_seen() -> None:
    assert sniff(make_docx(["a"])[:4096]) == DOCX


def test_document_is_read_when_its_path_is_not_ascii(tmp_path: Path) -> None:
    folder = tmp_path / "Lebensläufe 履歴書"
    folder.mkdir()

    assert text_of(folder, make_docx(["Still found."])).strip() == "Still found."


def test_reader_answers_or_refuses_when_bytes_of_a_document_are_flipped(tmp_path: Path) -> None:
    chance = random.Random(0)
    outcomes = set()
    for _ in range(16):
        content = bytearray(make_docx([f"Sentence number {n}." for n in range(40)]))
        for _ in range(chance.choice((1, 3, 20))):
            content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            outcomes.add(text_of(tmp_path, bytes(content))[:8])
        except InputError as fault:
            outcomes.add(fault.code)

    assert ErrorCode.MEDIA_CORRUPT in outcomes
    assert outcomes <= {
        "Sentence",
        ErrorCode.MEDIA_CORRUPT,
        ErrorCode.MEDIA_UNSUPPORTED,
        "document_encrypted",
    }
