import random
from pathlib import Path

import pytest

from services.common.contracts.labels import MediaKind
from services.common.contracts.results import ErrorCode
from services.common.errors import InputError
from services.common.media.files import MediaFile
from services.text.documents import read_document
from services.text.plain_text import decode_text
from services.text.settings import TextSettings
from tests.cpu_time import cpu_of_children_s
from tests.media_text import ENGLISH, make_bomb_pdf, make_encrypted_pdf, make_pdf

PDF = "application/pdf"
TXT = "text/plain"


def document(folder: Path, content: bytes, content_type: str = PDF) -> MediaFile:
    path = folder / "object"
    path.write_bytes(content)
    return MediaFile(path=path, kind=MediaKind.DOCUMENT, content_type=content_type)


def refusal(media: MediaFile, **limits: float) -> ErrorCode:
    with pytest.raises(InputError) as caught:
        read_document(media, TextSettings(**limits))
    return caught.value.code


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("utf-16-le", "utf-16-le"),
        ("utf-32-be", "utf-32-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_text_is_decoded_when_its_encoding_must_be_detected(encoding: str, name: str) -> None:
    text = "The café’s naïve owner said “yes”."

    assert decode_text(text.encode(encoding)) == (text, name)


def test_latin_1_is_decoded_when_windows_1252_has_no_such_character() -> None:
    assert decode_text(b"caf\xe9 \x81 and so on, for a while, and then some more text after it") == (
        "café \x81 and so on, for a while, and then some more text after it",
        "latin-1",
    )


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Я два года работал в небольшой команде. Мне нравится помогать людям.", "cp1251"),
        ("Я два года работал в небольшой команде. Мне нравится помогать людям.", "koi8_r"),
        ("私は小さなチームで二年間働きました。一番好きなのは人を助けることです。", "cp932"),
        ("我在一个小团队里工作了两年。我最喜欢的是帮助别人。", "gb18030"),
        ("عملت لمدة سنتين في فريق صغير. أكثر ما أحبه هو مساعدة الآخرين.", "cp1256"),
    ],
)
def test_code_page_is_guessed_when_most_letters_are_not_latin(text: str, encoding: str) -> None:
    assert decode_text(text.encode(encoding)) == (text, encoding)


def test_code_page_is_guessed_from_a_sample_when_a_file_is_long() -> None:
    text = "私は小さなチームで二年間働きました。\n" * 2000

    assert decode_text(text.encode("cp932"))[0] == text


@pytest.mark.parametrize("text", ["\U0001f468\u200d\U0001f469 " * 20, "\u202bعملت\u202c", "می\u200cخواهم"])
def test_invisible_marks_are_kept_when_writing_needs_them(text: str) -> None:
    assert decode_text(text.encode()) == (text, "utf-8")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_lone_surrogate_is_replaced_when_a_file_holds_one(encoding: str) -> None:
    content = "half a pair: \ud83d and on".encode(encoding, "surrogatepass")

    assert decode_text(content)[0] == "half a pair: \ufffd and on"


@pytest.mark.parametrize("content", [b"\x00\x01\x02\x03" * 50, b"\xff\xfe\x00", bytes(range(256)) * 4])
def test_bytes_are_refused_when_they_are_no_text(content: bytes) -> None:
    with pytest.raises(InputError) as caught:
        decode_text(content)
    assert caught.value.code is ErrorCode.MEDIA_CORRUPT


def test_all_pages_are_read_when_a_pdf_has_several(tmp_path: Path) -> None:
    read = read_document(document(tmp_path, make_pdf(["First page.", "Second (page)."])), TextSettings())

    assert read.text.split() == ["First", "page.", "Second", "(page)."]
    assert (read.pages, read.encoding) == (2, None)


def test_text_is_read_when_a_pdf_claims_to_be_plain_text(tmp_path: Path) -> None:
    read = read_document(document(tmp_path, make_pdf([ENGLISH], compress=True), TXT), TextSettings())

    assert read.text.startswith("I grew up")


def test_pypdf_reads_on_when_pdfium_finds_no_catalogue(tmp_path: Path) -> None:
    broken = make_pdf(["Still here."]).replace(b"/Type /Catalog", b"/Type /Ctalogue")

    assert read_document(document(tmp_path, broken), TextSettings()).text.strip() == "Still here."


