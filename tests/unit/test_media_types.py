"""The sniffer believes bytes only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.contracts.labels import MediaKind
from services.common.media.text_encoding import detect_wide_encoding
from services.common.media.types import ACCEPTED, CONTAINER, DOCX, HEAD_BYTES, ODT, infer_media_kind, sniff
from tests.media_text import zip_entry


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00", "video/quicktime"),
        (b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00", "audio/mp4"),
        (b"\x00\x00\x00\x18ftyp3gp5", "video/mp4"),
        (b"\x00\x00\x0f\xffmoov", "video/quicktime"),
        (
            b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm",
            "video/webm",
        ),
        (b"\x1a\x45\xdf\xa3\xa3B\x82\x88matroska", "video/x-matroska"),
        (b"\x00\x00\x01\xba\x21\x00\x01\x00", "video/mpeg"),
        (b"RIFF\x24\x00\x00\x00AVI LIST", "video/x-msvideo"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"FORM\x00\x00\x00\x00AIFF", "audio/aiff"),
        (b"fLaC\x00\x00\x00\x22", "audio/flac"),
        (b"ID3\x04\x00\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"OggS" + bytes(24) + b"\x01OpusHead", "audio/ogg"),
        (b"OggS" + bytes(24) + b"\x80theora", "video/ogg"),
        ((b"G" + bytes(187)) * 4, "video/mp2t"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\n\n%PDF-1.4", "application/pdf"),
        (b"\x04\x01%PDF-1.4", "application/pdf"),
        (b"I'm free to say that", "text/plain"),
        (b"I like to read. ", "text/plain"),
        ("Ich lese gern – abends.".encode(), "text/plain"),
        ("Ich lese gern".encode("utf-16"), "text/plain"),
        ("Das schöne Café".encode("cp1252"), "text/plain"),
        ("Ich lese gern".encode("utf-16-le"), "text/plain"),
        ("Ich lese gern".encode("utf-32-be"), "text/plain"),
        (zip_entry(b"[Content_Types].xml") + zip_entry(b"word/document.xml"), DOCX),
        (zip_entry(b"_rels/.rels") + zip_entry(b"docProps/app.xml"), DOCX),
    ],
)
def test_the_type_is_found_when_the_signature_is_there(head: bytes, media_type: str) -> None:
    assert sniff(head) == media_type


@pytest.mark.parametrize(
    "head",
    [
        bytes(64),
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"\x89PNG\r\n\x1a\n",
        b"PK\x03\x04\x14\x00",
        zip_entry(b"[Content_Types].xml") + zip_entry(b"xl/workbook.xml"),
        zip_entry(b"[Content_Types].xml") + zip_entry(b"ppt/presentation.xml"),
        zip_entry(b"holiday/photo.jpg"),
        zip_entry(b"mimetype", ODT.encode()),
        b"\x7fELF\x02\x01\x01",
        b"MZ\x90\x00",
        b"RIFF\x24\x00\x00\x00WEBPVP8 ",
        b"<!DOCTYPE html><html>",
    ],
)
def test_no_kind_takes_it_when_the_bytes_are_of_no_accepted_type(head: bytes) -> None:
    assert infer_media_kind(sniff(head)) is None


def test_text_is_recognised_when_the_head_cuts_a_character_in_two() -> None:
    text = ("é" * HEAD_BYTES).encode()
    assert sniff(b"x" + text[: HEAD_BYTES - 2]) == "text/plain"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encoding_is_found_when_text_carries_no_mark(encoding: str) -> None:
    assert detect_wide_encoding("I would say – “yes”.".encode(encoding)) == encoding


@pytest.mark.parametrize(
    "content", [b"", b"\0\0", b"plain words", bytes(64), bytes(range(256)), b"a\0b\0\0c"]
)
def test_no_wide_encoding_is_found_when_bytes_are_something_else(content: bytes) -> None:
    assert detect_wide_encoding(content) is None


@given(st.binary(max_size=600))
def test_an_accepted_type_has_a_kind_that_takes_it_when_bytes_are_arbitrary(head: bytes) -> None:
    media_type = sniff(head)
    kind = infer_media_kind(media_type)
    assert (kind is None) == (media_type not in CONTAINER)
    assert kind is None or media_type in ACCEPTED[kind]


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("video/webm", MediaKind.VIDEO),
        ("audio/wav", MediaKind.AUDIO),
        ("application/pdf", MediaKind.DOCUMENT),
    ],
)
def test_the_kind_follows_when_nobody_said_it(media_type: str, kind: MediaKind) -> None:
    assert infer_media_kind(media_type) is kind
    assert media_type in ACCEPTED[kind]