def test_pdf_is_refused_when_it_needs_a_password(tmp_path: Path) -> None:
    media = document(tmp_path, make_encrypted_pdf(ENGLISH, password="secret"))

    assert refusal(media) is ErrorCode.DOCUMENT_ENCRYPTED


def test_pdf_is_read_when_its_password_only_restricts_printing(tmp_path: Path) -> None:
    media = document(tmp_path, make_encrypted_pdf("Open to all.", password=""))

    assert read_document(media, TextSettings()).text.strip() == "Open to all."


def test_pdf_is_refused_when_it_has_no_text(tmp_path: Path) -> None:
    assert refusal(document(tmp_path, make_pdf(["", ""]))) is ErrorCode.NO_TEXT


@pytest.mark.parametrize("content_type", [PDF, TXT])
def test_document_is_refused_when_it_is_empty(tmp_path: Path, content_type: str) -> None:
    assert refusal(document(tmp_path, b"", content_type)) is ErrorCode.MEDIA_EMPTY


def test_text_is_refused_when_it_is_blank(tmp_path: Path) -> None:
    assert refusal(document(tmp_path, b" \n\t\n ", TXT)) is ErrorCode.NO_TEXT


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n" + b"\x93\x01garbage" * 500,
        make_pdf([ENGLISH])[:180],
        b"MZ\x90\x00" * 100,
    ],
    ids=["garbage", "truncated", "not a PDF"],
)
def test_pdf_is_refused_when_it_is_corrupt(tmp_path: Path, content: bytes) -> None:
    assert refusal(document(tmp_path, content)) is ErrorCode.MEDIA_CORRUPT


def test_pdf_is_refused_in_time_when_it_is_a_bomb(tmp_path: Path) -> None:
    media = document(tmp_path, make_bomb_pdf(size_bytes=400_000_000))
    before_s = cpu_of_children_s()

    code = refusal(media, document_time_limit_s=2.0)

    assert code is ErrorCode.DOCUMENT_TOO_COMPLEX
    assert cpu_of_children_s() - before_s < 5.0


def test_pdf_is_refused_when_memory_does_not_suffice(tmp_path: Path) -> None:
    media = document(tmp_path, make_bomb_pdf(size_bytes=200_000_000))

    code = refusal(media, document_memory_bytes=160 * 1024 * 1024)

    assert code is ErrorCode.DOCUMENT_TOO_COMPLEX


def test_pdf_is_refused_when_it_has_too_many_pages(tmp_path: Path) -> None:
    assert refusal(document(tmp_path, make_pdf(["a"] * 5)), max_pages=4) is ErrorCode.MEDIA_TOO_LONG


@pytest.mark.parametrize("content_type", [PDF, TXT])
def test_document_is_refused_when_it_has_too_many_characters(tmp_path: Path, content_type: str) -> None:
    content = make_pdf([ENGLISH]) if content_type == PDF else ENGLISH.encode()

    assert refusal(document(tmp_path, content, content_type), max_characters=50) is ErrorCode.MEDIA_TOO_LONG


def test_document_is_refused_when_its_type_is_not_read(tmp_path: Path) -> None:
    assert refusal(document(tmp_path, b"PK\x03\x04", "application/zip")) is ErrorCode.MEDIA_UNSUPPORTED


def test_sound_is_refused_when_it_comes_as_text(tmp_path: Path) -> None:
    path = tmp_path / "object"
    path.write_bytes(b"fLaC")

    media = MediaFile(path=path, kind=MediaKind.AUDIO, content_type="audio/flac")
    assert refusal(media) is ErrorCode.MEDIA_UNSUPPORTED


def test_typed_text_stays_text_when_it_looks_like_a_pdf(tmp_path: Path) -> None:
    path = tmp_path / "object"
    path.write_bytes(b"%PDF- is how such a file begins")

    media = MediaFile(path=path, kind=MediaKind.TEXT, content_type=TXT)
    assert read_document(media, TextSettings()).text == "%PDF- is how such a file begins"


def test_reader_answers_or_refuses_when_bytes_of_a_pdf_are_flipped(tmp_path: Path) -> None:
    chance = random.Random(0)
    outcomes = set()
    for _ in range(12):
        content = bytearray(make_pdf([ENGLISH], compress=True))
        for _ in range(chance.choice((1, 5, 30))):
            content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            read_document(document(tmp_path, bytes(content)), TextSettings())
            outcomes.add("read")
        except InputError as fault:
            outcomes.add(fault.code)

    assert {"read", ErrorCode.MEDIA_CORRUPT} <= outcomes
